"""The report's style sheets, and the fonts that its text and figures are set in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from runner.language import i18n
from runner.plan.variants import TEMPLATES

STYLE = "report.css"
DRAFT_STYLE = "draft.css"
ASKED = ("font-family", "font-style", "font-weight", "font-stretch")  # by these a face is asked for
NAMING = ("ident", "string")  # a family's name is a text, or words
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


@dataclass(frozen=True)
class Face:
    """One ``@font-face`` of a style sheet: its family, what asks for it, and the files it names."""

    family: str
    style: str
    files: tuple[Path, ...]


def fonts_of(sheets: Sequence[Path]) -> list[Path]:
    """The files of the program's own fonts, and of those that the sheets bring by ``@font-face``."""
    brought = (file for face in faces_of(sheets) for file in face.files if file.is_file())
    return list(dict.fromkeys([*own_fonts(), *brought]))


def faces_of(sheets: Sequence[Path]) -> list[Face]:
    """The faces that the sheets bring; none of a sheet that can't be read, which printing tells of."""
    return [face for sheet in sheets if sheet.is_file() for face in _faces(sheet)]


def _faces(sheet: Path) -> Iterator[Face]:
    import tinycss2

    rules, _ = tinycss2.parse_stylesheet_bytes(sheet.read_bytes(), skip_comments=True, skip_whitespace=True)
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            found = tinycss2.parse_blocks_contents(rule.content or (), skip_comments=True)
            told = {each.lower_name: each.value for each in found if each.type == "declaration"}
            wanted = (name for name in ASKED if name in told)
            style = "; ".join(f"{name}: {tinycss2.serialize(told[name]).strip()}" for name in wanted)
            family = (token.value for token in told.get("font-family", ()) if token.type in NAMING)
            addresses = map(urlsplit, _addresses(told.get("src", ())))
            local = (each for each in addresses if each.scheme in ("", "file") and not each.netloc)
            files = tuple((sheet.parent / unquote(each.path)).resolve() for each in local)
            yield Face(" ".join(family), style, files)


def _addresses(tokens: Sequence[Any]) -> Iterator[str]:
    """What stands in ``url()``, with quotes or without."""
    for token in tokens:
        if token.type == "url":
            yield token.value
        elif token.type == "function" and token.lower_name == "url":
            yield from (argument.value for argument in token.arguments if argument.type == "string")
