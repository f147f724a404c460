"""The ``unpack`` command: what is attached to a report as a folder, in which its notebook can be run.

As for ``verify``, the PDF may be anybody's: another process reads it, within the same limits, and writes only
where a report's attachments belong. Nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runner.errors import InputError, RunnerError
from runner.processes.helper import Helper, HelperEnded
from runner.processes.limits import Limits
from runner.verify.checks import prepare
from runner.verify.command import LIMITS
from runner.verify.parcel import check_attachments, open_report, unpack


def unpack_report(pdf: Path, folder: Path, limits: Limits = LIMITS) -> int:
    """Write the attachments below ``folder``, which is made, and must be empty if it is there.

    Raises InputError if it isn't, if ``pdf`` is no report whose attachments are those of its manifest, or if
    more than the ``limits`` would be needed to read it; nothing is written then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is there already, and not empty", where=str(folder), hint="name a new folder")
    try:
        with Helper(prepare, limits) as helper:
            count = next(helper.call(_write, pdf.absolute(), folder.absolute()))
    except (HelperEnded, MemoryError, ImportError) as error:  # the latter in very little memory
        raise InputError(f"to read it needs more than {limits}", where=str(pdf)) from error
    print(f"wrote {count} files into {folder}; put the notebook there, and open it there")
    return 0


def _write(pdf: Path, folder: Path) -> Iterator[int]:
    """The number of files that were written."""
    parcel = open_report(pdf)
    if faults := check_attachments(parcel):
        raise InputError(f"its attachments are not as its manifest says: {faults[0]}", where=str(pdf))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unpack(parcel, folder)
    except OSError as error:
        raise RunnerError(str(error), where=str(folder)) from error
    yield len(parcel.manifest.files)
