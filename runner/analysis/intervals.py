"""Values of one variant with their intervals, and differences of two sets of cases.

What compares two variants on the same cases is in ``compare``. Formulas are scipy's and statsmodels's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.analysis.kept_statistics import kept
from runner.analysis.spread import ALPHA, differences_spread, wilson
from runner.results.arrays import PredictedSet
from runner.results.finished import Finished
from runner.results.scores import Split, per_image_correct


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def accuracy_interval(correct: int, n: int) -> Interval:
    """Wilson's 95 % interval of a proportion."""
    return Interval(correct / n, *wilson(correct, n, ALPHA))


def mean_interval(values: np.ndarray) -> Interval:
    """Mean of ``values`` (n,) and Student's 95 % interval."""
    return Interval(float(values.mean()), *differences_spread(values).limits(ALPHA))


def split_predictions(finished: Finished, split: Split) -> PredictedSet:
    """The predictions for one set."""
    return finished.predictions.of(split)


def split_accuracy(finished: Finished, split: Split) -> Interval:
    """Accuracy on one set with its Wilson interval."""
    correct = per_image_correct(split_predictions(finished, split))
    return accuracy_interval(int(correct.sum()), len(correct))


def loss_interval(finished: Finished, split: Split) -> Interval:
    """Mean cross-entropy of one set with Student's interval."""
    return mean_interval(finished.scores(split, "cross_entropy").values)


def gap(finished: Finished, split_a: Split, split_b: Split) -> Interval:
    """Mean cross-entropy of ``split_a`` minus ``split_b``: other images, so Welch's interval."""
    a, b = (finished.scores(split, "cross_entropy").values for split in (split_a, split_b))
    return Interval(float(a.mean() - b.mean()), *_welch(a, b, ALPHA))


@kept
def _welch(a: np.ndarray, b: np.ndarray, alpha: float) -> tuple[float, float]:
    """Welch's interval of level 1 - ``alpha`` of the difference of two means (scipy)."""
    from scipy.stats import ttest_ind

    found = ttest_ind(a, b, equal_var=False).confidence_interval(1 - alpha)
    return float(found.low), float(found.high)


def accuracy_gap(finished: Finished, split_a: Split, split_b: Split) -> Interval:
    """Accuracy on ``split_a`` minus that on ``split_b``: other images, so of independent proportions.

    The interval is Newcombe's (Newcombe 1998, Statistics in Medicine 17, 873-890).
    """
    a, b = (per_image_correct(split_predictions(finished, split)) for split in (split_a, split_b))
    limits = _newcombe(int(a.sum()), len(a), int(b.sum()), len(b), ALPHA)
    return Interval(float(a.mean() - b.mean()), *limits)


@kept
def _newcombe(count_a: int, n_a: int, count_b: int, n_b: int, alpha: float) -> tuple[float, float]:
    """The interval from two counts (statsmodels)."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(count_a, n_a, count_b, n_b, method="newcomb", alpha=alpha)
    return float(low), float(high)


def recall(finished: Finished, name: str) -> Interval:
    """The share of the test images of class ``name`` that were found."""
    test = split_predictions(finished, "test")
    own = test.labels == finished.training.data.class_names.index(name)
    return accuracy_interval(int((test.predicted[own] == test.labels[own]).sum()), int(own.sum()))
