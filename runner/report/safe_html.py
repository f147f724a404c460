"""HTML that a notebook's cells bring, held to what shows something: it runs, loads and sends nothing.

What is not named here is left out, its text kept. ``bleach`` is what nbconvert cleans with; its own lists
would lose tables' heads and formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tinycss2
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bleach.sanitizer import Cleaner

PROSE = (
    "abbr b blockquote br caption cite code col colgroup dd details dfn div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub summary sup "
    "table tbody td tfoot th thead tr tt u ul var wbr"
)
FORMULAS = (
    "math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup "
    "mtable mtd mtext mtr munder munderover"
)
TAGS = frozenset(["a", "del", *PROSE.split(), *FORMULAS.split()])
ANYWHERE = frozenset(["align", "class", "dir", "id", "lang", "style", "title", "valign", "width", "height"])
OWN = {  # attributes of one tag; none of them loads anything but a picture that is in the page itself
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "img": {"src", "alt"},
    "ol": {"start", "type", "reversed"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "headers", "scope"},
}
IN_FORMULAS = (
    "accent accentunder columnalign columnlines columnspacing depth display displaystyle fence form frame "
    "height linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits "
    "notation rowalign rowlines rowspacing rspace scriptlevel separator stretchy symmetric "
    "voffset width xmlns"
)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
SIDES = ("", "-top", "-right", "-bottom", "-left")
STYLES = ALLOWED_CSS_PROPERTIES | {
    "background", "border-spacing", "border-style", "border-width", "caption-side", "empty-cells",
    "font-variant-numeric", "list-style-type", "max-width", "min-width", "opacity", "overflow-wrap",
    "overflow-x", "overflow-y", "table-layout", "text-overflow", "text-transform", "word-break",
    *(f"{kind}{side}" for kind in ("border", "margin", "padding") for side in SIDES),
}  # fmt: skip
# Elements whose content is no text; that of styles is kept, as far as it is harmless.
OPENING = re.compile(r"<(style|script|template|noscript|iframe|title)(?=[\s/>])", re.IGNORECASE)


class _Declarations(CSSSanitizer):  # type: ignore[misc]  # bleach is not typed
    """Properties of looks, with values that load nothing."""

    def sanitize_css(self, style: str) -> str:
        """Those declarations that may stay."""
        found = tinycss2.parse_blocks_contents(style)
        return "; ".join(
            f"{each.lower_name}: {text}"
            for each in found
            if each.type == "declaration" and each.lower_name in self.allowed_css_properties
            if _loads_nothing(text := tinycss2.serialize(each.value).strip())
        )


def clean(html: str) -> str:
    """``html`` without what could run, load, send, or lead elsewhere unless it is clicked on."""
    rest, styles = _apart(html)
    rules = "\n".join(rule for style in styles for rule in _rules(style))
    return (f"<style>\n{rules}\n</style>\n" if rules else "") + str(_cleaner().clean(rest))


def _apart(html: str) -> tuple[str, list[str]]:
    """The text without what ``OPENING`` begins, and the style sheets that were in it; in linear time."""
    rest, styles, start = [], [], 0
    while opening := OPENING.search(html, start):
        content = html.find(">", opening.end()) + 1
        closing = re.compile(rf"</{opening[1]}\s*>", re.IGNORECASE).search(html, content)
        if not content or closing is None:
            break  # unclosed: only its mark is left out
        rest.append(html[start : opening.start()])
        if opening[1].lower() == "style":
            styles.append(html[content : closing.start()])
        start = closing.end()
    return "".join([*rest, html[start:]]), styles


@cache
def _cleaner() -> Cleaner:
    return Cleaner(
        tags=TAGS,
        attributes=_is_allowed,
        protocols=("http", "https", "mailto", "data"),
        strip=True,
        css_sanitizer=_Declarations(allowed_css_properties=STYLES),
    )


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and bool(PICTURE.match(value.strip()))
    if name == "href":
        return tag == "a" and not value.strip().lower().startswith("data:")
    own = IN_FORMULAS.split() if tag in FORMULAS.split() else OWN.get(tag, ())
    return name in ANYWHERE or name in own


def _rules(style: str) -> Iterator[str]:
    """Rules of a style sheet, such as pandas gives its tables; ``@`` rules, which may load, are left out."""
    declarations = _Declarations(allowed_css_properties=STYLES)
    for rule in tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            selector = tinycss2.serialize(rule.prelude).strip()
            kept = declarations.sanitize_css(tinycss2.serialize(rule.content))
            if kept and "<" not in selector:
                yield f"{selector} {{ {kept} }}"


def _loads_nothing(value: str) -> bool:
    return "<" not in value and "\\" not in value and not re.search(r"url|image|src\(", value, re.IGNORECASE)
