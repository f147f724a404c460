"""Figures of curves and comparisons, the same in the notebooks and in the report.

Every function takes records or arrays and returns a matplotlib figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from runner.figure_style import BLUE, GREY, ORANGE, WIDTH, label_lines, localise, number, use_style
from runner.results import Epoch

__all__ = ["curves", "sample_images", "use_style"]

TRAIN, VALIDATION = ORANGE, BLUE


def curves(epochs: Sequence[Epoch], label: str) -> Figure:
    """Loss and accuracy by epoch, training and validation; the lowest validation loss is marked.

    ``label`` is the variant's name for the title.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.7))
    figure.suptitle(label, x=0.01, ha="left", fontsize=10)
    _pair(left, epochs, "cross_entropy", "Pérdida (entropía cruzada)")
    _pair(right, epochs, "accuracy", "Exactitud")
    lowest = min(epochs, key=lambda e: e.validation_cross_entropy)
    left.plot(
        lowest.epoch, lowest.validation_cross_entropy, "o", ms=7, mfc="none", color=VALIDATION
    )
    left.annotate(
        f"mínimo: {number(lowest.validation_cross_entropy, 3)}",
        (lowest.epoch, lowest.validation_cross_entropy),
        xytext=(0, 10),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=VALIDATION,
    )
    return figure


def _pair(axis: Axes, epochs: Sequence[Epoch], metric: str, title: str) -> None:
    x = [e.epoch for e in epochs]
    ends = []
    for split, name, colour, mark in [
        ("train", "entrenamiento", TRAIN, "s"),
        ("validation", "validación", VALIDATION, "o"),
    ]:
        y = [getattr(e, f"{split}_{metric}") for e in epochs]
        axis.plot(x, y, color=colour, marker=mark, ms=3)
        ends.append((x[-1], y[-1], name, colour))
    axis.set(title=title, xlabel="época")
    axis.margins(x=0.04)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    localise(axis)
    label_lines(axis, ends, gap=0.09)


def sample_images(images: np.ndarray, titles: Sequence[str], columns: int = 8) -> Figure:
    """Byte images (n, h, w, 3) in rows, each under its title."""
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, 0.95 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image, interpolation="nearest")
        axis.set_title(title, fontsize=8, loc="center", fontweight="normal", color=GREY)
    return figure
