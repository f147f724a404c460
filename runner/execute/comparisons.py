"""The comparisons that the practice's questions 9 to 12 make, against which reference."""

from __future__ import annotations

from runner.plan.records import Pair
from runner.results.study import Study

GROUPS = (  # question, group of variants, reference (empty: the plan's baseline)
    (9, "batch", ""),
    (10, "filters", "batch-256"),
    (11, "layers", "batch-256"),
    (12, "candidates", "c-adam"),
    (12, "best", ""),
)


def families(study: Study) -> tuple[tuple[Pair, ...], ...]:
    """Comparisons of finished variants, in the families within which p values are corrected."""
    found = []
    for question, group, given in GROUPS:
        reference = given or study.baseline
        names = study.available(name for name in study.group(group) if name != reference)
        if names and study.has(reference):
            found.append(tuple(Pair(question=question, variant=n, reference=reference) for n in names))
    return tuple(found)
