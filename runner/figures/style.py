"""One look for every figure: typeface, palette, number format, and how figures are saved."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

import matplotlib as mpl
from babel.numbers import format_decimal
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter
from PIL import Image

from runner.errors import RunnerError
from runner.figures.typefaces import FONTS, own_fonts
from runner.files import write_bytes
from runner.language import i18n

CHANGES_NO_DIGIT = True  # of a training: see code_closure
FAMILIES = ("Source Sans Pro", "Source Serif Pro", "DejaVu Sans Mono")  # the program's own
WIDTH = 6.3  # inches: the text width of the page, 16 cm

# Dark and light enough apart to be told in grey, and safe for colour-blind readers.
INK, GREY, RULE = "#222222", "#6b6b6b", "#d5d5d5"
BLUE, ORANGE, GREEN, PURPLE, SKY = "#1f4e79", "#d1711a", "#2a8a5e", "#8a4f9e", "#6aaed6"
SEQUENCE = (BLUE, ORANGE, GREEN, PURPLE, SKY)
MISSING = r"Glyph (\d+) .*missing from font"  # how matplotlib begins to say so
SEQUENTIAL_MAP = "cividis"
# For weights: zero is grey, and lightness grows with the value, so that the sign survives grey print.
SIGNED_MAP = LinearSegmentedColormap.from_list(
    "signed", ["#08233f", "#2f5f8f", "#8c8c8c", "#e8a15a", "#ffdc96"]
)


def use_style(brought: Sequence[Path] = ()) -> None:
    """Set matplotlib's defaults for this process; none of the account's counts.

    What one family has no letter for is set in the next, at last in the fonts ``brought``.
    """
    mpl.rcdefaults()
    logging.getLogger("matplotlib.font_manager").setLevel(
        logging.ERROR
    )  # a weight that another stands in for
    for font in own_fonts():
        _added(font)
    families = dict.fromkeys([*FAMILIES, *(family for font in brought for family in _added(font))])
    _prefer_own_fonts()
    mpl.rcParams.update(
        {
            "font.family": list(families),
            "font.size": 9,
            "axes.titlesize": 9.5,
            "axes.titleweight": "semibold",
            "axes.titlelocation": "left",
            "axes.labelsize": 9,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=SEQUENCE),
            "grid.color": RULE,
            "grid.linewidth": 0.5,
            "xtick.color": GREY,
            "ytick.color": GREY,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "text.color": INK,
            "lines.linewidth": 1.6,
            "figure.dpi": 110,
            "savefig.dpi": 300,
            "figure.constrained_layout.use": True,
            "svg.fonttype": "none",  # text stays text, in the document's own face
            "svg.hashsalt": "practica",  # the same figure gives the same bytes
        }
    )


def _prefer_own_fonts() -> None:
    """Leave matplotlib no font of the account by the name of one of the report's or of its own."""
    manager = font_manager.fontManager
    homes = (FONTS, Path(mpl.get_data_path()))
    own = [entry for entry in manager.ttflist if any(Path(entry.fname).is_relative_to(h) for h in homes)]
    taken = {entry.name for entry in own}
    manager.ttflist = [*own, *(entry for entry in manager.ttflist if entry.name not in taken)]


@cache
def _added(font: Path) -> tuple[str, ...]:
    """Make a font known to matplotlib, and its family; none if it is of a format that can't be read."""
    try:
        font_manager.fontManager.addfont(font)
    except (OSError, RuntimeError):
        return ()
    return (font_manager.fontManager.ttflist[-1].name,)


@contextmanager
def no_missing_letters(where: str) -> Iterator[None]:
    """Raise RunnerError, naming the figure, where matplotlib would draw a box for want of a letter."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=MISSING, category=UserWarning)
            yield
    except UserWarning as warning:
        found = re.match(MISSING, str(warning))
        if found is None:
            raise
        letter = chr(int(found[1]))
        what = f"the fonts have no {letter} (U+{ord(letter):04X})"
        raise RunnerError(what, where=f"figure '{where}'", hint="write it in other letters") from warning


def plain(text: str) -> str:
    """``text`` for matplotlib, which draws it as it is: a dollar in a label begins no formula."""
    return text.replace("$", r"\$")


def number(value: float, digits: int = 2) -> str:
    """``value`` with ``digits`` decimals in the reader's format."""
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return str(format_decimal(value, format=pattern, locale=i18n.current())).replace("-", i18n.MINUS)


class TickFormat(Formatter):
    """An axis's numbers in the reader's format, all with the decimals that the finest needs."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        """One number alone."""
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All the numbers of the axis."""
        needed = [f"{value:.6f}".rstrip("0").partition(".")[2] for value in values]
        digits = max(map(len, needed), default=0)
        return [number(round(value, digits) + 0.0, digits) for value in values]  # + 0.0: no minus zero


def localise(*axes: Axes, x: bool = True, y: bool = True) -> None:
    """Ticks in the reader's number format."""
    for axis in axes:
        if x:
            axis.xaxis.set_major_formatter(TickFormat())
        if y:
            axis.yaxis.set_major_formatter(TickFormat())


def label_lines(axis: Axes, ends: Sequence[tuple[float, float, str, str]], gap: float = 0.07) -> None:
    """Name each line at its right end (x, y, text, colour), pushed apart so that none overlap.

    ``gap`` is the least distance between two labels, as a share of the axis.
    """
    low, high = axis.get_ylim()
    least = gap * (high - low)
    placed: list[float] = []
    ordered = sorted(ends, key=lambda end: end[1])
    for _, y, _, _ in ordered:
        placed.append(max(y, placed[-1] + least) if placed else y)
    excess = max(0.0, placed[-1] - high) if placed else 0.0
    for place, (x, _, text, colour) in zip(placed, ordered, strict=True):
        axis.annotate(
            text,
            (x, place - excess),
            xytext=(7, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=8.5,
            annotation_clip=False,
        )


def save(figure: Figure, path: Path, vector: bool = True, root: Path | None = None) -> Path:
    """Write ``path`` with .svg, or .png for grids of many cells; whole or not at all.

    ``root`` is the build folder that it is in.
    """
    target = path.with_suffix(".svg" if vector else ".png")
    with io.BytesIO() as buffer:
        with no_missing_letters(target.stem):
            if vector:
                figure.savefig(buffer, format="svg", metadata={"Date": None})
            else:
                _save_opaque(figure, buffer)
        write_bytes(target, buffer.getvalue(), root)
    return target


def _save_opaque(figure: Figure, file: IO[bytes]) -> None:
    """A picture without a layer of transparency: in the PDF that would be a second one, pixel by pixel."""
    with io.BytesIO() as buffer:
        with mpl.rc_context({"savefig.bbox": None}):  # cut to its content, it would have another size
            figure.savefig(buffer, format="raw")
        width, height = (round(side) for side in figure.get_size_inches() * mpl.rcParams["savefig.dpi"])
        picture = Image.frombytes("RGBA", (int(width), int(height)), buffer.getvalue())
    dots = (mpl.rcParams["savefig.dpi"],) * 2
    picture.convert("RGB").save(file, format="png", dpi=dots)
