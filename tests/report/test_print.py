"""What is done to the HTML for paper: decimals below decimals, and formulas as outlines."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest

from runner.report.printing.decimals import align_decimals
from runner.report.printing.formulas import drawn, formula

ROOM = re.compile(r"padding-right: calc\(1mm \+ ([\d.]+)em\)")


def table(*cells: str) -> str:
    """A table with one numeric column."""
    rows = "".join(f'<tr><th scope="row">a</th><td class="num">{cell}</td></tr>' for cell in cells)
    return f"<table><tbody>{rows}</tbody></table>"


def rooms(html: str, point: str = ",") -> list[float]:
    """The room at the right of each cell that has any said."""
    return [float(found) for found in ROOM.findall(align_decimals(html, point))]


def test_missing_decimals_become_room() -> None:
    """Three decimals, one, none: the decimal marks are on one line."""
    three, one, none = rooms(table("0,916", "69,2", "545.098"))
    digit = one / 2
    assert three == 0
    assert digit == pytest.approx(0.497)
    assert none == pytest.approx(3 * digit + 0.249)


def test_the_mark_is_the_locales() -> None:
    """A point groups thousands in one locale and marks decimals in another."""
    assert rooms(table("1.5", "3"), point=".") != rooms(table("1.5", "3"), point=",") == []


def test_units_links_and_spreads_do_not_count() -> None:
    """A multiplication sign takes room, a link none, and the deviation below the number none."""
    ratio, plain, spread = rooms(
        table("2,07×", '<a href="#x">+0,009</a>', '1,5<span class="sd">± 0,25</span>')
    )
    assert min(ratio, plain, spread) == 0
    assert spread == pytest.approx(2 * 0.497)
    assert ratio == pytest.approx(0)


def test_even_columns_and_words_stay_as_they_are() -> None:
    """Nothing is added where all cells have as many decimals, and no text anywhere."""
    even = table("1,5", "20,3")
    assert align_decimals(even, ",") == even
    mixed = table("1,5", "20")
    assert re.sub("<[^>]*>", "|", align_decimals(mixed, ",")) == re.sub("<[^>]*>", "|", mixed)


def test_columns_are_counted_through_spans() -> None:
    """A cell across two columns moves those after it."""
    html = '<table><tr><td colspan="2"></td><td class="num">1,25</td></tr>'
    html += '<tr><td></td><td class="num">7</td><td class="num">3,5</td></tr></table>'
    assert rooms(html) == pytest.approx([0, 0.497])


def test_a_formula_is_outlines_and_the_same_each_time() -> None:
    """No text element that needs a typeface, the alternative text escaped, equal bytes."""
    html = formula(r"L = -\frac{1}{N}\sum_{i=1}^{N} \ln p_i", 'menos "la media"')
    picture = re.search(r"base64,([\w+/=]+)", html)
    assert picture is not None
    svg = b64decode(picture[1]).decode()
    assert "<path" in svg and "<text" not in svg and "<use" not in svg
    drawn.cache_clear()
    assert drawn(r"L = -\frac{1}{N}\sum_{i=1}^{N} \ln p_i") == svg
    assert "&#34;la media&#34;" in html
