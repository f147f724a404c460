"""The figures of question 9: when each size reaches its minimum, and what it changes."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from runner.analysis import readings
from runner.figures.style import INK, WIDTH, label_lines, localise, plain
from runner.language.i18n import tr
from runner.practice.figures.bands import Histories, band, histories, values
from runner.practice.figures.colours import colour_of
from runner.practice.figures.differences import Series, differences, name_signs, paired
from runner.practice.figures.titles import title
from runner.results.finished import WhichEpoch
from runner.results.study import Study

ASIDE = 0.06  # how far beside their size both differences stand, as a share of its logarithm


def batch_curves(study: Study, reading: readings.Batches | None = None) -> Figure:
    """Training and validation loss by epoch, a line a batch size, the minima of validation marked."""
    reading = reading or readings.batches(study)
    figure, (train, validation) = plt.subplots(1, 2, figsize=(WIDTH, 2.1), sharey=True)
    title(figure, "batches", "curves_title", reading.facts)
    for name in reading.names:
        runs, colour = histories(study, name), colour_of(name)
        curve(train, runs, "train_cross_entropy", colour, "--")
        curve(validation, runs, "validation_cross_entropy", colour, "-")
        mark_lowest(validation, runs, colour)
    train.set_title(tr("Pérdida de entrenamiento"), fontweight="normal")
    validation.set_title(tr("Pérdida de validación"), fontweight="normal")
    label_ends(validation, study, [(name, tr("lote de {size}", size=size)) for name, size in reading.sizes])
    return figure


def batch_differences(study: Study, reading: readings.Batches | None = None) -> Figure:
    """Losses and accuracies of validation less the base's, at the last and at the best epoch, paired."""
    reading = reading or readings.batches(study)
    figure, (loss, accuracy) = plt.subplots(1, 2, figsize=(WIDTH, 2.05))
    title(figure, "batches", "differences_title", reading.facts)
    sizes = dict(reading.sizes)
    panels = []
    for axis, moves, factor in [(loss, reading.losses, 1.0), (accuracy, reading.accuracies, 100.0)]:
        panels.append({epoch: series(found, epoch, sizes, factor) for epoch, found in moves.items()})
        differences(axis, panels[-1])
        axis.set_xscale("log", base=2)
        others = [sizes[name] for name in reading.others]
        axis.set_xticks(others, [str(size) for size in others])
        axis.minorticks_off()
        axis.margins(x=0.1)
        axis.set_xlabel(tr("tamaño de lote (escala logarítmica)"))
        localise(axis, x=False)
    name_signs(figure, panels)
    base = sizes[reading.base]
    loss.set_title(tr("Pérdida menos la de lotes de {size}", size=base), fontweight="normal")
    accuracy.set_title(tr("Exactitud menos la de lotes de {size} (puntos)", size=base), fontweight="normal")
    return figure


def series(moves: readings.Moves, epoch: WhichEpoch, sizes: dict[str, int], factor: float) -> Series:
    """Differences at the places of the sizes, the last epoch's a little to the left."""
    aside = 2 ** (-ASIDE * 4 if epoch == "last" else ASIDE * 4)
    return paired(moves.compared, [sizes[c.variant] * aside for c in moves.compared], factor)


def curve(axis: Axes, runs: Histories, field: str, colour: str, line: str) -> None:
    """The mean over the seeds, and the band between them."""
    y = values(runs, field).mean(axis=0)
    x = [epoch.epoch for epoch in runs[0][: len(y)]]
    band(axis, runs, field, colour)
    axis.plot(x, y, line, color=colour, lw=1.4, marker="." if len(x) == 1 else None)
    axis.set_xlabel(tr("época"))
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    localise(axis)


def mark_lowest(axis: Axes, runs: Histories, colour: str) -> None:
    """A dot on the minimum of validation, of the mean over the seeds."""
    y = values(runs, "validation_cross_entropy").mean(axis=0)
    at = int(y.argmin())
    axis.plot(runs[0][at].epoch, y[at], "o", ms=5.5, color=colour, mec=INK, mew=0.7, zorder=5)


def label_ends(axis: Axes, study: Study, labels: Sequence[tuple[str, str]], gap: float = 0.13) -> None:
    """Name the validation curves of some variants at their ends."""
    ends = []
    for name, text in labels:
        y = values(histories(study, name), "validation_cross_entropy").mean(axis=0)
        ends.append((len(y), float(y[-1]), plain(text), colour_of(name)))
    label_lines(axis, ends, gap)
