"""Formulas drawn as they are in a book: LaTeX to outlines, which need no typeface and give the same bytes."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from markupsafe import Markup

from runner.report.functions.registry import template_function

SIZE = 15.0  # of letters, in px: 11.25 pt, that of the text around


@template_function(texts=(1,))
def formula(latex: str, alt: str) -> Markup:
    """A formula on a line of its own; ``alt`` reads it in words."""
    picture = b64encode(drawn(latex).encode()).decode("ascii")
    element = '<p class="formula"><img src="data:image/svg+xml;base64,{}" alt="{}"></p>'
    return Markup(element).format(picture, alt)


@cache
def drawn(latex: str) -> str:
    """The formula as SVG, in outlines of the STIX typeface."""
    from ziamath import zmath
    from ziamath.config import config

    config.svg2 = False  # plain outlines: symbols that are used again are not drawn by all readers
    return str(zmath.Latex(latex, size=SIZE).svg())
