"""Numbers of a column, one below the other by their decimal point: room instead of the missing decimals.

Only the space at the right of a cell changes. No text is added, which a reader or a check could stumble on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(?P<tag>t[hd])\b(?P<attributes>[^>]*)>(?P<content>.*?)</(?P=tag)>", re.DOTALL)
SPREAD = re.compile(r'<span class="sd">.*?</span>', re.DOTALL)  # stands on a line of its own
MARKUP = re.compile(r"<[^>]*>")
NUMERIC = re.compile(r'class="[^"]*\bnum\b')
SPAN = re.compile(r'colspan="(\d+)"')
# Widths in the table's typeface, in em: digits have all the same.
DIGIT, POINT, SIGN = 0.497, 0.249, 0.497


@dataclass(frozen=True)
class _Cell:
    start: int  # where the attributes end, in the table
    column: int
    tail: float  # width after the units digit, in em


def align_decimals(html: str, point: str) -> str:
    """The document with the numbers of every table's columns aligned; ``point`` is the decimal mark."""
    return TABLE.sub(lambda table: _aligned(table.group(0), point), html)


def _aligned(table: str, point: str) -> str:
    cells = list(_numeric_cells(table, point))
    tails: dict[int, list[float]] = defaultdict(list)
    for cell in cells:
        tails[cell.column].append(cell.tail)
    uneven = {column for column, found in tails.items() if len(set(found)) > 1}
    return _with_room(table, [(c.start, max(tails[c.column]) - c.tail) for c in cells if c.column in uneven])


def _with_room(table: str, rooms: Sequence[tuple[int, float]]) -> str:
    pieces, done = [], 0
    for start, room in rooms:
        pieces += [table[done:start], f' style="padding-right: calc(1mm + {room:.3f}em)"']
        done = start
    return "".join([*pieces, table[done:]])


def _numeric_cells(table: str, point: str) -> Iterator[_Cell]:
    for row in ROW.finditer(table):
        column = 0
        for cell in CELL.finditer(row.group(0)):
            attributes = cell["attributes"]
            if cell["tag"] == "td" and NUMERIC.search(attributes):
                text = unescape(MARKUP.sub("", SPREAD.sub("", cell["content"]))).strip()
                yield _Cell(row.start() + cell.end("attributes"), column, _tail(text, point))
            spans = SPAN.search(attributes)
            column += int(spans[1]) if spans else 1


def _tail(text: str, point: str) -> float:
    """Width of what follows the units digit: decimal mark, decimals, and a multiplication sign."""
    number = text.removesuffix("\N{MULTIPLICATION SIGN}")
    unit = SIGN if number != text else 0.0
    whole, mark, decimals = number.rpartition(point)
    if not mark or not whole[-1:].isdigit() or not decimals.isdigit():
        return unit
    return POINT + len(decimals) * DIGIT + unit
