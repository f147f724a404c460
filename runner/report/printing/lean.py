"""What of the HTML reaches the page: layout costs time and memory for each element, seen or not."""

from __future__ import annotations

import re

from babel.numbers import get_decimal_symbol

from runner.language import i18n
from runner.report.printing.decimals import align_decimals

TRACED = re.compile(r"<data\b([^>]*)>(.*?)</data>", re.DOTALL)
ID = re.compile(r'\sid="[^"]*"')
NAME = re.compile(r'<span class="metric">([^<]*)</span>')  # says that its digits are of a name
LINK = '<a class="source"'


def lean(html: str) -> str:
    """The same text without the elements that only say where a number is from, or that it is part of a name.

    A third of all elements are such. What is linked to, or must not be broken, keeps an element. Numbers
    of a column are aligned by their decimals.
    """
    bare = TRACED.sub(_bare, NAME.sub(r"\1", html))
    return align_decimals(bare, get_decimal_symbol(i18n.current()))


def _bare(element: re.Match[str]) -> str:
    attributes, text = element.groups()
    found = ID.search(attributes)
    id = found.group(0) if found else ""
    if text.startswith(LINK):
        return text.replace(LINK, LINK + id, 1)
    return f'<span class="whole"{id}>{text}</span>' if id or " " in text else text
