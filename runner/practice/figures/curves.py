"""Figures of curves and comparisons, the same in the notebooks and in the report.

Every function takes records or arrays and returns a matplotlib figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from runner.analysis.over_seeds import validation_accuracy
from runner.analysis.turning_point import TurningPoint, turning_point
from runner.figures.style import (
    BLUE,
    GREY,
    INK,
    RULE,
    WIDTH,
    TickFormat,
    label_lines,
    localise,
    number,
    plain,
    use_style,
)
from runner.language.i18n import percent_sign, tr
from runner.practice.figures.bands import Histories, band
from runner.practice.figures.batches import batch_curves, batch_differences
from runner.practice.figures.effect import networks
from runner.results.records import Epoch
from runner.results.study import Study

CHANGES_NO_DIGIT = True  # of a training: see code_closure
__all__ = [
    "batch_curves",
    "batch_differences",
    "candidates",
    "confusion_matrix",
    "curves",
    "mistaken_images",
    "networks",
    "sample_images",
    "use_style",
]

MISTAKE_TITLE, MISTAKE_GAP = 0.5, 0.95  # room for two lines above each and for words beside, in sides of one
IMAGE_GAP, IMAGE_TITLE = 0.28, 0.36  # between sample images and above each, in sides of one


def curves(epochs: Sequence[Epoch], label: str, others: Histories = (), colour: str = BLUE) -> Figure:
    """Loss and accuracy by epoch, training dashed; the lowest validation loss is marked.

    ``label`` is the variant's name for the title, empty for none; ``others`` its curves with other seeds,
    shown as a band. ``colour`` is the variant's.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.0))
    if label:
        figure.suptitle(plain(label), x=0.01, ha="left", fontsize=10)
    runs = (epochs, *others)
    _pair(left, runs, "cross_entropy", tr("Pérdida (entropía cruzada)"), colour)
    _pair(right, runs, "accuracy", tr("Exactitud"), colour)
    _mark_lowest(left, turning_point(epochs), len(epochs), colour)
    return figure


def _mark_lowest(axis: Axes, lowest: TurningPoint, epochs: int, colour: str) -> None:
    """A ring on the lowest validation loss, and its value above all curves."""
    low, high = axis.get_ylim()
    top = high + 0.2 * (high - low)
    axis.set_ylim(low, top)
    axis.plot(lowest.epoch, lowest.value, "o", ms=7, mfc="none", color=colour)
    axis.plot([lowest.epoch, lowest.epoch], [lowest.value, high], ":", color=colour, lw=0.9)
    share = (lowest.epoch - 1) / max(1, epochs - 1)
    axis.text(
        lowest.epoch,
        (high + top) / 2,
        tr("mínimo de validación: {value}", value=number(lowest.value, 3)),
        ha="left" if share < 0.3 else "right" if share > 0.7 else "center",
        va="center",
        fontsize=8,
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # over the rules
    )


def _pair(axis: Axes, runs: Histories, metric: str, title: str, colour: str) -> None:
    epochs = runs[0]
    x = [e.epoch for e in epochs]
    ends = []
    for split, name, line in [("train", tr("entrenamiento"), "--"), ("validation", tr("validación"), "-")]:
        y = [getattr(e, f"{split}_{metric}") for e in epochs]
        band(axis, runs, f"{split}_{metric}", colour)
        axis.plot(x, y, line, color=colour, marker="o", ms=2.5)
        ends.append((x[-1], y[-1], name, colour))
    axis.set_title(title, fontweight="normal")
    axis.set_xlabel(tr("época"))
    axis.margins(x=0.04)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    localise(axis)
    label_lines(axis, ends, gap=0.13)


def sample_images(
    images: np.ndarray,
    titles: Sequence[str],
    columns: int = 8,
    title_height: float = IMAGE_TITLE,
    gap: float = IMAGE_GAP,
) -> Figure:
    """Byte images (n, h, w, 3) in rows, each under its title.

    All on one axis, in sides of an image: every further axis takes a twentieth of a second to lay out.
    """
    rows = -(-len(images) // columns)
    width, height = columns * (1 + gap) - gap, rows * (1 + title_height)
    figure, axis = plt.subplots(figsize=(WIDTH, WIDTH * height / width))
    for place, (image, title) in enumerate(zip(images, titles, strict=False)):
        row, column = divmod(place, columns)
        x, y = column * (1 + gap), row * (1 + title_height) + title_height
        axis.imshow(image, extent=(x, x + 1, y + 1, y), interpolation="nearest")
        axis.text(x + 0.5, y - 0.07, plain(tr(title)), fontsize=8, color=GREY, ha="center", va="bottom")
    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.axis("off")
    return figure


def mistaken_images(images: np.ndarray, found: Sequence[Mapping[str, Any]]) -> Figure:
    """Byte images (n, h, w, 3) that were mistaken, with true class, predicted one and its probability."""
    shares = [f"{number(100 * each['probability'], 0)}{percent_sign()}" for each in found]
    titles = [
        f"{tr(each['label'])}\n→ {tr(each['prediction'])} {share}"
        for each, share in zip(found, shares, strict=True)
    ]
    return sample_images(images, titles, columns=5, title_height=MISTAKE_TITLE, gap=MISTAKE_GAP)


def candidates(study: Study, names: Sequence[str], reference: str) -> Figure:
    """Validation accuracy of each candidate with its 95 % interval, the best on top.

    With several seeds: their mean, and Student's interval.
    """
    rows = [(plain(study.info(n).label), validation_accuracy(study, n), n) for n in names]
    rows.sort(key=lambda row: row[1].value)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.22 * len(rows) + 0.75))
    for place, (_, interval, name) in enumerate(rows):
        colour = INK if name == reference else GREY
        axis.plot([interval.low, interval.high], [place, place], color=colour, lw=1.6)
        axis.plot(interval.value, place, "D" if name == reference else "o", color=colour, ms=5)
        axis.annotate(
            f"{number(100 * interval.value, 1)}{percent_sign()}",
            (interval.high, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # over the rules
        )
    base = next((row[1].value for row in rows if row[2] == reference), None)
    if base is not None:
        axis.axvline(base, color=RULE, lw=1, zorder=0)
    axis.set_yticks(range(len(rows)), [row[0] for row in rows])
    axis.set_xlabel(tr("exactitud de validación (intervalo del 95 %); rombo: la red de referencia"))
    axis.grid(axis="y", visible=False)
    axis.margins(x=0.09)
    axis.xaxis.set_major_formatter(PercentFormat())
    return figure


class PercentFormat(TickFormat):
    """An axis's shares as percentages."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All the numbers of the axis."""
        return [f"{text}{percent_sign()}" for text in super().format_ticks([100 * value for value in values])]


def confusion_matrix(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """Counts (n, n), row the true class; the colour is the share of the row.

    The colours follow the square root of the share, so that confusions of a few per cent can be seen.
    """
    names = [plain(tr(name)) for name in names]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    norm = PowerNorm(0.5, 0, 1)
    figure, axis = plt.subplots(figsize=(0.7 * WIDTH, 0.47 * WIDTH))
    axis.imshow(shares, cmap="Blues", norm=norm, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        dark = norm(shares[row, column]) > 0.55
        axis.text(
            column,
            row,
            number(int(count), 0),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else INK if count else GREY,
        )
    axis.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel=tr("clase predicha"), ylabel=tr("clase verdadera"))
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.tick_params(length=0)
    return figure
