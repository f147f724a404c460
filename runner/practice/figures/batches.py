"""The figure of question 9: what the batch size does to the curves, to the losses and to the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from runner.analysis import over_seeds, timing
from runner.figures.style import GREY, INK, TRAIN, VALIDATION, WIDTH, label_lines, localise, number, plain
from runner.language.i18n import tr
from runner.practice.figures.bands import Histories, band, histories, values
from runner.results.records import Finished
from runner.results.study import Study

RATIO_TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def batch_sizes(study: Study, names: Sequence[str]) -> Figure:
    """One small panel of curves a batch size, then losses and time against those of the reference.

    The reference is the plan's baseline, or the first of ``names`` that is there if the baseline is not.
    Intervals are of 95 %: of the paired comparison for the validation loss (which is why training has none),
    of the rounds of the timing pass for the time.
    """
    runs = sorted((study.get(name) for name in names), key=_batch)
    found = [run.result.variant for run in runs]
    reference = study.baseline if study.baseline in found else found[0]
    figure = plt.figure(figsize=(WIDTH, 3.9))
    upper, lower = cast("list[SubFigure]", figure.subfigures(2, 1, height_ratios=(1, 1.15)))
    _curves(upper, study, runs)
    losses, times = lower.subplots(1, 2)
    _loss_differences(losses, study, runs, reference)
    _time_ratios(times, study, runs, reference)
    return figure


def _batch(run: Finished) -> int:
    return int(run.result.parameters["batch_size"])


def _curves(figure: SubFigure, study: Study, runs: Sequence[Finished]) -> None:
    panels = figure.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    for axis, run in zip(panels, runs, strict=True):
        _small_curves(axis, histories(study, run.result.variant), tr("lotes de {size}", size=_batch(run)))
    panels[0].set_ylabel(tr("pérdida"))
    last = histories(study, runs[-1].result.variant)
    ends = [
        (last[0][-1].epoch, float(values(last, f"{split}_cross_entropy").mean(axis=0)[-1]), name, colour)
        for split, name, colour in [
            ("train", tr("entrenamiento"), TRAIN),
            ("validation", tr("validación"), VALIDATION),
        ]
    ]
    label_lines(panels[-1], ends, gap=0.13)


def _small_curves(axis: Axes, runs: Histories, title: str) -> None:
    for field, colour, line in (
        ("train_cross_entropy", TRAIN, "--"),
        ("validation_cross_entropy", VALIDATION, "-"),
    ):
        found = values(runs, field).mean(axis=0)
        x = [e.epoch for e in runs[0][: len(found)]]
        band(axis, runs, field, colour)
        axis.plot(x, found, line, color=colour, lw=1.4)
    axis.set_title(title, fontsize=8.5)
    axis.set_xlabel(tr("época"))
    axis.set_xticks(sorted({1, (len(x) + 1) // 2, len(x)}))
    localise(axis)


def _loss_differences(axis: Axes, study: Study, runs: Sequence[Finished], reference: str) -> None:
    """Final losses minus those of the reference, the validation loss with its interval."""
    x = [_batch(run) for run in runs]
    axis.axhline(0, color=INK, lw=0.8)
    train, validation = list[float](), list[float]()
    errors = list[float](), list[float]()  # below, above
    for run in runs:
        pairs = over_seeds.paired_runs(study, run.result.variant, reference)
        compared = over_seeds.compare(pairs, "validation", "cross_entropy")
        validation.append(compared.difference)
        errors[0].append(max(0.0, compared.difference - compared.low))
        errors[1].append(max(0.0, compared.high - compared.difference))
        train.append(sum(_train(ours) - _train(theirs) for ours, theirs in pairs) / len(pairs))
    axis.plot(x, train, "s--", color=TRAIN, ms=4, lw=1, mfc="white")
    axis.plot(x, validation, "-", color=VALIDATION, lw=1)
    _bars(axis, x, validation, errors, VALIDATION)
    axis.set_title(tr("Pérdida final menos la de «{label}»", label=plain(study.info(reference).label)))
    _batch_axis(axis, x)
    localise(axis, x=False)
    ends = [
        (x[-1], train[-1], tr("entrenamiento"), TRAIN),
        (x[-1], validation[-1], tr("validación"), VALIDATION),
    ]
    label_lines(axis, ends, gap=0.12)


def _train(run: Finished) -> float:
    return run.training.evaluation.train.cross_entropy


def _time_ratios(axis: Axes, study: Study, runs: Sequence[Finished], reference: str) -> None:
    """Time of an epoch over the reference's, with its interval; the seconds stand under each size."""
    x = [_batch(run) for run in runs]
    found = [timing.ratio(study, run.result.variant, reference) for run in runs]
    y = [each.value for each in found]
    errors = [e.value - e.low for e in found], [e.high - e.value for e in found]
    axis.set_yscale("log", base=2)
    axis.axhline(1, color=INK, lw=0.8)
    axis.vlines(x, 1, y, color=GREY, lw=1.2)  # no line from dot to dot: it would cross the numbers
    _bars(axis, x, y, errors, INK)
    for place, ratio in zip(x, found, strict=True):
        axis.annotate(
            f"{number(ratio.value)}×",
            (place, ratio.low if ratio.high < 1 else ratio.high),
            xytext=(0, -6 if ratio.high < 1 else 6),
            textcoords="offset points",
            ha="center",
            va="top" if ratio.high < 1 else "bottom",
            fontsize=7.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},  # over the rules
        )
    axis.set_title(tr("Tiempo relativo al de «{label}»", label=plain(study.info(reference).label)))
    low, high = min(0.5, min(e.low for e in found) / 1.6), max(2.0, max(e.high for e in found) * 1.6)
    axis.set_ylim(low, high)
    ticks = [tick for tick in RATIO_TICKS if low <= tick <= high]
    axis.set_yticks(ticks, [f"{number(tick, 0 if tick >= 1 else 2)}×" for tick in ticks])
    _batch_axis(axis, x)
    # Beside the dots, the seconds of three near sizes would lie over one another.
    seconds = [number(timing.epoch_seconds(study, run.result.variant), 1) for run in runs]
    axis.set_xticks(x, [f"{size}\n{each} s" for size, each in zip(x, seconds, strict=True)])
    axis.set_xlabel(tr("tamaño de lote, y segundos de una época"))


def _bars(
    axis: Axes, x: Sequence[float], y: Sequence[float], errors: tuple[list[float], list[float]], colour: str
) -> None:
    """Dots with bars of ``errors`` (below, above)."""
    axis.errorbar(x, y, errors, marker="o", ms=4.5, color=colour, capsize=3, elinewidth=1.3, linestyle="none")


def _batch_axis(axis: Axes, sizes: Sequence[int]) -> None:
    axis.set_xscale("log", base=2)
    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.minorticks_off()
    axis.set_xlabel(tr("tamaño de lote (escala logarítmica)"))
    axis.margins(x=0.1)
