"""Whether an epoch that was trained again came out as its record says: to the bit, or within a tolerance.

Where processor, threads, versions and precision are those of the record, every bit must be the same.
Elsewhere sums are rounded otherwise, and the difference grows while weights change. How far is measured: the
epoch is trained once more here, rounding otherwise, and what separates the two, times ``MARGIN``, is the
tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from runner.plan.practice import Again
from runner.results.arrays import PREDICTED_SPLITS, PredictedSet, predicted_set
from runner.results.records import Epoch
from runner.retraining.replayable import Replayable

PLACE = ("tensorflow", "keras", "numpy", "system", "processor", "threads", "onednn", "gpus")
MARGIN = 10  # two roundings here are one distance of many that there may be
RESOLUTION = 1e-5  # of a loss: means in single precision tell no less
RATE_RESOLUTION = 1e-9
RATE = "learning_rate"  # follows from the parameters: no rounding of sums reaches it
CURVE = (
    RATE,
    *(f"{split}_{m}" for split in ("train", "validation") for m in ("loss", "cross_entropy", "accuracy")),
)
FITTED = ("cross_entropy of the training set", "accuracy of the training set")


@dataclass(frozen=True)
class EpochOutcome:
    """What an epoch came to: its curve, and what was predicted of each set after it, where it is known."""

    curve: tuple[float, ...]
    predicted: Mapping[str, PredictedSet]
    fitted: tuple[float, ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """The curve, and how the training set was fitted after the last epoch, by name."""
        return dict(zip(CURVE, self.curve, strict=True)) | dict(zip(FITTED, self.fitted, strict=False))


@dataclass(frozen=True)
class Distance:
    """How far two outcomes are apart: the largest of losses, of accuracies, and of mean probabilities."""

    losses: float
    accuracies: float
    probabilities: float

    def times(self, margin: float, images: int) -> Distance:
        """So many times as far; no less than what single precision, or one of ``images``, makes."""
        return Distance(
            max(margin * self.losses, RESOLUTION),
            max(margin * self.accuracies, 1 / images),
            max(margin * self.probabilities, RESOLUTION),
        )

    def of(self, name: str) -> float:
        """The one for a number of an outcome."""
        if name == RATE:
            return RATE_RESOLUTION
        return self.accuracies if "accuracy" in name else self.losses

    def __str__(self) -> str:
        return f"{self.losses:.2g} of losses, {self.accuracies:.2g} of accuracies, " + (
            f"{self.probabilities:.2g} of probabilities"
        )


def elsewhere(asked: Replayable, again: Again) -> tuple[str, ...]:
    """How the place where it was trained again is unlike that of the record."""
    there = asked.found.training.environment.model_dump(mode="json")
    here = again.environment
    return tuple(
        f"{name} {there[name]}, here {here.get(name)}" for name in PLACE if there[name] != here.get(name)
    )


def recorded(asked: Replayable) -> EpochOutcome:
    """What the report says of the epoch. Raises RunnerError for predictions that can't be read."""
    found, epoch = asked.found, asked.epoch
    predictions = None
    if epoch == len(found.training.epochs):
        predictions = found.predictions
    elif found.training.best is not None and found.training.best.epoch == epoch:
        predictions = found.at("best").predictions
    sets = {} if predictions is None else {split: predictions.of(split) for split in PREDICTED_SPLITS}
    fitted = found.training.evaluation.train
    last = (fitted.cross_entropy, fitted.accuracy) if epoch == len(found.training.epochs) else ()
    return EpochOutcome(_curve(found.training.epochs[epoch - 1]), sets, last)


def came(again: Again) -> EpochOutcome:
    """What came of training again."""
    parts = ("labels", "probabilities", "cross_entropy")
    sets = {
        split: predicted_set(*(again.predictions[f"{split}_{part}"] for part in parts))
        for split in PREDICTED_SPLITS
    }
    return EpochOutcome(again.curve, sets, again.fitted)


def unlike(asked: Replayable, again: Again) -> Iterator[str]:
    """What differs in any bit."""
    if again.start != asked.chain.before(asked.epoch):
        yield "the state that it begins with is another than the chain's"
    if again.end != asked.chain.links[asked.epoch - 1]:
        yield "the state after it is another than the chain's"
    there, here = recorded(asked), came(again)
    for name, theirs in there.numbers.items():
        if (ours := here.numbers.get(name)) != theirs:
            yield f"{name} is {theirs} in the record, {ours} trained again"
    for split, predicted in there.predicted.items():
        if count := _unlike_images(predicted, here.predicted[split]):
            yield f"{split}: {count} of {len(predicted.labels)} images are predicted otherwise"


def too_far(asked: Replayable, again: Again, other: Again) -> tuple[Distance, tuple[str, ...]]:
    """The tolerance that ``again`` and ``other``, which rounds otherwise, measure; what lies beyond it."""
    there, here = recorded(asked), came(again)
    tolerance = distance(here, came(other)).times(MARGIN, asked.found.training.data.validation_images)
    faults, within = [], "more apart than"
    for name, theirs in there.numbers.items():
        ours = here.numbers.get(name, float("nan"))
        most = tolerance.of(name)
        if not abs(ours - theirs) <= most:
            told = f"{name} is {theirs:.6f} in the record, {ours:.6f} trained again"
            faults.append(f"{told}: {within} {most:.2g}")
    for split, predicted in there.predicted.items():
        if not np.array_equal(predicted.labels, here.predicted[split].labels):
            faults.append(f"{split}: labels are not those of the data")
        elif not (apart := _apart(predicted, here.predicted[split])) <= tolerance.probabilities:
            most = tolerance.probabilities
            faults.append(f"{split}: probabilities are {apart:.2g} apart in the mean: {within} {most:.2g}")
    return tolerance, tuple(faults)


def distance(one: EpochOutcome, other: EpochOutcome) -> Distance:
    """How far two outcomes with predictions are apart."""
    apart = {name: abs(value - other.numbers[name]) for name, value in one.numbers.items()}
    accuracies = max(value for name, value in apart.items() if "accuracy" in name)
    losses = max(value for name, value in apart.items() if "accuracy" not in name)
    sets = [_apart(one.predicted[split], other.predicted[split]) for split in PREDICTED_SPLITS]
    return Distance(losses, accuracies, max(sets))


def _curve(epoch: Epoch) -> tuple[float, ...]:
    return tuple(float(getattr(epoch, name)) for name in CURVE)


def _unlike_images(one: PredictedSet, other: PredictedSet) -> int:
    if len(one.labels) != len(other.labels):
        return len(one.labels)
    same = one.labels == other.labels
    same &= one.predicted == other.predicted
    same &= one.true_probability == other.true_probability
    if one.cross_entropy is not None and other.cross_entropy is not None:
        same &= one.cross_entropy == other.cross_entropy
    return int((~same).sum())


def _apart(one: PredictedSet, other: PredictedSet) -> float:
    if len(one.labels) != len(other.labels):
        return float("inf")
    return float(np.abs(one.true_probability.astype(float) - other.true_probability).mean())
