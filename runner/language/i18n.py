"""The reader's language: one locale for a process, its number format, and texts by gettext catalogues.

The texts are written in Spanish, which is also what catalogues look them up by; ``es_ES`` and ``es_MX`` need
none. A command sets the locale once, before anything is rendered. Kernels inherit it by the environment.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import get_decimal_symbol

from runner import LOCALES, shipped
from runner.errors import InputError

CHANGES_NO_DIGIT = True  # of a training: see code_closure
VARIABLE = "RUNNER_LOCALE"
CATALOGUES = shipped("templates") / "locale"
SOURCE_LANGUAGE = "es"
MINUS = "\N{MINUS SIGN}"  # babel writes a hyphen
TYPED_COMMA = re.compile(r"(?<=\d),(?=\d)")
BLANKS = re.compile(r"\s+")
_folders = [CATALOGUES]
_chosen: list[str] = []  # the locale that a command or a test has set


def current() -> str:
    """The locale in force: the one set, or the environment's, or the default."""
    inherited = os.environ.get(VARIABLE, "")
    return _chosen[-1] if _chosen else inherited if inherited in LOCALES else LOCALES[0]


def use(locale: str, catalogues: Path = CATALOGUES) -> None:
    """Set the locale of this process and of those it starts; raises InputError for one that is not known.

    ``catalogues`` is the folder of a practice's own translations, which come before this one's.
    """
    _chosen[:] = [checked(locale)]
    _folders[:] = [CATALOGUES, catalogues]
    catalogue.cache_clear()
    os.environ[VARIABLE] = locale


def in_force() -> tuple[str, Path]:
    """The locale and the folder of translations, for another process."""
    return current(), _folders[-1]


def put_in_force(found: tuple[str, Path]) -> None:
    """Have what was in force in the process that started this one."""
    use(*found)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Another locale for a while, for this process only."""
    _chosen.append(checked(locale))
    try:
        yield
    finally:
        _chosen.pop()


def checked(locale: str) -> str:
    """The locale, if it is one of those there are; raises InputError naming them if not."""
    if locale not in LOCALES:
        raise InputError(f"no locale '{locale}'; there are: {', '.join(LOCALES)}", where="--locale")
    return locale


def language() -> str:
    """The locale as HTML writes it: ``es-ES``."""
    return current().replace("_", "-")


def localised(number: str) -> str:
    """Digits with a decimal point, as the language writes them."""
    return number.replace(".", get_decimal_symbol(current()))


def percent_sign() -> str:
    """What follows a percentage, as the language writes it: in Spanish with a blank before it."""
    pattern = str(Locale.parse(current().partition("_")[0]).percent_formats[None].pattern)
    return pattern.rpartition("0")[2].replace(" ", "\N{NO-BREAK SPACE}")


def tr(text: str, /, **values: Any) -> str:
    """A text for readers in the current language, its ``{names}`` filled in if values are given."""
    found = lookup(text)
    try:
        return found.format(**values) if values else found
    except (LookupError, ValueError, AttributeError) as error:  # braces that are not those of the text
        what = f"the translation of '{text}' can't be filled in: {found}"
        raise InputError(what, where=f"{current()}: {', '.join(values)}") from error


def trn(one: str, many: str, n: int, /, **values: Any) -> str:
    """The singular or the plural of a text, by ``n``, with ``{names}`` filled in."""
    return tr(one if n == 1 else many, **values)


def lookup(text: str, context: str | None = None) -> str:
    """The translation within ``context``, else without, else the text itself.

    Blanks within count as one, those at the ends stay.
    """
    language, locale = current().partition("_")[0], current()
    if language == SOURCE_LANGUAGE:
        return TYPED_COMMA.sub(".", text) if locale == "es_MX" else text
    found, words = catalogue(language), text.strip()
    key = BLANKS.sub(" ", words)
    translated = found.get((key, context)) or found.get((key, None))
    return text.replace(words, translated) if translated else text


@cache
def catalogue(language: str) -> dict[tuple[str, str | None], str]:
    """Translations of a language by text and context, from all of its catalogues."""
    return {
        (str(message.id), message.context): str(message.string)
        for path in catalogue_files(language)
        for message in read_catalogue(path)
        if message.id and message.string and not message.fuzzy
    }


def catalogue_files(language: str) -> list[Path]:
    """The .po files of a language."""
    folders = dict.fromkeys(_folders)
    return [path for each in folders for path in sorted((each / language / "LC_MESSAGES").glob("*.po"))]


def read_catalogue(path: Path) -> Catalog:
    """One .po file; they are read as they are, so that no compiled copy can be out of date.

    Raises InputError, naming the file, for what is none.
    """
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
        return read_po(lines, abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        hint = 'msgid "..." and msgstr "...", in UTF-8 or what its header says'
        raise InputError(f"no catalogue of translations: {error}", where=str(path), hint=hint) from error
