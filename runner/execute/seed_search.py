"""``--seeds auto``: further seeds only for comparisons that are open, within a budget of time.

Open is what the first seed leaves undecided on validation images; the test set takes no part. An open
comparison gets as many seeds as its test needs, all at once, and is tested once, with all of them: whoever
looks after each seed and stops when a difference shows, shows too many (Armitage, McPherson and Rowe 1969,
Journal of the Royal Statistical Society A 132, 235-244). That the first seed decides what is repeated changes
no error: it goes by the size of a difference, which the sign-flip test takes as given, not by its sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

from runner.analysis import over_seeds
from runner.analysis.loading import load_study
from runner.execute.comparisons import families
from runner.execute.state import Workspace
from runner.plan.records import Pair, Seeds, SeedSearch, origin
from runner.plan.seeds import with_seeds
from runner.plan.variants import Plan, Variant
from runner.results.reasons import Reason
from runner.results.scores import Metric
from runner.results.study import Study

METRICS: tuple[Metric, ...] = ("accuracy", "cross_entropy")

Stop = Literal["decided", "most", "budget", "interrupted"]
Execute = Callable[[Workspace, Sequence[Variant]], Mapping[str, Reason]]


def is_due(seeds: Seeds, asked: bool) -> bool:
    """Whether to search: ``auto``, and asked for now or never ended; a plain run spends nothing again."""
    return seeds.auto and (asked or seeds.search is None or seeds.search.stopped == "interrupted")


def time_limit(budget: float | None, seeds: Seeds) -> float | None:
    """Seconds of the budget, or those of a search that goes on; None if there is no limit."""
    if budget is None:
        search = seeds.search
        return search.budget_seconds if search and search.stopped == "interrupted" else None
    return budget


def open_pairs(study: Study) -> dict[Pair, int]:
    """The comparisons that the first seed leaves undecided on validation data, and the seeds they need."""
    found: dict[Pair, int] = {}
    for family in families(study):
        for metric in METRICS:
            runs = [over_seeds.paired_runs(study, pair.variant, pair.reference)[:1] for pair in family]
            compared = over_seeds.compare_all(runs, "validation", metric)
            for pair, each in zip(family, compared, strict=True):
                if each.verdict == "undecided":
                    found[pair] = each.needed
    return found


@dataclass
class Search:
    """Seeds for open comparisons, the cheapest first, until all have theirs or the budget is spent."""

    plan: Plan
    build_dir: Path
    limit: float | None
    remember: Callable[[Plan], None]
    say: Callable[[str], None]
    began: float  # by the monotonic clock: the budget is of the whole run

    def __post_init__(self) -> None:
        self.failed: dict[str, Reason] = {}

    def run(self, execute: Execute) -> tuple[Plan, dict[str, Reason]]:
        """The plan with what was added to it, and the runs that failed, with their reasons."""
        while True:
            study = load_study(self.plan, self.build_dir)
            still = open_pairs(study)
            chosen, stopped = self._next(study, still)
            if stopped:
                self._note(self.plan.seeds.more, chosen, stopped)
                self.say(f"further seeds: {len(still)} comparisons open, stopped: {stopped}")
                return self.plan, self.failed
            more = raised(self.plan.seeds, {pair: still[pair] for pair in chosen})
            self._note(more, chosen, "interrupted")  # until it has ended
            workspace = Workspace(self.plan, self.build_dir)
            todo = [s.variant for s in workspace.states() if s.status == "pending"]
            each = (f"{still[pair]} for {pair.variant} and {pair.reference}" for pair in chosen)
            self.say(f"seeds: {', '.join(each)}")
            self.failed |= execute(workspace, todo)

    def _next(self, study: Study, still: Mapping[Pair, int]) -> tuple[tuple[Pair, ...], Stop | None]:
        """The comparisons to spend seeds on, the cheapest first, of those that fit whole; or why none."""
        if not still:
            return (), "decided"
        lost = {origin(name) for name in self.failed}  # another seed would hardly fare better
        left = [p for p in still if self._tried(p) < still[p] and not lost & {p.variant, p.reference}]
        if not left:
            return (), "most"
        chosen: list[Pair] = []
        for pair in sorted(left, key=lambda each: self._cost(study, {each: still[each]})):
            together = {each: still[each] for each in (*chosen, pair)}
            if self.limit is None or self._cost(study, together) <= self._seconds_left():
                chosen.append(pair)
        return tuple(chosen), None if chosen else "budget"

    def _tried(self, pair: Pair) -> int:
        return min(self.plan.seeds.of(pair.variant), self.plan.seeds.of(pair.reference))

    def _cost(self, study: Study, pairs: Mapping[Pair, int]) -> float:
        """Seconds of the new runs, as long as the first seed's took, one after the other."""
        more = raised(self.plan.seeds, pairs)
        new = {name: count - self.plan.seeds.of(name) for name, count in more.items()}
        return sum(study.get(name).result.wall_seconds * max(0, count) for name, count in new.items())

    def _seconds_left(self) -> float:
        return float("inf") if self.limit is None else self.limit - (monotonic() - self.began)

    def _note(self, more: Mapping[str, int], chosen: Sequence[Pair], stopped: Stop) -> None:
        """Put the seeds into the plan, and leave word of them for the commands to come."""
        before = self.plan.seeds.search
        pairs = dict.fromkeys([*(before.pairs if before else ()), *chosen])
        limit = self.limit if self.limit is not None else before.budget_seconds if before else None
        search = SeedSearch(budget_seconds=limit, pairs=tuple(pairs), stopped=stopped)
        seeds = self.plan.seeds.model_copy(update={"more": dict(more), "search": search})
        self.plan = with_seeds(self.plan, seeds)
        self.remember(self.plan)


def raised(seeds: Seeds, pairs: Mapping[Pair, int]) -> dict[str, int]:
    """How often each variant is trained once every comparison of ``pairs`` has its number of seeds."""
    more = dict(seeds.more)
    for pair, wanted in pairs.items():
        for name in (pair.variant, pair.reference):
            more[name] = max(seeds.of(name), more.get(name, 1), wanted)
    return more
