"""The title of a figure: what it shows, in words that follow from the results."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from matplotlib.figure import Figure

from runner.analysis.readings import Facts
from runner.figures.style import INK, plain
from runner.language.phrases import plain_phrase
from runner.plan.variants import TEMPLATES

CHANGES_NO_DIGIT = True  # of a training: see code_closure
SIZE = 9.5  # points
LETTERS = 14.8  # of a title, an inch: what fits across the figure
LINE = 0.18  # inches: 54 whole pixels of a grid


def give_title(figure: Figure, text: str) -> Figure:
    """The same figure, made higher by a title at its left."""
    width, height = figure.get_size_inches()
    lines = fill(text, int(LETTERS * width))
    whole = height + LINE * (lines.count("\n") + 1)
    place: dict[str, float] = {}  # left to the layout, which makes room
    if figure.get_layout_engine() is None:
        place = {"y": 1 - 0.02 / whole}
        for axis in figure.axes:
            box, share = axis.get_position(), height / whole
            axis.set_position((box.x0, box.y0 * share, box.width, box.height * share))
    figure.set_size_inches(width, whole)
    look: dict[str, Any] = {
        "ha": "left",
        "va": "top",
        "fontsize": SIZE,
        "fontweight": "semibold",
        "color": INK,
    }
    figure.suptitle(plain(lines), x=0.005, **place, **look)
    return figure


def title(figure: Figure, topic: str, part: str, facts: Facts, **slots: Any) -> Figure:
    """The same figure under what the phrases say of these facts."""
    return give_title(figure, plain_phrase(TEMPLATES, topic, part, facts, **slots))
