"""Whether ours ends with the same metrics as plain Keras: trainings with a new seed in each round.

Plain Keras chooses its own seeds. With ``set_random_seed``, as in many a notebook, ``fit`` takes the images
in one and the same order in all epochs; what that costs is measured beside it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from scipy.stats import t

from tests.benchmarks.harness import Bench, Case, Line, Side, ready
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.workers import Worker, parameters

TITLE = "the same metrics as plain Keras"
IMAGES, EPOCHS = {"batch-4": 4000}, 4
OTHERS, SMALL = 8000, 400
SEEDED = "plain, seeded"
VARIANTS = ("batch-4", "batch-16", "baseline", "batch-256")


def cases(bench: Bench) -> Iterator[Case]:
    """One for each batch size that has a target."""
    for name in VARIANTS[-1:] if bench.small else VARIANTS:
        images = SMALL if bench.small else IMAGES.get(name, OTHERS)
        sides = {side: trained(bench, side, name, images) for side in ("plain", SEEDED, "ours")}
        yield Case(name, partial(ready, sides))


def trained(bench: Bench, side: str, name: str, images: int) -> Side:
    """A whole training with the round's number as the seed, evaluated on all test images."""

    def train(number: int) -> Measurement:
        p = parameters(name, images, EPOCHS, seed=number + 1)
        kind = "ours" if side == "ours" else "plain"
        worker = Worker(kind, p, bench.folder / f"{kind}.log", final=True, seeded=side == SEEDED)
        try:
            return worker.answer()
        finally:
            worker.close()

    return train


def lines(raw: Raw) -> list[Line]:
    """Differences of test accuracy with their 95 % intervals; that to plain Keras must hold zero."""
    found = []
    for name in raw.cases:
        found.append(line(raw, name, "plain", "interval holds 0"))
        seeded = line(raw, name, SEEDED, "")
        note = f"{seeded.note} With `set_random_seed`, `fit` repeats one order of the images in all epochs."
        found.append(replace(seeded, what=f"{name}, plain with a seed", met=None, note=note))
    return found


def line(raw: Raw, name: str, side: str, target: str) -> Line:
    """Ours minus ``side``, by Welch: the two share neither order of images nor split."""
    ours, plain = (raw.values(name, each, "accuracy") for each in ("ours", side))
    difference = 100 * (statistics.mean(ours) - statistics.mean(plain))
    note = (
        f"test accuracy after {EPOCHS} epochs of {IMAGES.get(name, OTHERS)} images: "
        f"ours {100 * statistics.mean(ours):.1f} %, plain {100 * statistics.mean(plain):.1f} %"
    )
    if len(ours) < 2:
        return Line(name, target, f"{difference:+.1f} points (once)", None, f"{note}.")
    parts = [statistics.variance(side) / len(side) for side in (ours, plain)]
    freedom = sum(parts) ** 2 / sum(p**2 / (len(ours) - 1) for p in parts)
    half = 100 * float(t.ppf(0.975, freedom)) * math.sqrt(sum(parts))
    told = f"{difference:+.1f} points ({difference - half:+.1f}..{difference + half:+.1f}, n={len(ours)})"
    return Line(name, target, told, abs(difference) <= half, f"{note}; Welch's 95 % interval.")
