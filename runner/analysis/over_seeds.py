"""Statistics over seeds: a variant's mean and spread, and the paired comparison of two variants.

Runs of the same repetition share their seed, and with it the split: the difference of two variants is taken
within each repetition. Formulas are scipy's. A difference is one of the recipes only if the sign-flip test
over the seeds and the interval of their mean both say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from runner.analysis import compare as analysis
from runner.analysis.compare import Comparison
from runner.analysis.intervals import Interval, split_accuracy
from runner.analysis.kept_statistics import kept
from runner.analysis.paired_tests import differences_test, is_constant
from runner.analysis.spread import ALPHA, RESAMPLES, SeedDifferences, Spread, differences_spread
from runner.plan.records import MARGINS, Margin, repetition
from runner.results.finished import Finished, WhichEpoch
from runner.results.scores import CaseScores, Metric, Split
from runner.results.study import Study

Runs = Sequence[tuple[Finished, Finished]]  # variant and reference, a pair a seed


@dataclass(frozen=True)
class OverSeeds:
    """One measure over ``n`` seeds: mean, standard deviation (None for one seed), least and greatest.

    ``low`` and ``high`` are Student's 95 % interval of the mean (both the mean for one seed).
    """

    mean: float
    std: float | None
    n: int
    least: float
    greatest: float
    low: float
    high: float


def over_seeds(values: Sequence[float]) -> OverSeeds:
    """Summary of one value a seed."""
    array = np.asarray(values, dtype=np.float64)
    interval = student(array)
    return OverSeeds(
        mean=interval.value,
        std=float(array.std(ddof=1)) if len(array) > 1 else None,
        n=len(array),
        least=float(array.min()),
        greatest=float(array.max()),
        low=interval.low,
        high=interval.high,
    )


def student(values: np.ndarray) -> Interval:
    """Mean of ``values`` (n,) with Student's 95 % interval; no width where nothing varies."""
    mean = float(values.mean())
    if len(values) < 2 or is_constant(values):
        return Interval(mean, mean, mean)
    return Interval(mean, *_student(values, ALPHA))


@kept
def _student(values: np.ndarray, alpha: float) -> tuple[float, float]:
    """Student's interval of level 1 - ``alpha`` (scipy)."""
    from scipy.stats import ttest_1samp

    found = ttest_1samp(values, 0.0).confidence_interval(1 - alpha)
    return float(found.low), float(found.high)


def validation_accuracy(study: Study, name: str) -> Interval:
    """Wilson's interval of the one run; with several seeds their mean with Student's interval."""
    runs = [study.get(run) for run in study.runs(name)]
    if len(runs) == 1:
        return split_accuracy(runs[0], "validation")
    return student(np.array([run.scores("validation", "accuracy").values.mean() for run in runs]))


def knows_best(study: Study, names: Iterable[str]) -> bool:
    """Whether all the finished runs of some variants measured their best epoch."""
    return all(study.get(run).knows_best for name in names for run in study.runs(name))


def compared(
    study: Study,
    names: Sequence[str],
    reference: str,
    split: Split,
    metric: Metric,
    epoch: WhichEpoch = "last",
) -> tuple[Comparison, ...]:
    """Variants against a reference, corrected for their number: what every sentence and figure shows.

    At the best epoch each run has its own. What a question compares together is corrected together, also
    where fewer are asked for: a comparison has one verdict, wherever it is said.
    """
    together = _together(study, names, reference, split, metric, epoch)
    pairs = [paired_runs(study, name, reference) for name in together]
    found = compare_all(
        [[(ours.at(epoch), theirs.at(epoch)) for ours, theirs in runs] for runs in pairs],
        split,
        metric,
        study.margins,
    )
    return tuple(found[together.index(name)] for name in names)


def _together(
    study: Study, names: Sequence[str], reference: str, split: Split, metric: Metric, epoch: WhichEpoch
) -> tuple[str, ...]:
    """The variants that a question compares with the reference, if these are among them; else these alone."""

    def measured(name: str) -> bool:
        runs = [study.get(run) for run in study.runs(name)]
        known = epoch == "last" or knows_best(study, (name,))
        return known and all(run.has_scores(split, metric) for run in runs)

    for each in study.compare:
        group = study.available(name for name in study.group(each.group) if name != reference)
        if names and (each.reference or study.baseline) == reference and {*names} <= {*group}:
            return tuple(name for name in group if name in names or measured(name))
    return tuple(names)


def last_against_best(study: Study, name: str, split: Split, metric: Metric) -> Comparison:
    """A variant's final weights against those of its own best epoch, on the same cases."""
    runs = [study.get(run) for run in study.runs(name)]
    pairs = [(run.at("last"), run.at("best")) for run in runs]
    return compare(pairs, split, metric, study.margins)


def paired_runs(study: Study, variant: str, reference: str) -> Runs:
    """The finished runs of both variants with the same repetition, in order."""
    ours, theirs = (
        {repetition(name): study.get(name) for name in study.runs(each)} for each in (variant, reference)
    )
    return [(ours[number], theirs[number]) for number in sorted(ours.keys() & theirs.keys())]


def compare(
    runs: Runs, split: Split, metric: Metric, margins: Mapping[Metric, Margin] = MARGINS
) -> Comparison:
    """The variant against the reference; with one seed case by case, with more by the seeds.

    Sign-flip test of the seeds' differences, and the interval of their mean: see SeedDifferences. On the
    split ``test`` every seed sees the same cases, so these are tested as well: the larger p value counts,
    and the interval spans both. Raises RunnerError for scores that can't be compared.
    """
    if len(runs) == 1:
        return analysis.compare(*runs[0], split, metric, margins)
    pairs = [analysis.paired_scores(*pair, split, metric) for pair in runs]
    ours, theirs = (np.array([pair[place].values.mean() for pair in pairs]) for place in (0, 1))
    differences = ours - theirs
    p_value, test = sign_flip(differences), "permutación de signos por semillas"
    spreads: tuple[Spread, ...] = (SeedDifferences(tuple(map(float, differences))),)
    mean, difference = float(theirs.mean()), float(differences.mean())
    margin = analysis.margin_of(margins, metric, mean)
    enough = len(runs) >= analysis.seeds_needed(1)
    equivalent = enough and analysis.is_equivalent(differences, margin)
    if split == "test":
        first = [pair[0] for pair in pairs]
        analysis.refuse_unlike(f"{metric} on {split}", [run for run, _ in runs], first, metric)
        cases = _case_differences(pairs)
        spreads += (differences_spread(cases),)
        equivalent = equivalent and analysis.is_equivalent(cases, margin)
        p_value = max(p_value, differences_test(cases)[0])
        test = f"permutación de signos por semillas y t por {first[0].cases}"
    comparison = Comparison(
        variant=runs[0][0].result.variant,
        reference=runs[0][1].result.variant,
        split=split,
        metric=metric,
        better=pairs[0][0].better,
        value=float(ours.mean()),
        reference_value=mean,
        difference=difference,
        low=difference,
        high=difference,
        relative=difference / mean if mean else 0.0,
        p_value=p_value,
        p_adjusted=p_value,
        test=test,
        verdict="undecided",
        spreads=spreads,
        margin=margin,
        equivalent=equivalent,
        runs=tuple(run.result.variant for place in (0, 1) for run in (pair[place] for pair in runs)),
        needed=analysis.seeds_needed(1),
        epoch=runs[0][0].epoch,
    )
    return analysis.judged(comparison, ALPHA)


def compare_all(
    pairs: Sequence[Runs], split: Split, metric: Metric, margins: Mapping[Metric, Margin] = MARGINS
) -> tuple[Comparison, ...]:
    """Several comparisons, corrected for their number."""
    return analysis.holm([compare(each, split, metric, margins) for each in pairs])


def _case_differences(pairs: Sequence[tuple[CaseScores, CaseScores]]) -> np.ndarray:
    """Difference of each case, the mean over the seeds."""
    ours, theirs = (sum(pair[place].values for pair in pairs) for place in (0, 1))
    return np.asarray((ours - theirs) / len(pairs))


def sign_flip(differences: np.ndarray) -> float:
    """P value of the sign-flip permutation test of a mean of differences (n,), two-sided.

    Without a true difference each sign is as likely as the other, whatever the distribution: exact for up to
    14 seeds, from then on by RESAMPLES random signs. 1 if all are zero. Fisher 1935, The Design of
    Experiments.
    """
    return _sign_flip(differences, RESAMPLES) if differences.any() else 1.0


@kept
def _sign_flip(differences: np.ndarray, resamples: int) -> float:
    """The same of differences that are not all zero (scipy)."""
    from scipy.stats import permutation_test

    found = permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)
