"""Shares of different images: of two sets, or of one class. What is paired is in ``compare``."""

from __future__ import annotations

from runner.analysis.compare import Interval, Split, accuracy_interval, split_predictions
from runner.results.finished import Finished
from runner.results.scores import per_image_correct


def share_difference(hits: int, n: int, other_hits: int, other_n: int) -> Interval:
    """The first share minus the second, with Newcombe's 95 % interval: Wilson's two, put together."""
    first, second = accuracy_interval(hits, n), accuracy_interval(other_hits, other_n)
    value = first.value - second.value
    below = ((first.value - first.low) ** 2 + (second.high - second.value) ** 2) ** 0.5
    above = ((first.high - first.value) ** 2 + (second.value - second.low) ** 2) ** 0.5
    return Interval(value, value - below, value + above)


def accuracy_gap(finished: Finished, split_a: Split, split_b: Split) -> Interval:
    """Accuracy on ``split_a`` minus that on ``split_b``."""
    a, b = (per_image_correct(split_predictions(finished, split)) for split in (split_a, split_b))
    return share_difference(int(a.sum()), len(a), int(b.sum()), len(b))


def recall(finished: Finished, name: str) -> Interval:
    """The share of the test images of class ``name`` that were found."""
    test = split_predictions(finished, "test")
    own = test.labels == finished.training.data.class_names.index(name)
    return accuracy_interval(int((test.predicted[own] == test.labels[own]).sum()), int(own.sum()))
