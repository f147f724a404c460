"""What of the HTML reaches the page: the same text, with fewer elements."""

from __future__ import annotations

import re

from runner.report.printing.lean import lean

TAG = re.compile(r"<[^>]*>")


def test_what_only_says_where_a_number_is_from_is_left_out() -> None:
    html = (
        '<td><data value="7">71,7 %</data>, <span class="metric">top-5</span> <data value="3">3</data></td>'
    )
    assert lean(html) == '<td><span class="whole">71,7 %</span>, top-5 3</td>'


def test_what_is_linked_to_keeps_its_name() -> None:
    link = '<a class="source" href="#c">4</a>'
    html = f'<p><data id="n-1" value="3">3</data> <data id="n-2" value="4">{link}</data></p>'
    named = '<a class="source" id="n-2" href="#c">4</a>'
    assert lean(html) == f'<p><span class="whole" id="n-1">3</span> {named}</p>'


def test_the_text_stays_the_same() -> None:
    html = '<p>a <span class="metric">b <data value="1">1</data></span> <span class="metric">c</span></p>'
    assert TAG.sub("", lean(html)) == TAG.sub("", html)
