"""Where text and ink stand on the printed pages of a report, and what of it a reader would frown at.

All is read back from the PDF itself by pdfium, in points from a page's upper edge.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

MM = 72 / 25.4
TOP, BOTTOM = 22 * MM, 20 * MM  # margins of the style sheet: running head and page number are in them
MOST_PAGES, EMPTY = 22, 0.25
SMALLEST = 7.0  # points of text, as printed; indices and exponents in a line of larger text don't count
SCALE = 0.5  # pixels a point, to look for ink
INK = 160  # of 255: darker than the pale stamp of a draft
TITLE, SUBTITLE = 16.0, 11.4  # points: h2 and h3 of the style sheet
AFTER = {TITLE: 3, SUBTITLE: 2}  # lines below a heading on its page; of an answer, its question too
NOTE = 8.5  # points
CAPTION = re.compile(r"(Figura|Figure)\s(\d+)\.")
HYPHEN = re.compile("[-\u2010\u00ad] ")  # where a line ends in a word
MENTION = re.compile(r"(?:Figura|Figure)\s(\d+)")


@dataclass(frozen=True)
class Line:
    """A run of text on one base line: its depth on the page, its size as printed, and its words."""

    y: float
    size: float
    text: str


@dataclass(frozen=True)
class Page:
    """What stands on one page: texts in reading order, and the share of its text area that is empty below."""

    number: int
    height: float
    lines: tuple[Line, ...]
    empty: float

    @property
    def head(self) -> str:
        """The running head."""
        return " ".join(line.text for line in self.lines if line.y < TOP)

    @property
    def body(self) -> list[Line]:
        """What is neither running head nor page number."""
        return [line for line in self.lines if TOP <= line.y <= self.height - BOTTOM]

    @property
    def text(self) -> str:
        """The words of the body."""
        return " ".join(line.text for line in self.body)


def measure(pdf: Path) -> list[Page]:
    """All pages of a report."""
    document = pdfium.PdfDocument(pdf)
    try:
        return [_measured(document[place], place + 1) for place in range(len(document))]
    finally:
        document.close()


def _measured(page: pdfium.PdfPage, number: int) -> Page:
    height, words = page.get_height(), page.get_textpage()
    lines = tuple(_lines(words, height))
    words.close()
    return Page(number, height, lines, _empty(page, height))


def _lines(words: pdfium.PdfTextPage, height: float) -> Iterator[Line]:
    """Runs of letters of one size on one base line, as they are drawn, with those of a break left out."""
    matrix = raw.FS_MATRIX()
    letters: list[tuple[float, float, str]] = []
    for place in range(words.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(words, place))
        if raw.FPDFText_IsGenerated(words, place) == 1 and letter != " ":
            continue
        raw.FPDFText_GetMatrix(words, place, matrix)
        size = raw.FPDFText_GetFontSize(words, place) * math.hypot(matrix.c, matrix.d)
        if letter == " " and letters:  # blanks between words may be of the reader's making
            letters.append((*letters[-1][:2], letter))
        else:
            letters.append((round(height - matrix.f, 1), round(size, 1), letter))
    for (y, size), run in groupby(letters, lambda letter: letter[:2]):
        text = "".join(letter for _, _, letter in run).replace("\N{NO-BREAK SPACE}", " ").strip()
        if text:
            yield Line(y, size, text)


def _empty(page: pdfium.PdfPage, height: float) -> float:
    """The share of the text area below the last ink in it."""
    picture = page.render(scale=SCALE, grayscale=True).to_numpy()
    rows = np.flatnonzero((picture.reshape(len(picture), -1) < INK).any(axis=1)) / SCALE
    inked = rows[(rows >= TOP) & (rows <= height - BOTTOM)]
    lowest = float(inked.max()) if len(inked) else TOP
    return (height - BOTTOM - lowest) / (height - BOTTOM - TOP)


def faults(pages: Sequence[Page]) -> list[str]:
    """What is wrong with the pages of a report, a line each; the first two are its cover and its front."""
    found = [f"{len(pages)} pages"] if len(pages) > MOST_PAGES else []
    for page in pages[2:]:
        if page.empty > EMPTY and page is not pages[-1]:
            found.append(f"page {page.number}: {page.empty:.0%} of it empty")
        found += [f"page {page.number}: {each}" for each in _faults(page)]
    return [*found, *_wrong_heads(pages[2:]), *_strayed(pages[2:])]


def _faults(page: Page) -> Iterator[str]:
    small = {line.text for line in page.body if line.size < SMALLEST and not _raised(line, page.body)}
    if small:
        yield f"text smaller than {SMALLEST:g} pt: {sorted(small)[:5]}"
    for line in page.body:
        if line.size in (TITLE, SUBTITLE):
            below = {each.y for each in page.body if each.y > line.y and each.size not in (TITLE, SUBTITLE)}
            if len(below) < AFTER[line.size]:
                yield f"the heading '{line.text}' is left alone at the foot"
    first = next((place for place, line in enumerate(page.body) if line.size == TITLE), 0)
    above = {line.size for line in page.body[:first] if not line.text.endswith(".") or line.size != 10.0}
    if above == {NOTE}:
        yield "it begins with a note of the page before"


def _raised(line: Line, body: Sequence[Line]) -> bool:
    """Whether it is an index or an exponent: close to the base line of larger text."""
    return len(line.text) < 4 and any(0 < abs(other.y - line.y) < other.size < 13 for other in body)


def _wrong_heads(pages: Sequence[Page]) -> Iterator[str]:
    """Running heads that are not the title of the part that the page begins with."""
    title = ""
    for page in pages:
        lines = sorted(page.body, key=lambda line: line.y)  # what floats is drawn first
        titles = [(place, line) for place, line in enumerate(lines) if line.size == TITLE]
        if titles and titles[0][0] <= 1:  # only its number above it
            title = titles[0][1].text
        if title not in page.head:
            yield f"page {page.number}: it begins with '{title}', and its head says '{page.head}'"
        title = titles[-1][1].text if titles else title


def _strayed(pages: Sequence[Page]) -> Iterator[str]:
    """Figures that the text names nowhere, or further away than on the facing page."""
    for page in pages:
        for number in {int(found[2]) for line in page.body if (found := CAPTION.match(line.text))}:
            naming = [other.number for other in pages if _names(other, number)]
            if not naming:
                yield f"figure {number} is named nowhere in the text"
            elif abs(naming[0] - page.number) > 1:
                yield f"figure {number} is on page {page.number} and first named on page {naming[0]}"


def _names(page: Page, number: int) -> bool:
    text = HYPHEN.sub("", " ".join(line.text for line in page.body if not CAPTION.match(line.text)))
    return any(int(found[1]) == number for found in MENTION.finditer(text))
