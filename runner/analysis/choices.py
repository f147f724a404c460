"""Which variant's factors the best model takes: decided on validation data only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from runner.analysis.compare import tied_with_top
from runner.analysis.kept_choices import remembered
from runner.analysis.spread import ALPHA
from runner.errors import InputError
from runner.plan.entries import ChooseEntry
from runner.plan.practice import check_parameters
from runner.plan.variants import Variant
from runner.results.finished import Finished
from runner.results.study import Choice


def decide(entry: ChooseEntry, finished: Mapping[str, Finished]) -> Choice:
    """The choice among those of ``entry`` that are finished, with validation accuracies; or no winner."""
    there = [finished[name] for name in entry.among if name in finished and _has_accuracy(finished[name])]
    top, tied = remembered(there, ALPHA, partial(tied_with_top, there, ALPHA)) if there else (None, ())
    winner = next((name for name in entry.among if name in tied), None)
    return Choice(entry.label, entry.parameters, entry.among, winner, top, tuple(tied), entry.reason)


def resolve(variant: Variant, finished: Mapping[str, Finished]) -> dict[str, Any]:
    """The variant's parameters with each choice's winner put in.

    Raises InputError if the winners' values don't go together, or nothing finished can win.
    """
    values = dict(variant.parameters)
    for entry in variant.choose:
        winner = decide(entry, finished).winner
        if winner is None and any(name in finished for name in entry.among):
            what = f"none of {', '.join(entry.among)} left scores of 'accuracy' on 'validation'"
            raise InputError(what, where=f"choices of '{variant.name}'")
        if winner is not None:
            taken = finished[winner].result.parameters
            values |= {name: taken[name] for name in entry.parameters}
    if not variant.choose:
        return values
    return check_parameters(variant.practice, values, f"choices of '{variant.name}'")


def _has_accuracy(candidate: Finished) -> bool:
    return candidate.has_scores("validation", "accuracy")
