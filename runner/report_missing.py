"""What stands in the report where a result should be."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from runner.errors import RunnerError
from runner.faults import tell
from runner.i18n import tr
from runner.reasons import reason_words
from runner.study import MissingVariant, Study


def notice(label: str, reason: str) -> Markup:
    """The notice in place of one variant's results."""
    return Markup('<aside class="notice missing"><p><strong>{}</strong>: {}.</p></aside>').format(
        tr("Falta «{label}»", label=label), reason_words(reason).rstrip(".")
    )


def unreadable(variant: str, error: RunnerError) -> MissingVariant:
    """A variant that ended well, but left a file that can't be used."""
    tell(error)
    file = f"{Path(error.where).name}: " if error.where else ""
    return MissingVariant(variant, f"el resultado no se puede leer: {file}{error.what}")


def unreadable_result(error: RunnerError, study: Study) -> MissingVariant | None:
    """The finished variant whose folder the error is in, as a missing one; None if it is elsewhere.

    Any other folder on the way may be called like a variant.
    """
    place = Path(error.where or "")
    for name, found in study.finished.items():
        if place.is_relative_to(found.folder):
            return unreadable(name, error)
    return None
