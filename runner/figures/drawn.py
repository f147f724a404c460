"""A figure as a practice gives it, and as it lies on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.results.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class DrawnFigure(NamedTuple):
    """A figure, its alternative text, and whether it is kept as vectors."""

    figure: Figure
    alt: str
    vector: bool = True


Draw = Callable[[Study], DrawnFigure]


@dataclass(frozen=True)
class Drawn:
    """A figure on disk: its path from the build folder, and a description of what it shows."""

    path: Path
    alt: str
