"""The comparisons that the questions make, as the experiments file lists them."""

from __future__ import annotations

from runner.plan.records import Pair
from runner.results.study import Study


def families(study: Study) -> tuple[tuple[Pair, ...], ...]:
    """Comparisons of finished variants, in the families within which p values are corrected."""
    found = []
    for question, group, given in study.compare:
        reference = given or study.baseline
        names = study.available(name for name in study.group(group) if name != reference)
        if names and study.has(reference):
            found.append(tuple(Pair(question=question, variant=n, reference=reference) for n in names))
    return tuple(found)
