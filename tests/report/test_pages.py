"""Each page of a whole report is measured: nothing of its layout is left to be found by a reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.measured_pages import Line, Page, faults, measure

pytestmark = pytest.mark.xdist_group("reports")

COVER = FRONT = Page(1, 842.0, (), 0.0)
BODY = tuple(Line(y, 10.2, "Texto de la respuesta.") for y in (150.0, 165.0, 180.0, 195.0))
TITLE = Line(100.0, 16.0, "La red")
GOOD = Page(3, 842.0, (Line(40.0, 8.5, "Pregunta 1. La red"), TITLE, *BODY), 0.0)
LAST = replace(GOOD, number=4, lines=(GOOD.lines[0], *BODY), empty=0.8)


def found(page: Page) -> list[str]:
    """What is found wrong with a page in the middle of a report."""
    return faults([COVER, FRONT, page, LAST])


def test_the_made_up_report_has_no_page_that_a_reader_would_frown_at(complete: Path) -> None:
    pages = measure(complete / "report.pdf")
    assert len(pages) > 12
    assert len([line for page in pages for line in page.body if line.size == TITLE.size]) >= 18
    assert faults(pages) == []


def test_a_page_in_order_has_no_fault() -> None:
    assert found(GOOD) == []


def test_faults_are_noticed() -> None:
    """Each kind by itself; otherwise the test above would say nothing."""
    assert found(replace(GOOD, empty=0.3)) == ["page 3: 30% of it empty"]
    tiny = Line(400.0, 6.5, "letra pequeña")
    assert "smaller than 7 pt" in found(replace(GOOD, lines=(*GOOD.lines, tiny)))[0]
    index = Line(152.0, 6.5, "i")
    assert found(replace(GOOD, lines=(*GOOD.lines, index))) == []
    alone = replace(GOOD, lines=(*GOOD.lines, Line(760.0, 11.4, "El tiempo")), empty=0.01)
    assert any("'El tiempo' is left alone" in each for each in found(alone))
    orphan = replace(GOOD, lines=(GOOD.lines[0], Line(80.0, 8.5, "Una nota."), TITLE, *BODY))
    assert any("a note of the page before" in each for each in found(orphan))
    head = replace(GOOD, lines=(Line(40.0, 8.5, "Pregunta 2. Pérdida"), *GOOD.lines[1:]))
    assert any("its head says 'Pregunta 2. Pérdida'" in each for each in found(head))
    unnamed = replace(GOOD, lines=(*GOOD.lines, Line(400.0, 9.2, "Figura 1. Las curvas.")))
    assert found(unnamed) == ["figure 1 is named nowhere in the text"]
    named = replace(unnamed, lines=(*unnamed.lines, Line(500.0, 10.2, "Se ve en la Figura 1.")))
    assert found(named) == []
    assert faults([COVER, FRONT, *[GOOD] * 20, LAST])[0] == "23 pages"


def test_a_figure_far_from_where_it_is_named_is_noticed() -> None:
    named = replace(GOOD, lines=(*GOOD.lines, Line(500.0, 10.2, "Se ve en la Figura 1.")))
    drawn = replace(LAST, number=6, lines=(*LAST.lines, Line(400.0, 9.2, "Figura 1. Las curvas.")))
    between = [replace(LAST, number=number, empty=0.0) for number in (4, 5)]
    assert faults([COVER, FRONT, named, *between, drawn]) == [
        "figure 1 is on page 6 and first named on page 3"
    ]
