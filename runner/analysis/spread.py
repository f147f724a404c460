"""How sure a mean difference is: its interval at any level, and the smallest that could have been shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from runner.analysis.kept_statistics import kept

ALPHA = 0.05  # of every test, and 1 minus the level of every interval
RESAMPLES = 20_000  # of what has no analytic interval: limits then vary by less than is printed
POWER = 0.8  # with which the smallest visible difference would have been seen
ROUNDING = 1e-9  # relative: values that differ by less are the same


@dataclass(frozen=True)
class Differences:
    """Student's paired interval: ``mean`` of ``n`` differences and its standard ``error``."""

    mean: float
    error: float
    n: int

    def limits(self, alpha: float) -> tuple[float, float]:
        """The interval of level 1 - ``alpha``, which leaves out 0 exactly where the paired t test does."""
        if not self.error:
            return self.mean, self.mean
        reach = quantile(1 - alpha / 2, self.n - 1) * self.error
        return self.mean - reach, self.mean + reach


@dataclass(frozen=True)
class HitPairs:
    """Two classifiers on the same cases: how often ``both`` are right, one alone, or ``neither``."""

    both: int
    ours: int
    theirs: int
    neither: int

    @property
    def n(self) -> int:
        """How many cases."""
        return self.both + self.ours + self.theirs + self.neither

    @property
    def error(self) -> float:
        """Standard error of the difference of the two shares."""
        squares = self.ours + self.theirs - (self.ours - self.theirs) ** 2 / self.n
        return math.sqrt(squares / (self.n - 1) / self.n)

    def limits(self, alpha: float) -> tuple[float, float]:
        """Newcombe's interval of level 1 - ``alpha`` for the difference of paired proportions.

        Method 10 (Wilson's intervals joined by phi with its correction for continuity) of Newcombe 1998,
        Statistics in Medicine 17, 2635-2650.
        """
        counts = self.both + self.ours, self.both + self.theirs
        first, second = (count / self.n for count in counts)
        (low1, high1), (low2, high2) = (wilson(count, self.n, alpha) for count in counts)
        phi, change = self._phi(), first - second

        def reach(a: float, b: float) -> float:
            return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

        low, high = reach(first - low1, high2 - second), reach(high1 - first, second - low2)
        return change - low, change + high

    def _phi(self) -> float:
        """Correlation of the two classifiers' hits, towards 0 by Newcombe's correction."""
        rows = (self.both + self.ours) * (self.theirs + self.neither)
        columns = (self.both + self.theirs) * (self.ours + self.neither)
        if not rows * columns:
            return 0.0
        product = self.both * self.neither - self.ours * self.theirs
        corrected = max(product - self.n / 2, 0) if product > 0 else product
        return corrected / math.sqrt(rows * columns)


@dataclass(frozen=True)
class SeedDifferences:
    """The differences of ``n`` seeds, at least 2, of which nobody knows the distribution."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many seeds."""
        return len(self.values)

    @property
    def error(self) -> float:
        """Standard error of their mean."""
        return differences_spread(np.array(self.values)).error

    def limits(self, alpha: float) -> tuple[float, float]:
        """From the lowest to the highest limit of the BCa bootstrap (scipy) and of Student's interval.

        BCa heeds skew (Efron 1987, Journal of the American Statistical Association 82, 171-185), but is too
        narrow for few values, where Student's is not (Hesterberg 2015, American Statistician 69, 371-386).
        """
        student = differences_spread(np.array(self.values))
        if not student.error:
            return student.limits(alpha)
        (low, high), (low2, high2) = student.limits(alpha), _bca(self.values, alpha, RESAMPLES)
        return min(low, low2), max(high, high2)


@lru_cache(maxsize=4096)  # each comparison is asked for in several sentences and figures
@kept
def _bca(values: tuple[float, ...], alpha: float, resamples: int) -> tuple[float, float]:
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        confidence_level=1 - alpha,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


Spread = Differences | HitPairs | SeedDifferences


def spread_of(ours: np.ndarray, theirs: np.ndarray) -> Spread:
    """That of the scores (n,) of two variants on the same cases, hits (all 0 or 1) or any numbers."""
    if all(((scores == 0) | (scores == 1)).all() for scores in (ours, theirs)):
        hit, other = ours > 0, theirs > 0
        counts = (hit & other, hit & ~other, ~hit & other, ~hit & ~other)
        return HitPairs(*(int(each.sum()) for each in counts))
    return differences_spread(ours - theirs)


def differences_spread(differences: np.ndarray) -> Differences:
    """That of differences (n,), n at least 2."""
    n, deviation = len(differences), float(differences.std(ddof=1))
    rounding = 1e-9 * float(np.abs(differences).max())
    return Differences(
        float(differences.mean()), deviation / math.sqrt(n) if deviation > rounding else 0.0, n
    )


def widest(spreads: Sequence[Spread], alpha: float) -> tuple[float, float]:
    """From the lowest to the highest limit of several intervals of the same difference."""
    lows, highs = zip(*(each.limits(alpha) for each in spreads), strict=True)
    return min(lows), max(highs)


def smallest_shown(spreads: Sequence[Spread], alpha: float) -> float:
    """The difference that tests at ``alpha`` on as many cases would have shown in 80 % of the tries.

    (t(1 - alpha/2) + t(0.8)) standard errors: Bloom 1995, Evaluation Review 19, 547-556.
    """

    def one(spread: Spread) -> float:
        freedom = spread.n - 1
        return (quantile(1 - alpha / 2, freedom) + quantile(POWER, freedom)) * spread.error

    return max(map(one, spreads))


@kept
def quantile(share: float, freedom: int) -> float:
    """Of Student's distribution (scipy)."""
    from scipy.stats import t

    return float(t.ppf(share, freedom))


@kept
def wilson(count: int, n: int, alpha: float) -> tuple[float, float]:
    """Wilson's interval of level 1 - ``alpha`` of a proportion (statsmodels)."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, alpha=alpha, method="wilson")
    return float(low), float(high)
