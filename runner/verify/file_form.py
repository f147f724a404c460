"""Whether a PDF file is written once and in one way: else other programs may read another document in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

HEADER = b"%PDF-1.7"
END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF\s*\Z")
EARLIER = re.compile(rb"/(Prev|XRefStm)\b")
STREAM = re.compile(rb"\bstream\b")


def faults(content: bytes) -> Iterator[str]:
    """What is unusual in the form of the file."""
    if not content.startswith(HEADER):
        yield f"file: it does not begin with {HEADER.decode()}"
    end = END.search(content[-200:])
    if end is None:
        yield "file: it does not end where its table of objects is named"
        return
    if content.count(b"startxref") != 1:
        yield "file: it was added to after it was written"
    table = content[int(end[1]) :]
    if EARLIER.search(STREAM.split(table, maxsplit=1)[0]):
        yield "file: it has an earlier table of objects"
