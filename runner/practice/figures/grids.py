"""Figures made of many small pictures: filters, feature maps, weights, to scale.

A grid is one picture of whole pixels at print resolution, not one axis a tile: each weight is a square of
the same size, and a layer of 128 filters draws in well under a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from runner.analysis.pictures import blank_maps
from runner.figures.style import GREY, SEQUENTIAL_MAP, SIGNED_MAP, WIDTH, localise, plain
from runner.language.i18n import tr

CHANGES_NO_DIGIT = True  # of a training: see code_closure
DPI = 300
FEW_TILES = 32  # up to here tiles are drawn twice as wide
MANY_COLUMNS = 32  # in a row of a layer's many tiles: each has 5 mm, and 192 of them a third of a page
MOSAIC_COLUMNS = (8, 16)  # fewest and most tiles in a row of a mosaic
MOSAIC_HEIGHT = 6.45  # inches: a page has room for something beside it
WEIGHT_PIXELS = 12  # most for a weight of a mosaic: a millimetre
SLICE_GAP = 2  # pixels between the slices of a mosaic
OUTLIERS = 0.001  # share of the weights of a mosaic at each end of the scale


def colour_kernels(kernel: np.ndarray, columns: int = 8) -> Figure:
    """First-layer filters (k, k, 3, n) as colour pictures, each up to its own largest weight.

    Mid-grey is zero. On one scale for all, those that whiten would not be seen beside the largest.
    """
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    tiles = np.moveaxis(kernel / (2 * np.where(largest > 0, largest, 1)) + 0.5, -1, 0)
    grid = _Grid(len(tiles), columns, tiles.shape[1:3])
    scale = ScalarMappable(Normalize(-1, 1), "gray")
    return grid.figure(tiles, scale, tr("peso en cada canal, entre el mayor del filtro (gris medio: cero)"))


def mean_kernels(kernel: np.ndarray, columns: int = MANY_COLUMNS) -> Figure:
    """Every filter of a layer (k, k, channels, n) as the mean of its channels, on one scale."""
    means = np.moveaxis(kernel.mean(axis=2), -1, 0)
    limit = _limit(means)
    grid = _Grid(len(means), columns, means.shape[1:3])
    return _coloured(grid, means, Normalize(-limit, limit), SIGNED_MAP, tr("peso medio de los canales"))


def kernel_mosaic(kernel: np.ndarray) -> Figure:
    """Every filter of a layer (k, k, channels, n) in full: a tile holds the slices of all its channels.

    Slices run in rows, about twice as many across as down, apart by a white line; grey is zero. One
    symmetric scale for all; the few weights beyond it take its end colours, as its arrows say.
    """
    size, _, channels, filters = kernel.shape
    columns, across, side = _mosaic_layout(size, channels, filters)
    down = math.ceil(channels / across)
    step = size * side + SLICE_GAP
    tiles = np.full((filters, down * step, across * step), np.nan, dtype=np.float32)
    for channel in range(channels):
        y, x = (place * step for place in divmod(channel, across))
        slices = np.moveaxis(kernel[:, :, channel], -1, 0).repeat(side, axis=1).repeat(side, axis=2)
        tiles[:, y : y + size * side, x : x + size * side] = slices
    limit = _limit(kernel, OUTLIERS)
    grid = _Grid(filters, columns, tiles.shape[1:3], zoom=1)
    return _coloured(grid, tiles, Normalize(-limit, limit), SIGNED_MAP, tr("peso (gris: cero)"))


def feature_maps(maps: np.ndarray) -> Figure:
    """The output of every filter (h, w, n) for one image, each map on its own scale.

    One that hardly varies against the most varied of the layer is left white: a scale would blow up noise.
    """
    tiles = np.moveaxis(maps, -1, 0).astype(np.float32)
    low, high = tiles.min(axis=(1, 2), keepdims=True), tiles.max(axis=(1, 2), keepdims=True)
    scaled = (tiles - low) / np.where(high > low, high - low, 1)
    scaled[blank_maps(maps)] = np.nan
    grid = _Grid(len(tiles), 12 if len(tiles) <= FEW_TILES else MANY_COLUMNS, tiles.shape[1:3])
    return _coloured(
        grid, scaled, Normalize(0, 1), SEQUENTIAL_MAP, tr("activación, del mínimo al máximo de cada mapa")
    )


def picture_rows(pictures: np.ndarray, titles: Sequence[str]) -> Figure:
    """Pictures (columns, rows, h, w, 3) in 0..1, each column under its title."""
    figure, axes = plt.subplots(pictures.shape[1], len(titles), figsize=(WIDTH, 2.5), squeeze=False)
    for column, title in enumerate(titles):
        for row in range(pictures.shape[1]):
            axis = axes[row, column]
            axis.imshow(np.clip(pictures[column, row], 0, 1), interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)  # what is almost white would be lost on the paper
        axes[0, column].set_title(plain(tr(title)), fontsize=8, loc="center")
    return figure


def dense_weights(kernel: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Weights (features, classes) of the last dense layer, one row a class; grey is zero."""
    limit = _limit(kernel)
    figure, axis = plt.subplots(figsize=(WIDTH, 1.65))
    picture = axis.imshow(
        kernel.T,
        cmap=SIGNED_MAP,
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
    )
    axis.set_yticks(range(len(class_names)), [plain(tr(name)) for name in class_names])
    axis.set_xlabel(tr("característica de entrada"))
    axis.grid(False)
    localise(axis, y=False)
    bar = figure.colorbar(picture, ax=axis, label=tr("peso (gris: cero)"), pad=0.01)
    localise(bar.ax)
    return figure


def sample_image(image: np.ndarray, title: str) -> Figure:
    """One byte image (h, w, 3) under its title."""
    figure, axis = plt.subplots(figsize=(1.1, 1.27))
    axis.imshow(image, interpolation="nearest")
    axis.set_title(plain(tr(title)), loc="center")
    axis.axis("off")
    return figure


@dataclass(frozen=True)
class _Grid:
    """Where ``count`` tiles of ``shape`` (h, w) go, in whole pixels at ``DPI``.

    ``zoom`` is the pixels of a tile's cell; by default the most that fit across the page.
    """

    count: int
    columns: int
    shape: tuple[int, ...]
    zoom: int = 0

    LABEL = 30  # pixels above each tile for its number
    GAP = 6  # pixels between tiles
    FOOT = 150  # pixels below for the scale

    @property
    def across(self) -> int:
        return min(self.columns, self.count)

    @property
    def cell(self) -> int:
        room = round(WIDTH * DPI) // self.columns - self.GAP
        return self.zoom or max(1, room // self.shape[1])

    @property
    def step(self) -> tuple[int, int]:
        height, width = (side * self.cell for side in self.shape)
        return height + self.LABEL + self.GAP, width + self.GAP

    @property
    def size(self) -> tuple[int, int]:
        down, across = self.step
        return math.ceil(self.count / self.across) * down, self.across * across - self.GAP

    def corner(self, number: int) -> tuple[int, int]:
        """Top left pixel of a tile."""
        row, column = divmod(number, self.across)
        return row * self.step[0] + self.LABEL, column * self.step[1]

    def compose(self, tiles: np.ndarray) -> np.ndarray:
        """Colours (n, h, w, 3), bytes or in 0..1, on one white picture of bytes."""
        picture = np.full((*self.size, 3), 255, dtype=np.uint8)
        for number, small in enumerate(tiles):
            colours = small if small.dtype == np.uint8 else np.rint(255 * small).astype(np.uint8)
            tile = colours.repeat(self.cell, axis=0).repeat(self.cell, axis=1)
            y, x = self.corner(number)
            picture[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
        return picture

    def figure(self, tiles: np.ndarray, scale: ScalarMappable, label: str, extend: str = "neither") -> Figure:
        """The tiles (n, h, w, 3) with their numbers, and the one scale below."""
        height, width = self.size
        page = max(width, round(WIDTH * DPI) // 2)  # room for the scale below few tiles
        whole = height + self.FOOT
        figure = plt.figure(figsize=(page / DPI, whole / DPI), dpi=DPI, layout="none")
        box = ((page - width) // 2 / page, self.FOOT / whole, width / page, height / whole)
        axis = figure.add_axes(box)
        picture, row = self.compose(tiles), self.step[0]
        for top in range(0, height, row):  # drawn whole, a page of pixels takes 400 MB for a moment
            bottom = min(top + row, height)
            axis.imshow(picture[top:bottom], extent=(0, width, bottom, top), interpolation="none")
        axis.set(xlim=(0, width), ylim=(height, 0))
        axis.axis("off")
        for number in range(self.count):
            y, x = self.corner(number)
            middle = x + self.shape[1] * self.cell / 2
            axis.text(middle, y - 6, str(number), fontsize=7, color=GREY, ha="center", va="baseline")
        bar_axis = figure.add_axes((0.3, (self.FOOT - 42) / whole, 0.4, 24 / whole))
        _scale_bar(figure, scale, bar_axis, label, extend)
        return figure


def _mosaic_layout(size: int, channels: int, filters: int) -> tuple[int, int, int]:
    """Tiles in a row, slices in a row of a tile, and pixels of a weight.

    All fits in ``MOSAIC_HEIGHT``, down to one pixel a weight. The largest weights win; then rows without
    a gap at the end; then tiles of about twice their height.
    """
    layouts = []
    for columns in range(min(MOSAIC_COLUMNS[0], filters), min(MOSAIC_COLUMNS[1], filters) + 1):
        room = round(WIDTH * DPI) // columns - _Grid.GAP
        rows = math.ceil(filters / columns)
        space = (MOSAIC_HEIGHT * DPI - _Grid.FOOT) // rows - _Grid.LABEL - _Grid.GAP
        for across in range(1, channels + 1):
            down = math.ceil(channels / across)
            side = min(int(min(room // across, space // down) - SLICE_GAP) // size, WEIGHT_PIXELS)
            uneven = abs(math.log(across / (2 * down)))
            layouts.append((side, -(-filters % columns), -uneven, columns, across))
    side, _, _, columns, across = max(layouts)
    return columns, across, max(1, side)


def _coloured(grid: _Grid, tiles: np.ndarray, norm: Normalize, cmap: Colormap | str, label: str) -> Figure:
    """Values (n, h, w) in colour; NaN stays white."""
    scale = ScalarMappable(norm, cmap)
    colours = scale.cmap(norm(tiles), bytes=True)[..., :3]
    colours[np.isnan(tiles)] = 255
    below, above = np.nanmin(tiles) < norm.vmin, np.nanmax(tiles) > norm.vmax
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    return grid.figure(colours, scale, label, extend)


def _scale_bar(figure: Figure, scale: ScalarMappable, axis: Any, label: str, extend: str) -> None:
    bar = figure.colorbar(scale, cax=axis, orientation="horizontal", label=label, extend=extend)
    bar.ax.tick_params(labelsize=7)
    bar.ax.xaxis.label.set_fontsize(7.5)
    localise(bar.ax, y=False)


def _limit(weights: np.ndarray, outliers: float = 0.0) -> float:
    """Half the width of a symmetric scale that leaves a share of ``outliers`` out."""
    sizes = np.abs(weights)
    return float(np.quantile(sizes, 1 - outliers)) or float(sizes.max()) or 1.0
