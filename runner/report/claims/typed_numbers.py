"""Finds numbers that stand in a rendered part without coming from the results.

Every measured number is printed by a filter, inside a ``<data>`` element that says where it is from. Any
other digit must be of the statement or of a citation, and declared so at the top of the template:
``{% set constants = "64; 25 %" %}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser

NUMBER = re.compile(r"\w*\d[\w.,]*\d\w*(?: ?%)?|\w*\d\w*(?: ?%)?")
EVERYWHERE = frozenset({"95 %", "bfloat16", "float32"})  # the level of every interval; names of numbers
TRACED_ELEMENTS = frozenset({"data", "code", "pre", "svg"})
# Cross references, numbers of figures and tables, a failure's own words, and what a metric is called.
TRACED_CLASSES = frozenset({"ref", "number", "missing", "absent", "metric"})
VOID_ELEMENTS = frozenset({"br", "col", "hr", "img", "wbr"})


def untraced_numbers(fragment: str, constants: str = "", labels: Iterable[str] = ()) -> list[str]:
    """Numbers in the text of an HTML fragment that are neither traced nor in ``constants``.

    ``constants`` are separated by semicolons, percentages with a blank before the sign; ``labels`` are
    names that may hold digits ("lotes de 4").
    """
    reader = _UntracedText()
    reader.feed(fragment)
    reader.close()
    text = _spaced("".join(reader.pieces))
    folded = text.casefold()
    there = [label for label in map(_spaced, labels) if label.casefold() in folded]  # of thousands, few
    for label in sorted(there, key=len, reverse=True):
        text = re.sub(re.escape(label), " ", text, flags=re.IGNORECASE)
    allowed = EVERYWHERE | {each.strip() for each in constants.split(";")}
    written = (number.replace("%", " %").replace("  ", " ") for number in NUMBER.findall(text))
    return [number for number in written if number not in allowed]


def _spaced(text: str) -> str:
    return " ".join(text.split())


class _UntracedText(HTMLParser):
    """Collects the text outside the elements whose numbers are accounted for."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[bool] = []  # for each open element, whether its text is accounted for

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note whether what follows is accounted for."""
        if tag in VOID_ELEMENTS:
            return
        classes = set((dict(attrs).get("class") or "").split())
        self._open.append(tag in TRACED_ELEMENTS or bool(classes & TRACED_CLASSES))
        self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        if tag not in VOID_ELEMENTS and self._open:
            self._open.pop()
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        """Keep the text unless an element around it accounts for its numbers."""
        if not any(self._open):
            self.pieces.append(data)
