"""What templates may ask about shares of different images, each value with its source."""

from __future__ import annotations

from runner.analysis import intervals
from runner.report.claims.metric import call
from runner.report.claims.traced import Traced
from runner.report.functions.registry import template_function
from runner.results.scores import Split
from runner.results.study import Study


class SetFacts:
    """Accuracy of one set against another's, and of one class."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @template_function()
    def accuracy_gap(self, variant: str, split_a: Split, split_b: Split) -> Traced:
        """Accuracy of ``split_a`` minus that of ``split_b``, with its interval."""
        found = intervals.accuracy_gap(self.study.get(variant), split_a, split_b)
        return Traced(found, variant, call("accuracy_gap", split_a, split_b), "intervalo de Newcombe")

    @template_function()
    def recall_interval(self, variant: str, name: str) -> Traced:
        """The share of a class's test images that were found, with its interval."""
        found = intervals.recall(self.study.get(variant), name)
        return Traced(found, variant, call("recall", name), "intervalo de Wilson")
