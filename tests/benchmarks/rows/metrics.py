"""Whether ours ends with the same metrics as plain Keras: trainings with a new seed in each round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from functools import partial

from scipy.stats import t

from tests.benchmarks.harness import Bench, Case, Line, Side, ready
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.workers import Worker, parameters

TITLE = "the same metrics as plain Keras"
IMAGES, EPOCHS = {"batch-4": 4000}, 4
OTHERS, SMALL = 8000, 400
VARIANTS = ("batch-4", "batch-16", "baseline", "batch-256")


def cases(bench: Bench) -> Iterator[Case]:
    """One for each batch size that has a target."""
    for name in VARIANTS[-1:] if bench.small else VARIANTS:
        images = SMALL if bench.small else IMAGES.get(name, OTHERS)
        sides = {side: trained(bench, side, name, images) for side in ("plain", "ours")}
        yield Case(name, partial(ready, sides))


def trained(bench: Bench, side: str, name: str, images: int) -> Side:
    """A whole training with the round's number as the seed, evaluated on all test images."""

    def train(number: int) -> Measurement:
        p = parameters(name, images, EPOCHS, seed=number + 1)
        worker = Worker(side, p, bench.folder / f"{side}.log", final=True)
        try:
            return worker.answer()
        finally:
            worker.close()

    return train


def lines(raw: Raw) -> list[Line]:
    """Difference of test accuracy with its 95 % interval, which must hold zero."""
    return [line(raw, name) for name in raw.cases]


def line(raw: Raw, name: str) -> Line:
    """Welch's interval: the seeds of the two sides share neither order of images nor split."""
    ours, plain = (raw.values(name, side, "accuracy") for side in ("ours", "plain"))
    difference = 100 * (statistics.mean(ours) - statistics.mean(plain))
    note = (
        f"test accuracy after {EPOCHS} epochs of {IMAGES.get(name, OTHERS)} images: "
        f"ours {100 * statistics.mean(ours):.1f} %, plain {100 * statistics.mean(plain):.1f} %"
    )
    if len(ours) < 2:
        return Line(name, "interval holds 0", f"{difference:+.1f} points (once)", None, f"{note}.")
    parts = [statistics.variance(side) / len(side) for side in (ours, plain)]
    freedom = sum(parts) ** 2 / sum(p**2 / (len(ours) - 1) for p in parts)
    half = 100 * float(t.ppf(0.975, freedom)) * math.sqrt(sum(parts))
    told = f"{difference:+.1f} points ({difference - half:+.1f}..{difference + half:+.1f}, n={len(ours)})"
    return Line(name, "interval holds 0", told, abs(difference) <= half, f"{note}; Welch's 95 % interval.")
