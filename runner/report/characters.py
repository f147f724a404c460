"""Which characters the report can print: what a user wrote is looked through before anything is run.

Text is set in fonts that come with the program or the templates, never in those that a machine happens to
have: the same report can be made, and verified, everywhere. What a program said may hold anything, and is
spelled.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from runner.errors import InputError
from runner.figures.typefaces import fonts_of, style_sheets
from runner.plan.ladder import GROUP as LADDER
from runner.plan.records import SEED_MARK
from runner.plan.variants import Plan, Variant

UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # categories: nothing to see, or nothing known of it
ALL_HAVE = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0xAD), *range(0xAE, 0x100))))  # Latin-1
SHOWN = 8  # of a field


def refuse_unprintable(plan: Plan) -> None:
    """Raise InputError, naming fields and characters, for text that the report could not print."""
    faults = [f"{where}: {_listed(found)}" for where, found in unprintable(plan).items()]
    if faults:
        hint = (
            "write it in other letters (the fonts have Latin, Greek and Cyrillic ones), without invisible "
            f"characters; or give {plan.templates / 'report.css'} an @font-face of a font that has them, "
            "and name it last in its font families"
        )
        raise InputError("; ".join(faults), where="the report's fonts do not have", hint=hint)


def unprintable(plan: Plan) -> dict[str, list[str]]:
    """Fields with characters that can't be printed, and these."""
    texts = list(texts_of(plan))
    if all(map(ALL_HAVE.issuperset, {text for _, text in texts})):
        return {}  # without a look at the fonts, which takes a tenth of a second
    known = covered(tuple(fonts_of(style_sheets(plan.templates, plan.draft))))
    found: dict[str, list[str]] = {}
    for where, text in texts:
        missing = [character for character in _composed(text) if not _is_printable(character, known)]
        if missing:
            found[where] = list(dict.fromkeys([*found.get(where, ()), *missing]))
    return found


def spelled(text: str, fonts: Sequence[Path]) -> str:
    """The text with a number, as ``[U+1F642]``, in the place of each character that can't be printed."""
    if ALL_HAVE.issuperset(text):
        return text
    known = covered(tuple(fonts))
    return "".join(c if _is_printable(c, known) else f"[{_number(c)}]" for c in _composed(text))


@cache
def covered(fonts: tuple[Path, ...]) -> frozenset[int]:
    """The characters that some of the fonts have; one that can't be read has none."""
    from fontTools.ttLib import TTFont, TTLibError

    found: set[int] = set()
    for path in fonts:
        try:
            with TTFont(path, lazy=True, fontNumber=0) as font:
                found.update(font.getBestCmap() or ())
        except (TTLibError, OSError, ValueError, ImportError):  # told of when pages are printed
            continue
    return frozenset(found)


def _composed(text: str) -> str:
    """A letter and its accent as the one character that they are, if there is one: so fonts have them."""
    return unicodedata.normalize("NFC", text)


def _is_printable(character: str, known: frozenset[int]) -> bool:
    if character in "\n\t":  # a blank, in HTML
        return True
    return ord(character) in known and unicodedata.category(character) not in UNSEEN


def _listed(characters: Sequence[str]) -> str:
    more = f" and {len(characters) - SHOWN} more" if len(characters) > SHOWN else ""
    return ", ".join(map(_named, characters[:SHOWN])) + more


def _named(character: str) -> str:
    name = unicodedata.name(character, "")
    if unicodedata.category(character) in UNSEEN or unicodedata.combining(character):
        return f"{_number(character)} {name}".rstrip()
    return f"{character} ({_number(character)})"


def _number(character: str) -> str:
    return f"U+{ord(character):04X}"


def texts_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each text of the user's that the report prints, with where it was written."""
    yield f"{plan.path}: title", plan.title
    yield from _author(plan)
    for number, step in enumerate(plan.ladder.steps if plan.ladder else ()):
        yield f"{plan.path}: ladder.steps.{number}.label", step.label
    for variant in plan.variants:
        if SEED_MARK not in variant.name and variant.group != LADDER:
            yield from _of_variant(variant, f"{plan.path}: {_table(variant)}.{variant.name}")


def _author(plan: Plan) -> Iterator[tuple[str, str]]:
    written, author = plan.written_author or plan.author, plan.author
    option = "--name" if author.names != written.names else f"{plan.path}: author.names"
    yield from ((option, name) for name in author.names)
    for field in ("course", "group", "date"):
        value = getattr(author, field)
        yield (f"--{field}" if value != getattr(written, field) else f"{plan.path}: author.{field}"), value


def _table(variant: Variant) -> str:
    return "variants" if variant.kind == "training" else "notebooks"


def _of_variant(variant: Variant, where: str) -> Iterator[tuple[str, str]]:
    yield f"{where}.label", variant.label
    for number, choice in enumerate(variant.choose):
        yield f"{where}.choose.{number}.label", choice.label
    yield from ((f"{where}.parameters", text) for text in _strings(variant.parameters))


def _strings(value: Any) -> Iterator[str]:
    """Every text in a value of the experiments file, names of keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            if not isinstance(each, int | float):  # as most are
                yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
