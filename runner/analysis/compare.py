"""Comparisons of variants on the same cases, their verdicts, and the winner.

Pure functions of the records.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from runner.analysis.kept_statistics import kept
from runner.analysis.paired_tests import holm_adjusted, paired_test
from runner.analysis.spread import ALPHA, Spread, differences_spread, smallest_shown, spread_of, widest
from runner.errors import RunnerError
from runner.plan.records import MARGINS, Margin
from runner.results.finished import Finished, WhichEpoch
from runner.results.scores import Better, CaseScores, Metric, Split

Verdict = Literal["better", "worse", "undecided"]
Conclusion = Literal["better", "worse", "equivalent", "few", "undecided"]


@dataclass(frozen=True)
class Comparison:
    """One variant against a reference on the same cases (of a classifier, images).

    ``better`` is the direction of the metric. ``difference`` is value minus reference value, ``low`` and
    ``high`` its interval of 95 %, or of the level at which ``holm`` tests it, ``relative`` the difference
    over the reference value; ``verdict`` is of the variant. ``spreads`` are what the interval is made from.
    ``margin`` is what counts as no difference, None for metrics that have none, ``equivalent`` whether the
    difference is shown to be within it, and ``smallest`` the least difference that would have been shown
    in 80 % of such comparisons. ``runs`` names what was compared if that is more than one seed: the
    variant's runs, then the reference's. ``needed`` is how many seeds it takes for a difference of the
    recipes to be shown at all, beside the others that it is corrected with. ``epoch`` says which weights of
    both were compared: the final ones, or each one's best.
    """

    variant: str
    reference: str
    split: Split
    metric: Metric
    better: Better
    value: float
    reference_value: float
    difference: float
    low: float
    high: float
    relative: float
    p_value: float
    p_adjusted: float
    test: str
    verdict: Verdict
    spreads: tuple[Spread, ...] = field(default=(), repr=False)
    margin: float | None = None
    equivalent: bool = False
    smallest: float = 0.0
    runs: tuple[str, ...] = ()
    needed: int = 0
    epoch: WhichEpoch = "last"

    @property
    def conclusion(self) -> Conclusion:
        """The verdict; where no difference is shown, what is instead.

        ``equivalent`` if one within the margin is shown, ``few`` if so few seeds could have shown none.
        """
        if self.verdict != "undecided":
            return self.verdict
        if self.equivalent:
            return "equivalent"
        return "few" if 1 < self.n < self.needed else "undecided"

    @property
    def n(self) -> int:
        """How many seeds."""
        return max(1, len(self.runs) // 2)


def paired_scores(
    variant: Finished, reference: Finished, split: Split, metric: Metric
) -> tuple[CaseScores, CaseScores]:
    """Both variants' scores of the same cases.

    Raises RunnerError if they can't be read, or can't be of the same cases and metric.
    """
    ours, theirs = variant.scores(split, metric), reference.scores(split, metric)
    refuse_unlike(f"{metric} on {split}", (variant, reference), (ours, theirs), metric)
    return ours, theirs


def refuse_unlike(what: str, runs: Sequence[Finished], scores: Sequence[CaseScores], metric: Metric) -> None:
    """Raise RunnerError if runs have other numbers of cases than the last one, or another direction."""
    *_, last = scores
    for run, each in zip(runs, scores, strict=True):
        where, other = str(run.scores_path(metric)), runs[-1].result.variant
        if len(each.values) != len(last.values):
            counts = f"{len(each.values)} cases, but {len(last.values)} in '{other}'"
            hint = "only scores of the same cases can be compared"
            raise RunnerError(f"{what}: {counts}", where=where, hint=hint)
        if each.better != last.better:
            said = f"{each.better} is better here, {last.better} in '{other}'"
            raise RunnerError(f"{what}: {said}", where=where)


def compare(
    variant: Finished,
    reference: Finished,
    split: Split,
    metric: Metric,
    margins: Mapping[Metric, Margin] = MARGINS,
) -> Comparison:
    """The variant against the reference, case by case; p_adjusted is p_value until ``holm``.

    Intervals: Newcombe's of paired proportions for hits, else Student's of the differences. Raises
    RunnerError as ``paired_scores`` does.
    """
    pair = paired_scores(variant, reference, split, metric)
    ours, theirs = (each.values for each in pair)
    p_value, test = paired_test(ours, theirs)
    mean, difference = float(theirs.mean()), float((ours - theirs).mean())
    comparison = Comparison(
        variant=variant.result.variant,
        reference=reference.result.variant,
        split=split,
        metric=metric,
        better=pair[0].better,
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
        spreads=(spread_of(ours, theirs),),
        margin=(margin := margin_of(margins, metric, mean)),
        equivalent=is_equivalent(ours - theirs, margin),
        needed=seeds_needed(1),
        epoch=variant.epoch,
    )
    return judged(comparison, ALPHA)


def seeds_needed(tests: int) -> int:
    """The least seeds with which the sign-flip test can show a difference among so many comparisons.

    Its least p value is that of one sign in all of n seeds, 2 / 2^n, which Holm's first step multiplies by
    the number of comparisons.
    """
    return math.floor(math.log2(2 * tests / ALPHA)) + 1


def judged(comparison: Comparison, alpha: float) -> Comparison:
    """The comparison with interval, smallest difference and verdict from its spreads, tested at ``alpha``."""
    low, high = widest(comparison.spreads, alpha)
    smallest = smallest_shown(comparison.spreads, alpha)
    found = replace(comparison, low=low, high=high, smallest=smallest)
    return replace(found, verdict=verdict(found))


def margin_of(margins: Mapping[Metric, Margin], metric: Metric, reference_value: float) -> float | None:
    """Differences within this are none; None for a metric that no margin is given for."""
    found = margins.get(metric)
    if found is None:
        return None
    return found.size * abs(reference_value) if found.relative else found.size


def is_equivalent(differences: np.ndarray, margin: float | None) -> bool:
    """Whether two one-sided t tests show that the mean of differences (n,) is within margin.

    Where all are the same, which t would divide by nothing, as many must agree as a test of signs needs.
    Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.
    """
    if margin is None or not margin:
        return False
    if not differences_spread(differences).error:
        return bool(2 * 0.5 ** len(differences) < ALPHA and abs(differences.mean()) < margin)
    return _equivalence(differences, margin) < ALPHA


@kept
def _equivalence(differences: np.ndarray, margin: float) -> float:
    """P value of the two one-sided t tests (statsmodels)."""
    from statsmodels.stats.weightstats import ttost_paired

    return float(ttost_paired(differences, np.zeros_like(differences), -margin, margin)[0])


def verdict(comparison: Comparison) -> Verdict:
    """Better or worse only if the adjusted test and the interval both exclude no difference."""
    if comparison.p_adjusted >= ALPHA or comparison.low <= 0 <= comparison.high:
        return "undecided"
    higher = comparison.difference > 0
    return "better" if higher == (comparison.better == "higher") else "worse"


def holm(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same comparisons with Holm's correction for their number, and intervals and verdicts to match.

    Each interval is of the level at which Holm's steps test it (5 % over the number of comparisons left), so
    that Student's leaves out 0 exactly where the corrected p value is below 5 %. Holm 1979, Scandinavian
    Journal of Statistics 6, 65-70.
    """
    adjusted = holm_adjusted([c.p_value for c in comparisons])
    needed = seeds_needed(max(1, len(comparisons)))
    pairs = zip(comparisons, adjusted, strict=True)
    corrected = [replace(c, p_adjusted=p, needed=needed) for c, p in pairs]
    return tuple(judged(c, _level(c, len(corrected))) for c in corrected)


def _level(comparison: Comparison, tests: int) -> float:
    """The alpha at which Holm tests this one of so many."""
    if not comparison.p_adjusted:
        return ALPHA / tests
    return max(ALPHA / tests, ALPHA * comparison.p_value / comparison.p_adjusted)


def compare_all(
    variants: Sequence[Finished], reference: Finished, split: Split, metric: Metric
) -> tuple[Comparison, ...]:
    """Each variant against the reference, corrected for their number."""
    return holm([compare(variant, reference, split, metric) for variant in variants])


def tied_with_top(variants: Sequence[Finished], alpha: float = ALPHA) -> tuple[str, tuple[str, ...]]:
    """The name with the highest validation accuracy, and those not demonstrably below it.

    The paired test (McNemar's of hits) against the top, Holm's correction; the test set takes no part.
    """
    scores = {v.result.variant: v.scores("validation", "accuracy").values for v in variants}
    top = max(scores, key=lambda name: float(scores[name].mean()))
    others = [name for name in scores if name != top]
    p_values = holm_adjusted([paired_test(scores[name], scores[top])[0] for name in others])
    below = {name for name, p in zip(others, p_values, strict=True) if p < alpha}
    return top, tuple(name for name in scores if name not in below)
