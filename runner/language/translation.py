"""Translates templates while Jinja compiles them: texts need no mark, and the engine no second template.

Outside tags, every stretch of text between two tags or expressions is one message, blanks at its ends left
out; its context is the template's name, and a message without context serves all templates. Strings of the
template language (titles, captions, words) are looked up whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from runner.language import i18n

PIECE = re.compile(r"<!--.*?-->|<[^>]*>?|[^<]+", re.DOTALL)
TAG_NAME = re.compile(r"<(/?)\s*([a-zA-Z0-9]+)")
WORTH = re.compile(r"[^\W\d_]|[«»¿¡%]")  # a text has a letter, or quotation marks of one language
ENTITY = re.compile(r"&(#?\w+);")
# Computers' words, unless they are a listing, and titles of works, which are what they are.
SILENT = frozenset({"cite", "code", "script", "style", "svg"})


@dataclass(frozen=True)
class Piece:
    """Part of a template's data: a text for readers, or what must stay as it is."""

    text: str
    is_message: bool


@dataclass
class Splitter:
    """Splits data into texts and tags; a tag may go on from one stretch of data to the next.

    ``plain`` data has no tags: each line is a text.
    """

    plain: bool = False
    open: list[str] = field(default_factory=list)
    in_tag: bool = False

    def split(self, data: str) -> Iterator[Piece]:
        """The pieces of the next stretch of data, in order."""
        if self.plain:
            for line in data.splitlines(keepends=True):
                yield from self._texts(line)
            return
        if self.in_tag:
            rest, closed, after = data.partition(">")
            yield Piece(rest + closed, False)
            self.in_tag = not closed
            data = after
        for found in PIECE.finditer(data):
            piece = found[0]
            if piece.startswith("<"):
                self._note(piece)
                yield Piece(piece, False)
            else:
                yield from self._texts(piece)

    def _texts(self, text: str) -> Iterator[Piece]:
        words = text.strip()
        if not WORTH.search(ENTITY.sub("", words)) or self._silent():
            yield Piece(text, False)
            return
        before, _, after = text.partition(words)
        yield Piece(before, False)
        yield Piece(words, True)
        yield Piece(after, False)

    def _note(self, tag: str) -> None:
        self.in_tag = not tag.endswith(">")
        found = TAG_NAME.match(tag)
        if not found or found[2].lower() not in SILENT | {"pre"}:
            return
        if not found[1]:
            self.open.append(found[2].lower())
        elif self.open:
            self.open.pop()

    def _silent(self) -> bool:
        return bool(SILENT & set(self.open)) and "pre" not in self.open


class Translator(Extension):
    """The Jinja extension. The locale is that in force when a template is first used."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The template's tokens with texts and strings translated."""
        splitter, context = Splitter(plain=not (stream.name or ".html").endswith(".html")), stream.name
        for token in stream:
            if token.type == "data":
                pieces = splitter.split(token.value)
                text = "".join(i18n.lookup(p.text, context) if p.is_message else p.text for p in pieces)
                yield Token(token.lineno, token.type, text)
            elif token.type == "string":
                yield Token(token.lineno, token.type, i18n.lookup(token.value, context))
            else:
                yield token
