"""Foreign text for the terminal: what came with a file is shown, and never obeyed.

Escape sequences clear screens and write other lines in the place of the program's; line breaks would add
lines that look like its own, and marks of direction show letters in another order.
"""

from __future__ import annotations

import unicodedata

from runner.limits import LINE_CHARACTERS

CHANGES_NO_DIGIT = True  # of a training: see code_closure
# Controls, marks of format, halves of letters, private ones, none at all, and line breaks.
UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: object) -> str:
    """One line for the terminal: whatever a terminal might obey is written as its code."""
    if len(text := str(text)) <= LINE_CHARACTERS and text.isascii() and text.isprintable():
        return text
    shown = "".join(_escaped(letter) for letter in text[: LINE_CHARACTERS + 1])
    return shown if len(shown) <= LINE_CHARACTERS else f"{shown[:LINE_CHARACTERS]}..."


def plain_lines(text: str) -> str:
    """The same for a message of several lines, of which all but the first are indented."""
    first, *others = text.split("\n")
    return "\n  ".join((plain(first), *(plain(line.removeprefix("  ")) for line in others)))


def _escaped(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isprintable() else repr(letter)[1:-1]
    return letter.encode("unicode_escape").decode() if unicodedata.category(letter) in UNSHOWN else letter
