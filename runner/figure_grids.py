"""Figures made of many small pictures: filters, feature maps, weights. Every grid has one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from runner.figure_style import DIVERGING_MAP, GREY, SEQUENTIAL_MAP, WIDTH, localise

FEW_MAPS = 32  # up to here they are drawn twice as wide
TILE_GAP = 1  # pixels between the slices of a mosaic


def colour_kernels(kernel: np.ndarray, columns: int = 8) -> Figure:
    """First-layer filters (k, k, 3, n) as colour pictures on one symmetric scale.

    Mid-grey is zero; the same colour is the same weight in every filter.
    """
    limit = float(np.abs(kernel).max()) or 1.0
    tiles = [kernel[..., i] / (2 * limit) + 0.5 for i in range(kernel.shape[-1])]
    figure, axes = _grid(len(tiles), columns, side=0.72)
    for number, (axis, tile) in enumerate(zip(axes, tiles, strict=False)):
        axis.imshow(tile, interpolation="nearest")
        axis.set_title(str(number), **_SMALL)
    _scale(figure, axes, Normalize(-limit, limit), "gray", "peso (gris medio: cero)")
    return figure


def mean_kernels(kernel: np.ndarray, columns: int = 16) -> Figure:
    """Every filter of a layer (k, k, channels, n) as the mean of its channels, on one scale."""
    means = kernel.mean(axis=2)
    return _number_grid(np.moveaxis(means, -1, 0), columns, "peso medio de los canales")


def kernel_mosaic(kernel: np.ndarray, columns: int = 12) -> Figure:
    """Every filter of a layer (k, k, channels, n) in full: a tile holds the slices of all its channels.

    Slices are laid out in rows, nearly square, all on one symmetric scale.
    """
    size, _, channels, filters = kernel.shape
    limit = float(np.quantile(np.abs(kernel), 0.995)) or 1.0
    across = math.ceil(math.sqrt(channels))
    down = math.ceil(channels / across)
    step = size + TILE_GAP
    tiles = np.full((filters, down * step, across * step), np.nan)
    for channel in range(channels):
        row, column = divmod(channel, across)
        y, x = row * step, column * step
        tiles[:, y : y + size, x : x + size] = np.moveaxis(kernel[:, :, channel], -1, 0)
    return _number_grid(tiles, columns, "peso", limit=limit, side=WIDTH / columns)


def feature_maps(maps: np.ndarray) -> Figure:
    """The output of every filter (h, w, n) for one image, on one scale for the whole layer."""
    low, high = float(maps.min()), float(maps.max())
    norm = Normalize(low, high if high > low else low + 1)
    columns = 8 if maps.shape[-1] <= FEW_MAPS else 16
    figure, axes = _grid(maps.shape[-1], columns, side=WIDTH / columns)
    for number in range(maps.shape[-1]):
        axis = axes[number]
        axis.imshow(maps[..., number], norm=norm, cmap=SEQUENTIAL_MAP, interpolation="nearest")
        axis.set_title(str(number), **_SMALL)
    _scale(figure, axes, norm, SEQUENTIAL_MAP, "activación")
    return figure


def dense_weights(kernel: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Weights (features, classes) of the last dense layer, one row a class."""
    limit = float(np.abs(kernel).max()) or 1.0
    figure, axis = plt.subplots(figsize=(WIDTH, 2.6))
    picture = axis.imshow(
        kernel.T,
        cmap=DIVERGING_MAP,
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
    )
    axis.set_yticks(range(len(class_names)), class_names)
    axis.set_xlabel("característica de entrada")
    axis.grid(False)
    localise(axis, y=False)
    bar = figure.colorbar(picture, ax=axis, label="peso", pad=0.01)
    localise(bar.ax)
    return figure


def sample_image(image: np.ndarray, title: str) -> Figure:
    """One byte image (h, w, 3) under its title."""
    figure, axis = plt.subplots(figsize=(1.6, 1.8))
    axis.imshow(image, interpolation="nearest")
    axis.set_title(title, loc="center")
    axis.axis("off")
    return figure


_SMALL: dict[str, Any] = {"fontsize": 5.5, "pad": 1.0, "color": GREY, "loc": "center", "fontweight": "normal"}


def _number_grid(
    tiles: np.ndarray,
    columns: int,
    label: str,
    limit: float | None = None,
    side: float = 0.42,
) -> Figure:
    """Tiles (n, h, w) on one symmetric scale."""
    limit = limit or float(np.nanmax(np.abs(tiles))) or 1.0
    norm = Normalize(-limit, limit)
    figure, axes = _grid(len(tiles), columns, side)
    for number, (axis, tile) in enumerate(zip(axes, tiles, strict=False)):
        axis.imshow(tile, norm=norm, cmap=DIVERGING_MAP, interpolation="nearest")
        axis.set_title(str(number), **_SMALL)
    _scale(figure, axes, norm, DIVERGING_MAP, label)
    return figure


def _grid(count: int, columns: int, side: float) -> tuple[Figure, list[Axes]]:
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    width = min(WIDTH, columns * side)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(width, rows * (width / columns + 0.12) + 0.45),
        squeeze=False,
        layout=ConstrainedLayoutEngine(w_pad=0.005, h_pad=0.005, wspace=0.03, hspace=0.02),
    )
    for axis in axes.flat:
        axis.axis("off")
    return figure, list(axes.flat)


def _scale(figure: Figure, axes: list[Axes], norm: Normalize, cmap: str, label: str) -> None:
    """The one scale of all the tiles, below them."""
    bar = figure.colorbar(
        ScalarMappable(norm, cmap),
        ax=axes,
        location="bottom",
        shrink=0.4,
        aspect=30,
        pad=0.02,
        label=label,
    )
    bar.ax.tick_params(labelsize=7)
    bar.ax.xaxis.label.set_fontsize(7.5)
    localise(bar.ax, y=False)
