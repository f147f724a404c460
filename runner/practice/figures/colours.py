"""One colour for one model, in every figure."""

from __future__ import annotations

from runner.figures.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY
from runner.plan.records import origin

OF_MODEL = {
    "baseline": BLUE,
    "batch-4": "#a8325a",
    "batch-16": ORANGE,
    "batch-128": SKY,
    "batch-256": GREEN,
    "filters-x2": PURPLE,
    "layers-x2": "#7a5c00",
    "best": INK,
}


def colour_of(name: str) -> str:
    """The colour of a variant, whatever its seed; grey for those that no figure tells apart."""
    return OF_MODEL.get(origin(name), GREY)
