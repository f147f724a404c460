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

from runner import checkpoints, data, fast_layers, figure_grids, figures, kernel, measure, model, training

__all__ = [
    "PIL",
    "checkpoints",
    "data",
    "fast_layers",
    "figure_grids",
    "figures",
    "ipykernel",
    "kernel",
    "matplotlib",
    "measure",
    "model",
    "pygments",
    "sklearn",
    "training",
]
