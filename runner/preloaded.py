"""What a kernel imports, imported once: the fork server's only content. Nothing is run here."""

from __future__ import annotations

import ipykernel.kernelapp
import matplotlib.pyplot
import sklearn.metrics
import sklearn.model_selection

from runner import checkpoints, data, figure_grids, figures, kernel, measure, model, training

__all__ = [
    "checkpoints",
    "data",
    "figure_grids",
    "figures",
    "ipykernel",
    "kernel",
    "matplotlib",
    "measure",
    "model",
    "sklearn",
    "training",
]
