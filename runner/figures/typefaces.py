"""The report's style sheets, and the fonts that its text and figures are set in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    return [face for sheet in _with_imports(sheets) for face in _faces(sheet)]


def _with_imports(sheets: Iterable[Path]) -> list[Path]:
    """The sheets that are there, each once, with those that they bring by ``@import``."""
    found: dict[Path, None] = {}
    waiting = [*sheets]
    while waiting:
        sheet = waiting.pop(0)
        if sheet not in found and sheet.is_file():
            found[sheet] = None
            waiting += _imported(sheet)
    return [*found]


def _imported(sheet: Path) -> Iterator[Path]:
    for rule in _rules(sheet):
        if rule.type == "at-rule" and rule.lower_at_keyword == "import":
            texts = (token.value for token in rule.prelude if token.type == "string")
            yield from (
                _below(sheet, name) for name in (*_addresses(rule.prelude), *texts) if _is_local(name)
            )


def _is_local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("", "file") and not parts.netloc


def _below(sheet: Path, address: str) -> Path:
    return (sheet.parent / unquote(urlsplit(address).path)).resolve()


def _rules(sheet: Path) -> list[Any]:
    import tinycss2

    rules, _ = tinycss2.parse_stylesheet_bytes(sheet.read_bytes(), skip_comments=True, skip_whitespace=True)
    return list(rules)


def _faces(sheet: Path) -> Iterator[Face]:
    import tinycss2

    for rule in _rules(sheet):
        if rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            found = tinycss2.parse_blocks_contents(rule.content or (), skip_comments=True)
            told = {each.lower_name: each.value for each in found if each.type == "declaration"}
            wanted = (name for name in ASKED if name in told)
            style = "; ".join(f"{name}: {tinycss2.serialize(told[name]).strip()}" for name in wanted)
            family = (token.value for token in told.get("font-family", ()) if token.type in NAMING)
            addresses = _addresses(told.get("src", ()))
            files = tuple(_below(sheet, each) for each in addresses if _is_local(each))
            yield Face(" ".join(family), style, files)


def _addresses(tokens: Sequence[Any]) -> Iterator[str]:
    """What stands in ``url()``, with quotes or without."""
    for token in tokens:
        if token.type == "url":
            yield token.value
        elif token.type == "function" and token.lower_name == "url":
            yield from (argument.value for argument in token.arguments if argument.type == "string")
