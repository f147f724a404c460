"""What a kernel imports, imported once: the fork server's only content. Nothing is run here."""

from __future__ import annotations

import ipykernel.kernelapp
import matplotlib.backends.backend_agg
import matplotlib.pyplot
import PIL.PngImagePlugin
import pygments.formatters.html
import pygments.formatters.latex
import pygments.lexers.python
import sklearn.metrics
import sklearn.model_selection

from runner import kernel
from runner.practice import checkpoints, fast_layers, measure, model, training
from runner.practice.data import sets
from runner.practice.figures import curves, grids

__all__ = [
    "PIL",
    "checkpoints",
    "curves",
    "fast_layers",
    "grids",
    "ipykernel",
    "kernel",
    "matplotlib",
    "measure",
    "model",
    "pygments",
    "sets",
    "sklearn",
    "training",
]
