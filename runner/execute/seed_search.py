"""``--seeds auto``: further seeds only for comparisons that are still open, within a budget of time.

Open is what the validation images and seeds so far leave undecided, or decide with little to spare. The test
set takes no part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

from runner.analysis import over_seeds
from runner.analysis.compare import Metric
from runner.analysis.loading import load_study
from runner.execute.comparisons import families
from runner.execute.state import Workspace
from runner.plan.records import Pair, Seeds, SeedSearch, origin
from runner.plan.seeds import with_seeds
from runner.plan.variants import Plan, Variant
from runner.results.reasons import Reason
from runner.results.study import Study

MOST_SEARCHED = 5  # seeds of one variant
CLEAR = 0.01  # an adjusted p value below this leaves room for the looks that a search takes
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


def open_pairs(study: Study) -> tuple[Pair, ...]:
    """The comparisons that are undecided, or nearly so, on validation data."""
    found: dict[Pair, None] = {}
    for family in families(study):
        for metric in METRICS:
            runs = [over_seeds.paired_runs(study, pair.variant, pair.reference) for pair in family]
            compared = over_seeds.compare_all(runs, "validation", metric)
            for pair, each in zip(family, compared, strict=True):
                if each.verdict == "undecided" or each.p_adjusted >= CLEAR:
                    found[pair] = None
    return tuple(found)


@dataclass
class Search:
    """Rounds of one further seed each, until nothing is open, the budget is spent, or seeds are enough."""

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
            self._note(raised(self.plan.seeds, chosen), chosen, "interrupted")  # until it has ended
            workspace = Workspace(self.plan, self.build_dir)
            todo = [s.variant for s in workspace.states() if s.status == "pending"]
            self.say("one more seed for " + ", ".join(f"{p.variant} and {p.reference}" for p in chosen))
            self.failed |= execute(workspace, todo)

    def _next(self, study: Study, still: Sequence[Pair]) -> tuple[tuple[Pair, ...], Stop | None]:
        """The comparisons to spend a seed on, those with the fewest first, then the cheapest; or why none."""
        if not still:
            return (), "decided"
        tried = {pair: min(self._tried(pair.variant), self._tried(pair.reference)) for pair in still}
        lost = {origin(name) for name in self.failed}  # another seed would hardly fare better
        left = [p for p in still if tried[p] < MOST_SEARCHED and not lost & {p.variant, p.reference}]
        if not left:
            return (), "most"
        fewest = [pair for pair in left if tried[pair] == min(tried[each] for each in left)]
        chosen: list[Pair] = []
        for pair in sorted(fewest, key=lambda each: self._cost(study, [each])):
            if self.limit is None or self._cost(study, [*chosen, pair]) <= self._seconds_left():
                chosen.append(pair)
        return tuple(chosen), None if chosen else "budget"

    def _tried(self, name: str) -> int:
        return self.plan.seeds.of(name)

    def _cost(self, study: Study, pairs: Sequence[Pair]) -> float:
        """Seconds of the new runs, as long as the first seed's took, one after the other."""
        more = raised(self.plan.seeds, pairs)
        new = [name for name in more if more[name] > self.plan.seeds.of(name)]
        return sum(study.get(name).result.wall_seconds for name in new)

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


def raised(seeds: Seeds, pairs: Sequence[Pair]) -> dict[str, int]:
    """How often each variant is trained once every comparison of ``pairs`` has one more seed."""
    more = dict(seeds.more)
    for pair in pairs:
        wanted = min(seeds.of(pair.variant), seeds.of(pair.reference)) + 1
        for name in (pair.variant, pair.reference):
            more[name] = max(seeds.of(name), more.get(name, 1), wanted)
    return more
