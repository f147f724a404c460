"""A network drawn from the record of its layers: solids as high as their maps and as wide as their number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from runner.figures.style import BLUE, GREEN, GREY, INK, ORANGE, SKY, WIDTH, number, plain
from runner.language.i18n import tr
from runner.results.records import Layer

CHANGES_NO_DIGIT = True  # of a training: see code_closure
# What is drawn, in which colour; the layers between these keep the shape that they are given.
COLOURS = {
    "InputLayer": GREY,
    "Conv2D": BLUE,
    "MaxPooling2D": SKY,
    "Flatten": GREY,
    "GlobalMaxPooling2D": SKY,
    "Dense": ORANGE,
}
FIXED = GREEN  # a layer that is not trained
HEIGHT = 1.75  # inches
DEPTH = 0.22  # of a solid's side, how far its back is up and to the right
WIDEST, NARROWEST = 0.5, 0.12  # of a layer's place, the width of a solid
TEXT = 7  # points
CROWDED = 9  # layers: with more, their words are short
SHORT = 7  # characters of a line then


def network(layers: Sequence[Layer], fixed: Sequence[str] = ()) -> Figure:
    """The layers that change the shape, from left to right, with shape above and name and weights below.

    ``fixed`` are the names of those that are not trained.
    """
    drawn = drawn_layers(layers)
    sides = [layer.output_shape[0] if len(layer.output_shape) == 3 else 1 for layer in drawn]
    most = max(layer.output_shape[-1] for layer in drawn)
    figure, axis = plt.subplots(figsize=(WIDTH, HEIGHT))
    for place, (layer, side) in enumerate(zip(drawn, sides, strict=True)):
        height = max(0.06, math.sqrt(side / max(sides)))
        width = NARROWEST + (WIDEST - NARROWEST) * math.sqrt(layer.output_shape[-1] / most)
        colour = FIXED if layer.name in fixed else COLOURS[layer.kind]
        if len(layer.output_shape) == 1:
            height, width = 0.2 + 0.6 * math.sqrt(layer.output_shape[-1] / most), NARROWEST
        _solid(axis, place, width, height, colour)
        _words(axis, place, layer, len(drawn) > CROWDED)
    axis.set(xlim=(-0.6, len(drawn) - 0.25), ylim=(-0.92, 0.95))
    axis.axis("off")
    return figure


def drawn_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Those that have a place in the drawing."""
    return tuple(layer for layer in layers if layer.kind in COLOURS)


def layer_words(layer: Layer) -> str:
    """What a layer does, in a word or two."""
    return {
        "InputLayer": tr("imagen"),
        "Conv2D": tr("convolución"),
        "MaxPooling2D": tr("máximo 2 × 2"),
        "Flatten": tr("aplanado"),
        "GlobalMaxPooling2D": tr("máximo de cada mapa"),
        "Dense": tr("densa"),
    }[layer.kind]


def _solid(axis: Axes, place: int, width: float, height: float, colour: str) -> None:
    left, low, back = place - width / 2, -height / 2, DEPTH * height * 0.5
    axis.add_patch(Rectangle((left, low), width, height, facecolor=colour, edgecolor="white", lw=0.5))
    top = [(left, low + height), (left + back, low + height + back)]
    top += [(left + width + back, low + height + back), (left + width, low + height)]
    side = [(left + width, low), (left + width, low + height)]
    side += [(left + width + back, low + height + back), (left + width + back, low + back)]
    for corners, light in ((top, 0.55), (side, 0.75)):
        axis.add_patch(Polygon(corners, facecolor=colour, alpha=light, edgecolor="white", lw=0.5))


def _words(axis: Axes, place: int, layer: Layer, crowded: bool) -> None:
    """Shape above, kind and weights below; words of several lines keep to their place."""
    shape = "×".join(number(size, 0) for size in layer.output_shape)
    axis.text(place, 0.72, shape, fontsize=TEXT, color=INK, ha="center", va="center")
    below = plain("\n".join(_short(layer) if crowded else layer_words(layer).rsplit(" de ", 1)))
    if layer.parameters:
        below += f"\n{number(layer.parameters, 0)}"
    axis.text(place, -0.58, below, fontsize=TEXT, color=INK, ha="center", va="top", linespacing=1.1)


def _short(layer: Layer) -> list[str]:
    """The words in lines that have room beside those of many other layers."""
    if layer.kind == "Conv2D":
        return [tr("conv.")]
    first, _, rest = layer_words(layer).partition(" ")
    return [each for each in (first, *(rest.rsplit(" ", 1) if len(rest) > SHORT else [rest])) if each]


def network_words(layers: Sequence[Layer]) -> str:
    """The alternative text: each layer that is drawn, with its shape."""
    listed = "; ".join(
        tr(
            "{layer}, {shape}",
            layer=layer_words(layer),
            shape=" × ".join(number(size, 0) for size in layer.output_shape),
        )
        for layer in drawn_layers(layers)
    )
    return tr("Las capas de la red, con el tamaño de su salida: {layers}.", layers=listed)
