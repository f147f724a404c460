"""Curves of several seeds: the band between them, and their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from runner.results.records import Epoch
from runner.results.study import Study

Histories = Sequence[Sequence[Epoch]]  # one a seed, the first seed first


def histories(study: Study, name: str) -> list[tuple[Epoch, ...]]:
    """Curves of every finished seed of the variant; raises MissingVariant if its first run is missing."""
    study.get(name)
    return [study.get(run).training.epochs for run in study.runs(name)]


def values(runs: Histories, field: str) -> np.ndarray:
    """A field of the epochs, (seeds, epochs), as far as the shortest curve goes."""
    length = min(len(epochs) for epochs in runs)
    return np.array([[getattr(epoch, field) for epoch in epochs[:length]] for epochs in runs])


def band(axis: Axes, runs: Histories, field: str, colour: str) -> None:
    """Shade from the least to the greatest of the seeds; nothing for one seed."""
    if len(runs) < 2:
        return
    found = values(runs, field)
    x = [epoch.epoch for epoch in runs[0][: found.shape[1]]]
    axis.fill_between(x, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.22, lw=0)
