"""Text for a mail's header: what it says once it is read, on one line, and how it is written.

A header may be written in code (RFC 2047, ``=?utf-8?q?...?=``), and what is coded be a line break, which ends
the header and begins another. So text is read before it is looked at, as often as there is something to read,
and written by this module: Python's own way of folding loses blanks and commas in several versions.
"""

from __future__ import annotations

import re
import unicodedata
from email.header import Header
from email.headerregistry import Address, HeaderRegistry
from email.policy import EmailPolicy
from typing import Any

from runner import limits
from runner.errors import InputError

LINE = 75
CONTROLS = ("Cc", "Zl", "Zp", "Cs")  # also breaks of lines and paragraphs, and halves of characters
CODE = "=?"
AS_IT_IS = re.compile(r"[A-Za-z0-9 ]*")
PLAIN_LINE = re.compile(r"[ -~]*")


def one_line(text: str, option: str) -> str:
    """The text without blanks around it, as it was given.

    Raises InputError for a line break or another control character, plain or in code, which could end a
    header and begin another.
    """
    if any(_is_control(c) for c in text) or any(_is_control(c) for c in _read(text, option)):
        raise InputError("holds a line break or another control character", where=option)
    return text.strip()


def header_text(text: str, option: str) -> str:
    """The text that a header is to show: read, with single blanks, and nothing left that could be read again.

    Raises InputError as ``one_line`` does, and for more than anybody would read.
    """
    if len(text) > limits.HEADER_CHARACTERS:
        raise InputError(f"is longer than {limits.HEADER_CHARACTERS} characters", where=option)
    return " ".join(_read(one_line(text, option), option).replace(CODE, "= ?").split())


def blanked(text: str) -> str:
    """The text on one line: breaks and control characters, and runs of blanks, are a blank."""
    return " ".join("".join(" " if _is_control(c) else c for c in text).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in CONTROLS


def _read(text: str, option: str) -> str:
    """What the text says where it is written in code; that may be in code, too."""
    for _ in range(limits.HEADER_READINGS + 1):
        if CODE not in text:
            return text
        try:
            said = str(HeaderRegistry()("Subject", text))
        except Exception as error:  # a stranger's text: the reader has faults of its own, by version
            raise InputError("is written in a code that can't be read", where=option) from error
        if said == text or any(_is_control(c) for c in said):
            return said
        text = said
    raise InputError("is written in code within code", where=option)


class HeaderPolicy(EmailPolicy):
    """Writes subjects and addresses in ASCII, so that any program reads what was meant."""

    def fold(self, name: str, value: Any) -> str:
        """The whole header with its line ends."""
        if hasattr(value, "addresses"):
            return f"{name}: " + f",{self.linesep} ".join(map(self._address, value.addresses)) + self.linesep
        if name.lower() == "subject":
            return f"{name}: {self._text(str(value), len(name) + 2)}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same as bytes."""
        return self.fold(name, value).encode("ascii")

    def _address(self, address: Address) -> str:
        name = address.display_name
        if not name:
            return address.addr_spec
        if len(name) > LINE - 5 or not PLAIN_LINE.fullmatch(name):
            return f"{self._coded(name, 1)}{self.linesep} <{address.addr_spec}>"
        quoted = name if AS_IT_IS.fullmatch(name) else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", name))
        return f"{quoted} <{address.addr_spec}>"

    def _text(self, text: str, begin: int) -> str:
        """As it is where that is one line of ASCII."""
        return text if begin + len(text) <= LINE and PLAIN_LINE.fullmatch(text) else self._coded(text, begin)

    def _coded(self, text: str, begin: int) -> str:
        header = Header(text, "utf-8", maxlinelen=LINE, header_name="x" * max(begin - 2, 0))
        return header.encode(linesep=self.linesep)
