"""Whether two embedded fonts draw the same letters.

Their files need not be the same: two libraries leave out unused letters, and either may be the one at hand.
All that decides how a glyph of a number is drawn has to be.
"""

from __future__ import annotations

import io
from typing import Any

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

HINTS = ("fpgm", "prep", "cvt ")  # programs that move the points of outlines
NEVER_DRAWN = {"BASE", "FFTM", "GDEF", "gasp"}  # tables that one of the libraries leaves out
# In a file of CFF: where things are, and the box around all letters, which follows from those that are there.
PLACES = {"CharStrings", "Private", "charset", "Encoding", "FDArray", "FDSelect", "Subrs", "FontBBox"}


def same(theirs: bytes, ours: bytes) -> bool:
    """Whether both fonts have the same glyphs in the same order: outlines, widths, hints, scale.

    Raises whatever a damaged font leads to.
    """
    found, right = TTFont(io.BytesIO(theirs), lazy=True), TTFont(io.BytesIO(ours), lazy=True)
    if _tables(found) ^ _tables(right) or found.reader.numTables != len(found.reader.tables):
        return False
    glyphs, our_glyphs = _glyphs(found), _glyphs(right)
    if not all(each and each[0][0] for each in (glyphs, our_glyphs)):  # one empties what is for no letter
        glyphs, our_glyphs = glyphs[1:], our_glyphs[1:]
    return glyphs == our_glyphs and _frame(found) == _frame(right)


def _tables(font: TTFont) -> set[str]:
    return {*font.reader.keys()} - NEVER_DRAWN


def _glyphs(font: TTFont) -> list[Any]:
    """Outline and width of each, but for empty ones at the end, which one library leaves out."""
    glyphs, outlines = font.getGlyphSet(), list[Any]()
    for name in font.getGlyphOrder():
        pen = DecomposingRecordingPen(glyphs)
        glyphs[name].draw(pen)
        outlines.append((pen.value, font["hmtx"][name]))
    while outlines and not outlines[-1][0]:
        outlines.pop()
    return outlines


def _frame(font: TTFont) -> list[Any]:
    """What else decides how glyphs are drawn: their scale, their numbers, and what moves their points."""
    found: list[Any] = [font["head"].unitsPerEm, font.getBestCmap()]
    found += [font.getTableData(tag) if tag in font else b"" for tag in HINTS]
    if "glyf" in font:
        glyphs = (font["glyf"][name] for name in font.getGlyphOrder())
        found.append([each.program.getBytecode() for each in glyphs if hasattr(each, "program")])
    if "CFF " in font:
        (top,) = font["CFF "].cff
        found += [_values(top), top.charset, _values(top.Private) if hasattr(top, "Private") else ""]
        found.append(getattr(getattr(top, "FDSelect", None), "gidArray", None))
        found.append([(_values(each), _values(each.Private)) for each in getattr(top, "FDArray", ())])
    return found


def _values(of_cff: Any) -> dict[str, Any]:
    return {name: value for name, value in of_cff.rawDict.items() if name not in PLACES}
