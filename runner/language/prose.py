"""The notebooks' prose in the reader's language, by paragraphs; code and outputs stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.language import i18n

PARAGRAPHS = re.compile(r"(\n\s*\n)")
CODE = re.compile(r"(`[^`]*`|\$[^$]*\$)")
# Said in the language of the translation, which is why it is no message of the catalogue.
UNTRANSLATED_NOTE = (
    "The text of this notebook is translated; outputs and what the code prints stay as they were executed."
)


def untranslated() -> bool:
    """Whether outputs may be in another language than the prose."""
    return i18n.current().partition("_")[0] != i18n.SOURCE_LANGUAGE


def prose(source: str) -> str:
    """A Markdown cell in the reader's language."""
    return "".join(
        part if place % 2 else _paragraph(part) for place, part in enumerate(PARAGRAPHS.split(source))
    )


def paragraphs(source: str) -> Iterator[str]:
    """The messages of a Markdown cell."""
    yield from (part.strip() for part in PARAGRAPHS.split(source)[::2] if part.strip())


def _paragraph(text: str) -> str:
    if untranslated():
        return i18n.lookup(text.strip())
    return "".join(part if CODE.fullmatch(part) else i18n.lookup(part) for part in CODE.split(text))
