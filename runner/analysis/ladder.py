"""From the baseline to the best model: what each step did, and all that the statement asks for together.

All of it is compared on the seeds that every rung has, so that the steps add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.analysis import over_seeds
from runner.analysis.compare import Comparison
from runner.analysis.readings import Facts
from runner.plan.ladder import GROUP
from runner.plan.records import repetition
from runner.results.study import Rung, Study

CHANGES_NO_DIGIT = True  # of a training: see code_closure


@dataclass(frozen=True)
class Climb:
    """One step: the model ``name`` against the one before; no ``comparison`` where it changed nothing."""

    label: str
    name: str
    asked: bool
    comparison: Comparison | None


@dataclass(frozen=True)
class Ladder:
    """The steps whose models are there, by accuracy on the test set.

    ``asked`` is the last model of the steps that the statement asks for against the baseline, ``rest`` the
    best model against that one; None where one of them is missing. ``missing`` names the variants trained
    for steps alone that are not there; nothing is ``planned`` where the profile leaves them out. ``seeds`` is
    the number of seeds that all have, ``most`` the largest of any of them.
    """

    planned: bool
    base: str
    climbs: tuple[Climb, ...]
    asked: Comparison | None
    rest: Comparison | None
    missing: tuple[str, ...]
    seeds: int
    most: int

    @property
    def facts(self) -> Facts:
        """Whether it is there, what both parts of it did, and which seeds it is of."""
        return {
            "ladder": "there" if self.climbs else "missing" if self.planned else "left out",
            "asked": self.asked.verdict if self.asked else "unknown",
            "rest": self.rest.verdict if self.rest else "unknown",
            "seeds": "one of several" if self.seeds == 1 < self.most else "all",
        }


def ladder(study: Study) -> Ladder:
    """The reading of the study's ladder; no steps unless both its ends and one between them are there."""
    rungs, base, steps = study.ladder, study.baseline, study.group(GROUP)
    trained = [rung for rung in rungs if rung.name in steps]  # drafts leave them out
    there = [rung for rung in rungs if rung.name and study.has(rung.name)]
    missing = tuple(rung.name for rung in trained if not study.has(rung.name))
    between = [rung for rung in trained if study.has(rung.name)]
    whole = study.has(base) and bool(between) and there[-1] is rungs[-1]
    names = [base, *(rung.name for rung in there)] if whole else []
    last_asked = [rung for rung in rungs if rung.asked][-1:]
    split = last_asked[0].name if last_asked and last_asked[0] in there[:-1] else ""
    common = _common_seeds(study, names)
    asked, rest = (
        _compared(study, [(split, base), (rungs[-1].name, split)], common)
        if whole and split
        else (None, None)
    )
    return Ladder(
        planned=bool(trained),
        base=base,
        climbs=_climbs(study, there, common) if whole else (),
        asked=asked,
        rest=rest,
        missing=missing,
        seeds=len(common),
        most=max((len(study.runs(name)) for name in names), default=0),
    )


def _climbs(study: Study, rungs: Sequence[Rung], common: Sequence[int]) -> tuple[Climb, ...]:
    """Each rung against the one before, corrected for how many change anything."""
    before = [study.baseline, *(rung.name for rung in rungs[:-1])]
    changing = [
        (rung.name, other)
        for rung, other in zip(rungs, before, strict=True)
        if _differ(study, rung.name, other)
    ]
    found = dict(zip(changing, _compared(study, changing, common), strict=True))
    return tuple(
        Climb(rung.label, rung.name, rung.asked, found.get((rung.name, other)))
        for rung, other in zip(rungs, before, strict=True)
    )


def _differ(study: Study, name: str, other: str) -> bool:
    """Whether two variants were trained with other parameters."""
    return study.info(name).parameters != study.info(other).parameters


def _compared(
    study: Study, pairs: Sequence[tuple[str, str]], common: Sequence[int]
) -> tuple[Comparison, ...]:
    """Accuracy on the test set of the first of each pair against the second, corrected for their number."""
    runs = [
        [
            pair
            for pair in over_seeds.paired_runs(study, *each)
            if repetition(pair[0].result.variant) in common
        ]
        for each in pairs
    ]
    return over_seeds.compare_all(runs, "test", "accuracy")


def _common_seeds(study: Study, names: Sequence[str]) -> tuple[int, ...]:
    """The repetitions that all have."""
    found = [{repetition(run) for run in study.runs(name)} for name in names]
    return tuple(sorted(set.intersection(*found))) if found else ()
