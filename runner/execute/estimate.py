"""Expected seconds of a variant before it runs: from its operations, scaled by what was measured.

What was measured are samples: of the calibration (a few real steps), and of the variants that are finished.
For ordering, for the time left and for a time budget; nothing of it reaches the report.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runner.files import Record
from runner.practice.parameters import IMAGE_SIDE, WHITENING_SIDE, Parameters
from runner.results.records import Finished

TEST_IMAGES = {"cifar10": 10_000, "digits": 360}
# Of one core, until measured. What is scaled from another network depends on their proportions only.
FLOPS_PER_SECOND = 200e9
SECONDS_PER_VALUE = 1.2e-9  # of each activation, once for each layer that passes over it
SECONDS_PER_STEP = 2e-3  # overhead of an update
STARTUP_SECONDS = 8.0  # kernel, data, compiling the graph, figures, saving
SECOND_CORE_GAIN = 0.6  # of each core after the first, against a kernel of one core beside others
RECENT = 3  # so many of the last that finished tell how loaded the machine is now
NOTEBOOK_SECONDS = 20.0
FREE = {  # parameters that change no epoch's seconds, or hardly
    "seed", "validation_fraction", "train_limit", "epochs", "schedule", "learning_rate",
    "learning_rate_batch", "momentum", "weight_decay", "optimizer", "loss", "label_smoothing", "dropout",
    "augmentation",
}  # fmt: skip


class Sample(Record):
    """Seconds for one image, to train and to predict, that were measured with some parameters.

    ``parameters`` are those that matter for it (see ``cost_parameters``), in JSON's form.
    """

    parameters: dict[str, Any]
    threads: int
    train_seconds: float
    forward_seconds: float


class Estimator:
    """Expected seconds from ``samples`` of a calibration and from what is finished.

    ``former`` are the seconds that notebooks took when they ran here before, by name.
    """

    def __init__(self, samples: Sequence[Sample] = (), former: Mapping[str, float] | None = None) -> None:
        self.samples, self.former = tuple(samples), former or {}
        self._own: dict[str, Sample] = {}
        self._factor, self._drift, self._startup = 1.0, 1.0, STARTUP_SECONDS

    def learn(self, finished: Iterable[Finished]) -> None:
        """Take finished variants as samples as well, and see how far the calibration is off by now."""
        known = [f for f in finished if f.result.training and len(f.training.epochs) > 1]  # else it compiles
        trained = sorted(known, key=lambda f: f.result.finished)
        self._factor = machine_factor(trained)
        self._own = {each.result.variant: sample_of(each) for each in trained}
        if self.samples and trained:
            own = list(self._own.values())[-RECENT:]
            self._drift = statistics.median(
                s.train_seconds / self._scaled(self.samples, s.parameters, s.threads)[0] for s in own
            )
        if trained:
            self._startup = statistics.median(map(_rest_seconds, trained))

    def seconds(self, name: str, kind: str, parameters: Mapping[str, Any], threads: int) -> float:
        """Seconds from start to end of a variant with ``threads`` cores."""
        if kind == "notebook":
            return self.former.get(name, NOTEBOOK_SECONDS)
        if not self.samples:
            return self._startup + self._factor * training_seconds(parameters, threads)
        train, forward = self._per_image(cost_parameters(parameters), threads)
        p = _checked(parameters)
        images, trained, test = _images(p)
        seen = p.epochs * (images - trained) + images + test
        return self._startup + p.epochs * trained * train + seen * forward

    def _per_image(self, wanted: Mapping[str, Any], threads: int) -> tuple[float, float]:
        exact = [s for s in self._own.values() if s.parameters == wanted and s.threads == threads]
        if exact:
            return exact[-1].train_seconds, exact[-1].forward_seconds
        train, forward = self._scaled(self.samples, wanted, threads)
        return train * self._drift, forward * self._drift

    def _scaled(
        self, samples: Sequence[Sample], wanted: Mapping[str, Any], threads: int
    ) -> tuple[float, float]:
        """The most similar sample's seconds, scaled by the operations and steps in which it differs."""

        def likeness(sample: Sample) -> tuple[bool, int]:
            equal = sum(sample.parameters.get(key) == value for key, value in wanted.items())
            return sample.threads == threads, equal

        nearest = max(samples, key=likeness)
        train, forward = _assumed(wanted, threads)
        its_train, its_forward = _assumed(nearest.parameters, nearest.threads)
        return nearest.train_seconds * train / its_train, nearest.forward_seconds * forward / its_forward


def cost_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters on which the seconds for one image depend, in JSON's form."""
    kept: dict[str, Any] = json.loads(json.dumps({k: v for k, v in parameters.items() if k not in FREE}))
    return kept


def sample_of(finished: Finished) -> Sample:
    """What a finished variant tells of seconds for one image, of its typical epoch."""
    training, p = finished.training, _checked(finished.result.parameters)
    epochs, data = len(training.epochs), training.data
    return Sample(
        parameters=cost_parameters(p.model_dump(mode="json")),
        threads=training.environment.threads,
        train_seconds=training.timing.epoch_seconds / data.train_images,
        forward_seconds=training.timing.validation_seconds / (epochs * data.validation_images),
    )


def _rest_seconds(finished: Finished) -> float:
    """A finished variant's seconds less its epochs' and evaluations': start, compiling, figures, saving."""
    training, sample = finished.training, sample_of(finished)
    data, epochs = training.data, len(training.epochs)
    seen = (epochs + 1) * data.validation_images + data.train_images + data.test_images
    known = epochs * training.timing.epoch_seconds + seen * sample.forward_seconds
    return max(0.0, finished.result.wall_seconds - known)


def _assumed(cost: Mapping[str, Any], threads: int) -> tuple[float, float]:
    """Seconds for one image, to train and to predict, on a machine of the assumed speed."""
    p = _checked(FILL | dict(cost))
    forward = _forward_seconds(p, threads)
    return 3 * forward + SECONDS_PER_STEP / p.batch_size, forward


FILL = {  # any values will do: they take no part in the seconds for one image
    "seed": 0, "validation_fraction": 0.5, "epochs": 1, "learning_rate": 1.0, "optimizer": "adam",
    "loss": "categorical_crossentropy",
}  # fmt: skip


def _forward_seconds(p: Parameters, threads: int) -> float:
    """Operations are fast where there are many for each value; the values have to be moved in any case."""
    passes = 1 + (p.activation != "relu") + p.batch_norm
    one_core = forward_flops(p) / FLOPS_PER_SECOND + passes * _values(p) * SECONDS_PER_VALUE
    return one_core / (1 + SECOND_CORE_GAIN * (threads - 1))


def _images(p: Parameters) -> tuple[int, int, int]:
    """Images in all but the test set, those trained on, and those of the test set."""
    return p.train_images + p.validation_images, p.train_images, TEST_IMAGES[p.dataset]


def train_images(parameters: Mapping[str, Any]) -> int:
    """How many images an epoch trains on."""
    return _images(_checked(parameters))[1]


def training_seconds(parameters: Mapping[str, Any], threads: int) -> float:
    """Seconds of all the epochs and the evaluation on a machine of the assumed speed."""
    p = _checked(parameters)
    images, train, test = _images(p)
    passes = p.epochs * (3 * train + images - train) + images + test
    steps = p.epochs * math.ceil(train / p.batch_size)
    return passes * _forward_seconds(p, threads) + steps * SECONDS_PER_STEP


def _convolutions(p: Parameters) -> list[tuple[int, int, bool]]:
    """Side of the image, filters, and whether pooling follows, of each convolution."""
    found, side = [], IMAGE_SIDE
    if p.stem_filters:
        side -= WHITENING_SIDE - 1 if p.stem == "whitening" else 0
        found.append((side, p.stem_filters, False))
    pooled = 1 if p.pool_after == "first" else p.convs_per_block
    for width in p.widths:
        for number in range(1, p.convs_per_block + 1):
            found.append((side, width, number == pooled))
            side = side // 2 if number == pooled else side
    return found


def _values(p: Parameters) -> int:
    """Activations of the convolutions for one image."""
    return sum(side**2 * filters for side, filters, _ in _convolutions(p))


def forward_flops(p: Parameters) -> float:
    """Operations of the convolutions and dense layers for one image."""
    side, channels, total = IMAGE_SIDE, 3, 0.0
    for side, filters, pool in _convolutions(p):
        total += 2.0 * p.kernel_size**2 * channels * filters * side**2
        channels = filters
        rest = side // 2 if pool else side
    features = channels if p.head == "global-max" else channels * rest**2
    for units in (*p.dense, 10):
        total, features = total + 2.0 * features * units, units
    return total


def machine_factor(finished: Iterable[Finished]) -> float:
    """Measured over assumed seconds, the median over the finished variants (1 if there are none)."""
    ratios = []
    for variant in finished:
        if variant.result.training is not None:
            sample = sample_of(variant)
            assumed = _assumed(sample.parameters, sample.threads)
            ratios.append(sample.train_seconds / assumed[0])
    return statistics.median(ratios) if ratios else 1.0


def _checked(parameters: Mapping[str, Any]) -> Parameters:
    return Parameters.model_validate_json(json.dumps(dict(parameters)))
