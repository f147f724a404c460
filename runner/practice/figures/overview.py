"""The figure of the summary's page: how well the main models do on the test set."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from runner.analysis.intervals import Interval, split_accuracy
from runner.analysis.over_seeds import student
from runner.figures.style import WIDTH, number, plain
from runner.language.i18n import percent_sign, tr
from runner.practice.figures.colours import colour_of
from runner.practice.figures.curves import PercentFormat
from runner.results.study import Study

CHANGES_NO_DIGIT = True  # of a training: see code_closure


def overview(study: Study, names: Sequence[str]) -> Figure:
    """Test accuracy of each model with its 95 % interval, the first on top."""
    figure, axis = plt.subplots(figsize=(WIDTH, 0.24 * len(names) + 0.55))
    rows = list(reversed(names))
    for place, name in enumerate(rows):
        found, colour = interval(study, name), colour_of(name)
        axis.plot([found.low, found.high], [place, place], color=colour, lw=1.6)
        axis.plot(found.value, place, "o", color=colour, ms=5)
        text = f"{number(100 * found.value, 1)}{percent_sign()}"
        axis.annotate(
            text, (found.high, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8
        )
    axis.set_yticks(range(len(rows)), [plain(study.label(name)) for name in rows])
    axis.set_xlabel(tr("exactitud en test (intervalo del 95 %)"))
    axis.grid(axis="y", visible=False)
    axis.margins(x=0.12, y=0.12)
    axis.xaxis.set_major_formatter(PercentFormat())
    return figure


def overview_words(study: Study, names: Sequence[str]) -> str:
    """The alternative text: each accuracy with its interval."""
    parts = []
    for name in names:
        found = interval(study, name)
        low, value, high = (
            f"{number(100 * share, 1)}{percent_sign()}" for share in (found.low, found.value, found.high)
        )
        label = study.label(name)
        parts.append(tr("{label}, {value} (de {low} a {high})", label=label, value=value, low=low, high=high))
    models, seeds = "; ".join(parts), max(len(study.runs(name)) for name in names)
    if seeds > 1:
        return tr(
            "Exactitud en test, media de {n} semillas, con su intervalo: {models}.", n=seeds, models=models
        )
    return tr("Exactitud en test con su intervalo del 95 %: {models}.", models=models)


def interval(study: Study, name: str) -> Interval:
    """The accuracy on the test set of one model, or the mean over its seeds."""
    runs = [study.get(run) for run in study.runs(name)]
    if len(runs) > 1:
        return student(np.array([split_accuracy(run, "test").value for run in runs]))
    return split_accuracy(study.get(name), "test")
