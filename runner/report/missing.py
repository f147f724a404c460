"""What stands in the report where a result should be."""

from __future__ import annotations

from markupsafe import Markup

from runner.language.i18n import tr
from runner.results.reasons import Reason, reason_words


def notice(label: str, reason: Reason) -> Markup:
    """The notice in place of one variant's results."""
    return Markup('<aside class="notice missing"><p><strong>{}</strong>: {}.</p></aside>').format(
        tr("Falta «{label}»", label=label), reason_words(reason).rstrip(".")
    )
