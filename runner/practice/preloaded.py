"""What this practice's kernels import, imported once for all of them. Nothing is run here."""

from __future__ import annotations

import sklearn.metrics
import sklearn.model_selection

from runner import kernel
from runner.practice import checkpoints, fast_layers, measure, model, training
from runner.practice.data import sets
from runner.practice.figures import curves, grids

__all__ = [
    "checkpoints",
    "curves",
    "fast_layers",
    "grids",
    "kernel",
    "measure",
    "model",
    "sets",
    "sklearn",
    "training",
]
