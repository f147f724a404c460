"""The figure of questions 10 and 11: three networks by epoch, and what the larger ones gain."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from runner.analysis import readings
from runner.figures.style import WIDTH, localise, plain
from runner.language.i18n import tr
from runner.practice.figures.bands import histories
from runner.practice.figures.batches import curve, label_ends, mark_lowest
from runner.practice.figures.colours import colour_of
from runner.practice.figures.differences import Series, differences, name_signs, paired
from runner.practice.figures.titles import title
from runner.results.finished import WhichEpoch
from runner.results.study import Study

LABEL_WIDTH, TICK_WIDTH = 24, 16  # letters of a line of a label beside a curve, and below an axis
ASIDE = 0.12
FACTS = {"filters-x2": "filters", "layers-x2": "layers"}


def networks(study: Study, names: Sequence[str], reference: str) -> Figure:
    """Validation losses of a network and of larger ones, minima marked; their paired differences beside."""
    found = [readings.doubled(study, name, reference) for name in names]
    figure, (curves, gains) = plt.subplots(1, 2, figsize=(WIDTH, 1.95), width_ratios=(1.35, 1))
    title(figure, "doubled", "title", title_facts(found))
    shown = (reference, *names)
    for name in shown:
        runs, colour = histories(study, name), colour_of(name)
        curve(curves, runs, "validation_cross_entropy", colour, "-")
        mark_lowest(curves, runs, colour)
    curves.set_title(tr("Pérdida de validación"), fontweight="normal")
    label_ends(curves, study, [(name, fill(study.info(name).label, LABEL_WIDTH)) for name in shown], gap=0.27)
    epochs: tuple[WhichEpoch, ...] = ("last", "best")
    known = [epoch for epoch in epochs if all(epoch in each.loss for each in found)]
    panel = {epoch: series(found, epoch) for epoch in known}
    differences(gains, panel)
    name_signs(figure, [panel])
    gains.set_xticks(range(len(names)), [plain(fill(study.info(n).label, TICK_WIDTH)) for n in names])
    gains.margins(x=0.25)
    gains.grid(axis="x", visible=False)
    gains.set_title(tr("Menos la de {label}", label=plain(study.info(reference).label)), fontweight="normal")
    localise(gains, x=False)
    return figure


def series(found: Sequence[readings.Doubled], epoch: WhichEpoch) -> Series:
    """The differences of the validation loss side by side."""
    aside = -ASIDE if epoch == "last" else ASIDE
    return paired([each.loss[epoch] for each in found], [place + aside for place in range(len(found))])


def title_facts(found: Sequence[readings.Doubled]) -> readings.Facts:
    """The verdicts on the validation loss at the best epochs; ``unknown`` where there is none."""
    verdicts = {FACTS[each.name]: each.facts["best_loss"] for each in found if each.name in FACTS}
    return {**dict.fromkeys(FACTS.values(), "unknown"), **verdicts}
