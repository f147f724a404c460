"""What templates may ask about several seeds of one variant, each value with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runner.analysis import compare, over_seeds
from runner.analysis.spread import RESAMPLES
from runner.errors import RunnerError
from runner.report.claims.metric import call, record_at, value_at
from runner.report.claims.numbers import Measured
from runner.report.claims.traced import Traced
from runner.report.functions.registry import template_function
from runner.results.study import Study

PLAN = "experiments.toml"  # where what is no measurement comes from
TEST = "semillas (intervalo t)"


class SeedFacts:
    """Means, spreads and counts over seeds; ``read`` gives the value at a path of one run."""

    def __init__(self, study: Study, read: Callable[[str, str], Measured]) -> None:
        self.study, self.read = study, read

    @template_function()
    def seeds(self, variant: str) -> int:
        """How many seeds of a variant are finished, for conditions."""
        return len(self.study.runs(variant))

    @template_function()
    def most_seeds(self) -> int:
        """The largest number of seeds of any variant, for conditions."""
        first = (v.name for v in self.study.variants if v.kind == "training" and not v.repeats)
        return max(map(self.seeds, first), default=0)

    @template_function()
    def least_seeds(self) -> Measured:
        """With how many seeds a single comparison can show anything."""
        return Measured(compare.seeds_needed(1), PLAN, value_at("count of seeds that a test needs"))

    @template_function()
    def resamples(self) -> Measured:
        """How often seeds are drawn again for an interval."""
        return Measured(RESAMPLES, PLAN, value_at("resamples"))

    @template_function()
    def margin(self, metric: str) -> Measured:
        """Within which a difference of a metric is none, a share of its value if the plan says so."""
        if metric not in self.study.margins:
            known = ", ".join(self.study.margins)
            raise RunnerError(f"no margin of '{metric}'", where=PLAN, hint=f"there are: {known}")
        return Measured(self.study.margins[metric].size, PLAN, value_at(f"margins.{metric}"))

    @template_function()
    def mean(self, variant: str, path: str) -> Measured:
        """The value at ``path``: the mean over the seeds if there are several."""
        if self.seeds(variant) < 2:
            return self.read(variant, path)
        found = self.over(variant, path)
        return Measured(found.mean, found.variant, found.metric.part("mean"), found.test)

    @template_function()
    def shared_mean(self, variant: str, other: str, path: str) -> Measured:
        """The mean of ``variant`` at ``path`` over the seeds that ``other`` has as well, for a difference."""
        pairs = over_seeds.paired_runs(self.study, variant, other)
        runs = [ours.result.variant for ours, _ in pairs]
        if len(runs) == len(self.study.runs(variant)):
            return self.mean(variant, path)
        found = over_seeds.over_seeds([float(self.read(run, path).value) for run in runs])
        return Measured(found.mean, " ".join(runs), record_at(path).part("mean"), TEST)

    @template_function()
    def over(self, variant: str, path: str) -> Traced:
        """Mean, standard deviation, n and interval of the value at ``path`` over the seeds."""
        self.read(variant, path)  # a missing variant is said as ever
        runs = self.study.runs(variant)
        found = over_seeds.over_seeds([float(self.read(run, path).value) for run in runs])
        return Traced(found, " ".join(runs), record_at(path), TEST if len(runs) > 1 else "")

    @template_function()
    def gap_seeds(self, variant: str, split_a: str, split_b: str) -> Traced:
        """Loss of ``split_a`` minus that of ``split_b`` with the final weights, over the seeds."""
        runs = self.study.runs(variant)
        paths = [f"evaluation.{split}.cross_entropy" for split in (split_a, split_b)]
        losses = [[float(self.read(run, path).value) for path in paths] for run in runs]
        found = over_seeds.over_seeds([ours - theirs for ours, theirs in losses])
        return Traced(found, " ".join(runs), call("gap_seeds", split_a, split_b), TEST)

    @template_function()
    def search_runs(self, variants: Iterable[str]) -> tuple[str, ...]:
        """The finished repetitions of some variants, without the first runs."""
        return tuple(run for name in dict.fromkeys(variants) for run in self.study.runs(name)[1:])
