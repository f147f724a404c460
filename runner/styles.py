"""The report's style sheets, and the fonts that its text and figures are set in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from runner import i18n
from runner.plan import TEMPLATES

STYLE = "report.css"
DRAFT_STYLE = "draft.css"
FONTS = TEMPLATES / "fonts"  # the program's own


def style_sheets(templates_dir: Path, draft: bool) -> list[Path]:
    """The styles, each followed by its language's own words (page numbers, the stamp), if it has any.

    The stamp of a draft is this practice's for templates that bring none: no draft goes without one.
    """
    sheets = _with_words(templates_dir, STYLE)
    if draft:
        stamped = (templates_dir / DRAFT_STYLE).is_file()
        sheets += _with_words(templates_dir if stamped else TEMPLATES, DRAFT_STYLE)
    return sheets


def _with_words(folder: Path, style: str) -> list[Path]:
    language = i18n.current().partition("_")[0]
    words = folder / "locale" / language / style
    return [folder / style, *([words] if words.is_file() else [])]


def own_fonts() -> list[Path]:
    """The files of the program's own fonts."""
    return sorted(path for path in FONTS.iterdir() if path.suffix in {".otf", ".ttf"})


def fonts_of(sheets: Sequence[Path]) -> list[Path]:
    """The files of the program's own fonts, and of those that the sheets bring by ``@font-face``."""
    brought = (path for sheet in sheets for path in _brought(sheet) if path.is_file())
    return list(dict.fromkeys([*own_fonts(), *brought]))


def _brought(sheet: Path) -> Iterator[Path]:
    import tinycss2

    try:
        rules, _ = tinycss2.parse_stylesheet_bytes(sheet.read_bytes())
    except OSError:
        return  # told of when pages are printed
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            for address in map(urlsplit, _addresses(rule.content or ())):
                if address.scheme in ("", "file") and not address.netloc:
                    yield (sheet.parent / unquote(address.path)).resolve()


def _addresses(tokens: Sequence[Any]) -> Iterator[str]:
    """What stands in ``url()``, with quotes or without."""
    for token in tokens:
        if token.type == "url":
            yield token.value
        elif token.type == "function" and token.lower_name == "url":
            yield from (argument.value for argument in token.arguments if argument.type == "string")
