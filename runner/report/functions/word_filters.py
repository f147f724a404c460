"""The Jinja filters that put what results and metrics say into the reader's words; a template's own error."""

from __future__ import annotations

from typing import NoReturn

from runner.errors import RunnerError
from runner.language.i18n import tr
from runner.report.claims import evidence_words
from runner.report.claims.metric import Formula, Metric
from runner.report.functions.registry import template_filter, template_function
from runner.results import reasons
from runner.results.study import Study


class WordFilters:
    """The filters, for one study."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @template_filter()
    def translated(self, text: str) -> str:
        """A text of the program in the reader's language."""
        return tr(text)

    @template_filter()
    def reason_words(self, reason: str) -> str:
        """Why a variant is missing."""
        return reasons.reason_words(reason)

    @template_filter()
    def metric_words(self, metric: Metric | Formula) -> str:
        """What a claim measures; empty if there are no words for it."""
        return evidence_words.metric_words(metric, self.study.label)

    @template_filter()
    def field_words(self, metric: Metric | Formula) -> str:
        """Which part a value is of what its claim measures; empty if there are no words for it."""
        return evidence_words.field_words(metric)


@template_function()
def fail(reason: str) -> NoReturn:
    """Stop the build: a macro was called with what it can't print."""
    raise RunnerError(reason)
