"""The figure of what one change does to the losses and to the time of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from runner.analysis.compare import Interval
from runner.analysis.timing import epoch_seconds, ratio
from runner.figures.style import BLUE, GREY, INK, WIDTH, label_lines, localise, number, plain
from runner.language.i18n import tr
from runner.practice.figures.bands import Histories, band, histories, values
from runner.results.study import Study

# Told apart in grey print by dashes and open marks; the reference is drawn last, over the variant's line.
REFERENCE, VARIANT = (GREY, "s--"), (BLUE, "o-")
LABEL_WIDTH = 16  # letters of a line of a label


def effect(study: Study, name: str, reference: str) -> Figure:
    """Losses of a variant over those of its reference, and the seconds of an epoch of both."""
    labels = [plain(fill(study.info(each).label, LABEL_WIDTH)) for each in (reference, name)]
    figure, (train, validation, times) = plt.subplots(1, 3, figsize=(WIDTH, 2.2), width_ratios=(1, 1, 0.8))
    runs = [histories(study, each) for each in (reference, name)]
    for axis, split, title in [
        (train, "train", tr("Pérdida de entrenamiento")),
        (validation, "validation", tr("Pérdida de validación")),
    ]:
        _over(axis, split, runs)
        axis.set_title(title)
    validation.sharey(train)
    validation.tick_params(labelleft=False)
    ends = [
        (len(each[0]), float(values(each, "validation_cross_entropy").mean(axis=0)[-1]), label, colour)
        for each, label, (colour, _) in zip(runs, labels, (REFERENCE, VARIANT), strict=True)
    ]
    label_lines(validation, ends, gap=0.2)
    _time_bars(times, [epoch_seconds(study, each) for each in (reference, name)], labels)
    _time_ratio(times, ratio(study, name, reference))
    return figure


def _time_bars(axis: Axes, seconds: Sequence[float], labels: Sequence[str]) -> None:
    bars = axis.barh([1, 0], seconds, color=[REFERENCE[0], VARIANT[0]], height=0.42)
    for bar, label, value in zip(bars, labels, seconds, strict=True):
        y = bar.get_y()
        axis.text(0, y + 0.47, label.replace("\n", " "), fontsize=8, va="bottom", color=INK)
        inside = value > 0.5 * max(seconds)
        axis.annotate(
            f"{number(value, 1)} s",
            (value, y + 0.21),
            xytext=(-4 if inside else 4, 0),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center",
            fontsize=8,
            color="white" if inside else INK,
        )
    axis.set(title=tr("Segundos por época"), yticks=[], ylim=(-0.4, 1.75))
    axis.spines["left"].set_visible(False)
    axis.grid(axis="y", visible=False)
    localise(axis, y=False)


def _time_ratio(axis: Axes, found: Interval) -> None:
    text = tr("tiempo relativo: {value}", value=number(found.value))
    if found.low < found.high:
        text += "\n" + tr("(IC 95 %: {low} a {high})", low=number(found.low), high=number(found.high))
    axis.set_xlabel(text)


def _over(axis: Axes, split: str, variants: Sequence[Histories]) -> None:
    styles = (REFERENCE, VARIANT)
    for place, (runs, (colour, line)) in enumerate(zip(variants, styles, strict=True)):
        y = values(runs, f"{split}_cross_entropy").mean(axis=0)
        band(axis, runs, f"{split}_cross_entropy", colour)
        x = [e.epoch for e in runs[0][: len(y)]]
        face = "white" if place == 0 else colour
        axis.plot(x, y, line, color=colour, ms=3.2, mfc=face, mew=0.9, lw=1.3, zorder=4 - place)
    axis.set_xlabel(tr("época"))
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    localise(axis)
