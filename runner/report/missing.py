"""What stands in the report where a result should be, or where results can't be compared as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from runner.language.i18n import tr
from runner.results.reasons import Reason, reason_words


def notice(label: str, reason: Reason) -> Markup:
    """The notice in place of one variant's results."""
    return Markup('<aside class="notice missing"><p><strong>{}</strong>: {}.</p></aside>').format(
        tr("Falta «{label}»", label=label), reason_words(reason).rstrip(".")
    )


PRECISIONS = ("bfloat16", "float32")


def mixed_notice(labels: Mapping[str, Sequence[str]]) -> Markup:
    """The notice where variants of unlike precision are compared; ``labels`` of those of each."""
    faster, usual = (", ".join(labels[precision]) for precision in PRECISIONS)
    text = tr(
        "en bfloat16, {faster}; en float32, {usual}. Lo que las separa es también la precisión, "
        "y no solo lo que se compara.",
        faster=faster,
        usual=usual,
    )
    return Markup('<aside class="notice"><p><strong>{}</strong>: {}</p></aside>').format(
        tr("Precisiones distintas"), text
    )
