"""What is told of a draw: our own verdict, and what others say of the same trainings.

Each rule takes the runs, a pair a seed, and answers for the first recipe; None where it refuses so few.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from runner.analysis.compare import Verdict
from runner.analysis.over_seeds import compare
from runner.analysis.paired_tests import differences_test
from runner.analysis.spread import ALPHA
from runner.plan.records import MARGINS
from runner.results.finished import Finished
from runner.results.scores import CaseScores
from tests.benchmarks.verdicts.records import Cases, Kept
from tests.scored import result_of

METRICS = ("accuracy", "cross_entropy")
SURE = 0.95  # posterior probability from which the Bayesian test decides
DOMINANCE = 0.2  # violation ratio below which deep-significance's authors call one better
Answer = str | None


@dataclass(frozen=True)
class Run(Finished):
    """A kept training as our own statistics take it: scores of its cases, and nothing of its notebook."""

    cases: Mapping[str, Cases] = field(default_factory=dict)

    def scores(self, split: str, metric: str) -> CaseScores:
        """Hits or cross-entropies of one set, as of a classifier."""
        found = self.cases[split]
        if metric == "accuracy":
            return CaseScores(found.hits.astype(np.float64), "higher")
        return CaseScores(found.losses, "lower")


Runs = list[tuple[Run, Run]]


def run_of(kept: Kept, folder: Path) -> Run:
    """The run of a kept training; ``folder`` is where messages say that it is."""
    return Run(result_of(kept.training.name), kept.training.arrays(folder), cases=kept.cases)


def ours(runs: Runs, split: str, metric: str) -> Answer:
    """Our own conclusion, as reports give it for a comparison that stands alone."""
    return compare(runs, split, metric, MARGINS).conclusion


def larger_mean(runs: Runs, split: str, metric: str) -> Answer:
    """What a table of means shows: the larger one wins."""
    return directed(float(_gains(runs, split, metric).mean()), True)


def student(runs: Runs, split: str, metric: str) -> Answer:
    """Student's paired t test over the seeds, or over the images of one seed."""
    gains = _gains(runs, split, metric)
    return directed(float(gains.mean()), differences_test(gains)[0] < ALPHA)


def autorank(runs: Runs, split: str, metric: str) -> Answer:
    """Autorank's own choice of a test, of five rows or more."""
    import pandas as pd
    from autorank import autorank as ranked

    first, second = _rows(runs, split, metric)
    if len(first) < 5:
        return None
    with redirect_stdout(io.StringIO()):  # it prints its table
        found = ranked(pd.DataFrame({"first": first, "second": second}), alpha=ALPHA)
    ranks = found.rankdf["meanrank"]  # 1 is the best
    return directed(ranks["second"] - ranks["first"], found.pvalue < ALPHA)


def baycomp(runs: Runs, split: str, metric: str) -> Answer:
    """Baycomp's correlated t test without a region of equivalence."""
    from baycomp import two_on_single

    first, second = _rows(runs, split, metric)
    worse, better = two_on_single(second, first)
    return directed(better - worse, max(worse, better) > SURE)


def deep_significance(runs: Runs, split: str, metric: str) -> Answer:
    """Almost stochastic order of the seeds' means in either direction."""
    if len(runs) == 1:
        return None  # of ten thousand images its resampling takes minutes a pair
    from deepsig import aso

    first, second = _rows(runs, split, metric)
    for gain, (upper, lower) in ((1.0, (first, second)), (-1.0, (second, first))):
        if aso(upper, lower, seed=0, show_progress=False) < DOMINANCE:
            return directed(gain, True)
    return directed(0.0, False)


def directed(gain: float, shown: bool) -> Verdict:
    """Better or worse by the sign of the gain, if any is shown."""
    if not shown or not gain:
        return "undecided"
    return "better" if gain > 0 else "worse"


OTHERS: Mapping[str, Callable[[Runs, str, str], Answer]] = {
    "larger mean": larger_mean,
    "Student's t": student,
    "autorank": autorank,
    "baycomp": baycomp,
    "deep-significance": deep_significance,
}


def _rows(runs: Runs, split: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Both sides' scores, more is better: a mean a seed, or of one seed the cases' own."""
    found = [[run.scores(split, metric) for run in pair] for pair in runs]
    sign = 1.0 if found[0][0].better == "higher" else -1.0
    if len(runs) == 1:
        first, second = (sign * each.values for each in found[0])
        return first, second
    first, second = (sign * np.array([pair[side].values.mean() for pair in found]) for side in (0, 1))
    return first, second


def _gains(runs: Runs, split: str, metric: str) -> np.ndarray:
    first, second = _rows(runs, split, metric)
    return first - second
