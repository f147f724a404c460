"""Paired differences with their intervals, at the last epoch and at the best, in one panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from runner.analysis.compare import Comparison
from runner.figures.style import INK
from runner.language.i18n import tr
from runner.practice.figures.colours import colour_of
from runner.results.finished import WhichEpoch

MARGIN, MARGIN_WIDTH = "#dfe3e8", 9


@dataclass(frozen=True)
class Series:
    """Places along the axis and, at each, a difference, the ends of its interval, and its colour.

    ``margins`` are those within which variants count as equal (0: none is given), ``shown`` says where the
    test showed something: a difference, or that there is none beyond the margin.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    colours: tuple[str, ...]
    margins: tuple[float, ...]
    shown: tuple[bool, ...]


def paired(compared: Sequence[Comparison], x: Sequence[float], factor: float = 1.0) -> Series:
    """Comparisons at their places, in units of ``1 / factor``."""
    return Series(
        tuple(x),
        tuple(factor * c.difference for c in compared),
        tuple(factor * c.low for c in compared),
        tuple(factor * c.high for c in compared),
        tuple(colour_of(c.variant) for c in compared),
        tuple(factor * (c.margin or 0.0) for c in compared),
        tuple(c.conclusion not in ("undecided", "few") for c in compared),
    )


def differences(axis: Axes, found: Mapping[WhichEpoch, Series]) -> None:
    """Filled dots for the last epoch, open ones for the best, each with the interval of its paired test.

    Behind each a band of its margin; the interval is dashed where nothing was shown.
    """
    axis.axhline(0, color=INK, lw=0.8)
    for epoch, series in found.items():
        for x, margin in zip(series.x, series.margins, strict=True):
            axis.plot(
                [x, x], [-margin, margin], color=MARGIN, lw=MARGIN_WIDTH, solid_capstyle="butt", zorder=0
            )
        rows = zip(series.x, series.y, series.low, series.high, series.colours, series.shown, strict=True)
        for x, y, low, high, colour, shown in rows:
            axis.plot([x, x], [low, high], line(shown), color=colour, lw=1.3)
            axis.plot(x, y, "o", ms=5, color=colour, mfc=face(epoch, colour), mew=1.1)


def name_signs(figure: Figure, panels: Sequence[Mapping[WhichEpoch, Series]]) -> None:
    """Below the panels, what dots, dashes and bands mean; one kind of dot alone needs no name."""
    drawn = [series for panel in panels for series in panel.values()]
    epochs = dict.fromkeys(epoch for panel in panels for epoch in panel)
    names: dict[WhichEpoch, str] = {"last": tr("última época"), "best": tr("mejor época de cada uno")}
    signs: list[Artist] = [
        Line2D([], [], marker="o", ms=5, color=INK, mfc=face(epoch, INK), mew=1.1, lw=0, label=names[epoch])
        for epoch in (epochs if len(epochs) > 1 else ())
    ]
    if not all(all(series.shown) for series in drawn):
        signs.append(Line2D([], [], ls=line(False), color=INK, lw=1.3, label=tr("no demostrada")))
    if any(any(series.margins) for series in drawn):
        signs.append(Patch(color=MARGIN, lw=0, label=tr("margen de equivalencia")))
    if signs:
        figure.legend(
            handles=signs,
            loc="outside lower center",
            ncols=len(signs),
            frameon=False,
            fontsize=8,
            columnspacing=1.2,
            handletextpad=0.5,
        )


def line(shown: bool) -> str:
    """How an interval is drawn."""
    return "-" if shown else ":"


def face(epoch: WhichEpoch, colour: str) -> str:
    """What a dot is filled with."""
    return colour if epoch == "last" else "white"
