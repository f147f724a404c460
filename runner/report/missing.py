"""What stands in the report where a result should be, or where results can't be compared as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from runner.language.i18n import tr
from runner.results.reasons import Reason, reason_words


def notice(label: str, reason: Reason) -> Markup:
    """The notice in place of one variant's results."""
    return notices([(label, reason)])


def notices(lost: Iterable[tuple[str, Reason]]) -> Markup:
    """A notice for each reason, with the labels of all variants that are missing for it."""
    labels: dict[str, list[str]] = {}
    for label, reason in lost:
        labels.setdefault(reason_words(reason).rstrip("."), []).append(label)
    return Markup().join(_notice(each, words) for words, each in labels.items())


def _notice(labels: Sequence[str], words: str) -> Markup:
    if len(labels) == 1:
        text = '<aside class="notice missing"><p><strong>{}</strong>: {}.</p></aside>'
        return Markup(text).format(tr("Falta «{label}»", label=labels[0]), words)
    text = '<aside class="notice missing"><p><strong>{}</strong> ({}): {}.</p></aside>'
    return Markup(text).format(tr("Faltan"), words, "; ".join(labels))


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
