"""Whether a PDF is a report of this program at all, and of none newer than this one."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from packaging.version import Version

from runner import __version__
from runner.errors import InputError
from runner.report.attachments import MANIFEST
from runner.verify.parcel import Parcel

PROGRAM = "runner"  # among the versions that a manifest names


def refuse_foreign(parcel: Parcel) -> None:
    """Raise InputError for a PDF with nothing attached, and for one of a newer version of this program.

    What a newer one wrote is not looked at, but for its version: its records may have another form.
    """
    if not parcel.attached:
        hint = "give report.pdf as it was made: printing or merging it leaves the attachments out"
        raise InputError(
            "no report of this program: nothing is attached to it", where=str(parcel.path), hint=hint
        )
    newer = _newer(parcel.attached.get(MANIFEST, b""))
    if newer:
        what = f"made by version {newer} of this program, which is newer than this one ({__version__})"
        raise InputError(what, where=str(parcel.path), hint="update this program, or use that version")


def _newer(manifest: bytes) -> str:
    """The version that a manifest names, if it is a later one."""
    with suppress(ValueError, RecursionError, LookupError, TypeError, AttributeError):
        found: Any = json.loads(manifest)["made_with"].get(PROGRAM)
        if isinstance(found, str) and Version(found) > Version(__version__):
            return found
    return ""
