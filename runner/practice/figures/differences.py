"""Paired differences with their intervals, at the last epoch and at the best, in one panel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from runner.analysis.compare import Comparison
from runner.figures.style import INK
from runner.language.i18n import tr
from runner.practice.figures.colours import colour_of
from runner.results.records import WhichEpoch


@dataclass(frozen=True)
class Series:
    """Places along the axis and, at each, a difference, the ends of its interval, and its colour."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    colours: tuple[str, ...]


def paired(compared: Sequence[Comparison], x: Sequence[float], factor: float = 1.0) -> Series:
    """Comparisons at their places, in units of ``1 / factor``."""
    return Series(
        tuple(x),
        tuple(factor * c.difference for c in compared),
        tuple(factor * c.low for c in compared),
        tuple(factor * c.high for c in compared),
        tuple(colour_of(c.variant) for c in compared),
    )


def differences(axis: Axes, found: Mapping[WhichEpoch, Series]) -> None:
    """Filled dots for the last epoch, open ones for the best, each with the interval of its paired test."""
    axis.axhline(0, color=INK, lw=0.8)
    for epoch, series in found.items():
        rows = zip(series.x, series.y, series.low, series.high, series.colours, strict=True)
        for x, y, low, high, colour in rows:
            axis.plot([x, x], [low, high], color=colour, lw=1.3)
            axis.plot(x, y, "o", ms=5, color=colour, mfc=face(epoch, colour), mew=1.1)


def name_epochs(figure: Figure, epochs: Collection[WhichEpoch]) -> None:
    """Below the panels, which dots are which; one kind alone needs no name."""
    if len(epochs) < 2:
        return
    names: dict[WhichEpoch, str] = {"last": tr("última época"), "best": tr("mejor época de cada uno")}
    dots = [
        Line2D([], [], marker="o", ms=5, color=INK, mfc=face(epoch, INK), mew=1.1, lw=0, label=name)
        for epoch, name in names.items()
    ]
    figure.legend(handles=dots, loc="outside lower center", ncols=2, frameon=False, fontsize=8.5)


def face(epoch: WhichEpoch, colour: str) -> str:
    """What a dot is filled with."""
    return colour if epoch == "last" else "white"
