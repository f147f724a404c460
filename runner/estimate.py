"""Expected seconds of a variant before it runs: from its operations, scaled by what was measured.

A rough model, for ordering and for the time left; nothing of it reaches the report.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from runner.parameters import IMAGE_SIDE, Parameters
from runner.results import Finished

IMAGES = {"cifar10": (50_000, 10_000), "digits": (1_437, 360)}  # training, test
FLOPS_PER_SECOND = 60e9  # of one core, until measured
SECONDS_PER_STEP = 8e-4  # overhead of an update
STARTUP_SECONDS = 12.0
SECOND_CORE_GAIN = 0.6  # of each core after the first, within one kernel
NOTEBOOK_SECONDS = 20.0


def expected_seconds(parameters: Mapping[str, Any], kind: str, threads: int, factor: float = 1.0) -> float:
    """Seconds from start to end; ``factor`` corrects for this machine (see ``machine_factor``)."""
    if kind == "notebook":
        return NOTEBOOK_SECONDS
    return STARTUP_SECONDS + factor * training_seconds(parameters, threads)


def training_seconds(parameters: Mapping[str, Any], threads: int) -> float:
    """Seconds of all the epochs and the evaluation on a machine of the assumed speed."""
    p = Parameters.model_validate_json(_json(parameters))
    images, test = IMAGES[p.dataset]
    images = min(images, p.train_limit) if p.train_limit else images
    train = round(images * (1 - p.validation_fraction))
    passes = p.epochs * (3 * train + images - train) + images + test
    speed = FLOPS_PER_SECOND * (1 + SECOND_CORE_GAIN * (threads - 1))
    steps = p.epochs * math.ceil(train / p.batch_size)
    return passes * forward_flops(p) / speed + steps * SECONDS_PER_STEP


def forward_flops(p: Parameters) -> float:
    """Operations of the convolutions and dense layers for one image."""
    side, channels, total = IMAGE_SIDE, 3, 0.0
    widths = [(p.stem_filters, 0)] if p.stem_filters else []
    for width in p.widths:
        pooled = 1 if p.pool_after == "first" else p.convs_per_block
        widths += [(width, int(n == pooled)) for n in range(1, p.convs_per_block + 1)]
    for width, pool in widths:
        total += 2.0 * p.kernel_size**2 * channels * width * side**2
        side, channels = side // 2 if pool else side, width
    features = channels if p.head == "global-max" else channels * side**2
    for units in (*p.dense, 10):
        total, features = total + 2.0 * features * units, units
    return total


def machine_factor(finished: Iterable[Finished]) -> float:
    """Measured over assumed seconds, the median over the finished variants (1 if there are none)."""
    ratios = []
    for variant in finished:
        training = variant.result.training
        if training is not None:
            seconds = training.timing.train_seconds + training.timing.validation_seconds
            assumed = training_seconds(variant.result.parameters, training.environment.threads)
            ratios.append(seconds / assumed)
    return statistics.median(ratios) if ratios else 1.0


def _json(parameters: Mapping[str, Any]) -> str:
    import json

    return json.dumps(dict(parameters))
