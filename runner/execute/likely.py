"""Parameters that a variant with choices will probably have, for its expected time before they are made.

Which variant wins can't be known; what matters for the time is what it costs. Of those that may still win,
the one of middle cost is assumed, and of two the costlier: with more time than expected nothing is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from runner.analysis.choices import resolve
from runner.plan.entries import ChooseEntry
from runner.plan.practice import Costs, costs_of
from runner.plan.variants import Plan, Variant
from runner.results.finished import Finished


def likely(
    variant: Variant, finished: Mapping[str, Finished], pending: Collection[str], plan: Plan
) -> dict[str, Any]:
    """The choices that are made, and for those that wait for one of ``pending`` what costs middling."""
    values, costs = resolve(variant, finished), costs_of(variant.practice)
    for entry in variant.choose if costs else ():
        if costs and any(name in pending for name in entry.among):
            values = _of_middle_cost(entry, values, plan, costs)
    return values


def _of_middle_cost(entry: ChooseEntry, values: dict[str, Any], plan: Plan, costs: Costs) -> dict[str, Any]:
    """``values`` with those of the candidate whose training would be of middle length."""
    possible = []
    for name in entry.among:
        theirs = plan.get(name).parameters
        changed = values | {key: theirs[key] for key in entry.parameters}
        try:
            possible.append((costs.seconds(changed, 1), changed))
        except ValueError:  # values that don't go together until another choice is made
            continue
    possible.sort(key=lambda each: each[0])
    return possible[len(possible) // 2][1] if possible else values
