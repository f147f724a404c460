"""What a training of this practice costs: its operations, and their seconds on an assumed machine.

Called through the door to the practice (``runner.plan.practice.Costs``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.practice.parameters import IMAGE_SIDE, WHITENING_SIDE, Parameters

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CHANGES_NO_DIGIT = True  # of a training: see code_closure
TEST_IMAGES = {"cifar10": 10_000, "digits": 360}
# Of one core, until measured. What is scaled from another network depends on their proportions only.
FLOPS_PER_SECOND = 200e9
SECONDS_PER_VALUE = 1.2e-9  # of each activation, once for each layer that passes over it
SECONDS_PER_STEP = 2e-3  # overhead of an update
SECOND_CORE_GAIN = 0.6  # of each core after the first, against a kernel of one core beside others
FREE = {  # parameters that change no epoch's seconds, or hardly
    "seed", "validation_fraction", "train_limit", "epochs", "schedule", "learning_rate",
    "learning_rate_batch", "momentum", "weight_decay", "optimizer", "loss", "label_smoothing", "dropout",
    "augmentation", "kernel_rate", "bias_rate",
}  # fmt: skip


def parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters on which the seconds for one image depend, in JSON's form."""
    complete = _checked(values).model_dump(mode="json")
    kept: dict[str, Any] = json.loads(json.dumps({k: v for k, v in complete.items() if k not in FREE}))
    return kept


def case_seconds(cost: Mapping[str, Any], threads: int) -> tuple[float, float]:
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


def seconds(values: Mapping[str, Any], threads: int) -> float:
    """Seconds of all the epochs and the evaluation on a machine of the assumed speed."""
    p = _checked(values)
    trained, predicted = _passes(p)
    steps = p.epochs * math.ceil(p.train_images / p.batch_size)
    return (3 * trained + predicted) * _forward_seconds(p, threads) + steps * SECONDS_PER_STEP


def passes(values: Mapping[str, Any]) -> tuple[int, int]:
    """Images trained on, and images predicted, in all epochs and evaluations."""
    return _passes(_checked(values))


def _passes(p: Parameters) -> tuple[int, int]:
    images, train, test = _images(p)
    return p.epochs * train, p.epochs * (images - train) + images + test


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
    if p.squeeze_ratio:
        total += sum(4.0 * width * p.squeezed(width) for width in p.widths)
    features = channels if p.head == "global-max" else channels * rest**2
    for units in (*p.dense, 10):
        total, features = total + 2.0 * features * units, units
    return total


def _checked(parameters: Mapping[str, Any]) -> Parameters:
    return Parameters.model_validate_json(json.dumps(dict(parameters)))


def time_steps(values: str, threads: int, sender: Connection) -> None:
    """Send the seconds for one image, to train and to predict, as measured here, or what went wrong."""
    from runner.practice.steps import time_steps

    time_steps(values, Parameters.model_validate_json(values).train_images, threads, sender)
