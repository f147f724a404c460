"""Where a training's validation loss turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.results.records import Epoch


@dataclass(frozen=True)
class TurningPoint:
    """Where the validation loss is lowest: ``rise`` is from there to the last epoch."""

    epoch: int
    value: float
    last: float
    rise: float
    turned: bool


def turning_point(epochs: Sequence[Epoch]) -> TurningPoint:
    """The epoch (from 1) of the lowest validation cross-entropy, and what came after."""
    lowest = min(epochs, key=lambda epoch: epoch.validation_cross_entropy)
    value, last = lowest.validation_cross_entropy, epochs[-1].validation_cross_entropy
    return TurningPoint(lowest.epoch, value, last, last - value, lowest.epoch < epochs[-1].epoch)
