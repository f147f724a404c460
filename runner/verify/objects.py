"""Compares all objects of two PDF files: whatever a viewer shows, or does, hangs on one of them.

Both are walked side by side from their pages and roots, each pair of objects once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    StreamObject,
    TextStringObject,
)

from runner import limits
from runner.verify import outlines, streams
from runner.verify.parcel import understood

# What may differ between a report and the same made again, each with the reason.
MAY_DIFFER = {
    "/ID of the file": "a hash of its bytes, which says nothing and is shown nowhere",
    "packing of streams": "other versions of zlib make other bytes of the same content",
    "files of fonts": "HarfBuzz or fontTools leaves out unused letters, as the machine has it; their "
    "outlines, widths and hints are compared",
}
NOUNS = {  # by the last key on the way to what differs
    "/Annots": "annotations", "/A": "link or action", "/Dest": "link", "/Contents": "what is drawn",
    "/Font": "font", "/FontFile2": "outlines of a font", "/FontFile3": "outlines of a font",
    "/XObject": "pictures or drawings", "/ExtGState": "graphics state", "/Pattern": "patterns",
    "/MediaBox": "box", "/CropBox": "box", "/TrimBox": "box", "/BleedBox": "box", "/ArtBox": "box",
    "/OpenAction": "action", "/AA": "action", "/EmbeddedFiles": "attachments", "/AF": "attachments",
    "/Outlines": "outline", "/StructTreeRoot": "structure", "/Alt": "alternative text",
    "/Metadata": "metadata", "/Info": "metadata", "/Dests": "link targets", "/Encrypt": "encryption",
}  # fmt: skip
FONT_FILES = ("/FontFile2", "/FontFile3")
OF_FONT_FILE = "/Length1"  # how long it is
ROOTS = ("/Root", "/Info", "/Encrypt")
LONGEST = 60  # characters of a value that is shown
Way = tuple[Any, ...]  # (key, the way before), from what differs back to where the walk began


@dataclass(frozen=True)
class Pair:
    """Two values in the same place: ``where`` the walk began, and the way from there."""

    where: str
    way: Way
    theirs: Any
    ours: Any

    def at(self, key: object, theirs: Any, ours: Any) -> Pair:
        """What is in both under the key."""
        return Pair(self.where, (key, self.way), theirs, ours)

    def __str__(self) -> str:
        keys: list[str] = []
        way = self.way
        while way:
            keys.append(str(way[0]))
            way = way[1]
        noun = next((NOUNS[key] for key in keys if key in NOUNS), "")
        path = "/".join(key.removeprefix("/") for key in reversed(keys))
        return f"{self.where}: {noun or 'object'} ({path})" if path else self.where


def differences(theirs: PdfReader, ours: PdfReader) -> Iterator[str]:
    """Each place where an object of ``theirs`` is not that of ``ours``, in words."""
    their_pages, our_pages = (_pages(reader) for reader in (theirs, ours))
    if len(their_pages) != len(our_pages):
        yield f"{len(their_pages)} pages, made again {len(our_pages)}"
    start = [
        Pair(f"page {number}", (), *each)
        for number, each in enumerate(zip(their_pages, our_pages, strict=False), 1)
    ]
    start += [Pair("document", (key, ()), theirs.trailer.get(key), ours.trailer.get(key)) for key in ROOTS]
    yield from _walk(deque(start), len(ours.xref) + sum(map(len, ours.xref.values())) + len(ours.xref_objStm))


def _pages(reader: PdfReader) -> list[IndirectObject | None]:
    with understood("pages"):
        return [page.indirect_reference for page in reader.pages]
    raise AssertionError  # what is not understood is raised


def _walk(waiting: deque[Pair], objects: int) -> Iterator[str]:
    places = [_numbers(pair) for pair in waiting]
    seen: set[tuple[int, ...] | None] = {each for each in places if each}
    while waiting:
        pair = waiting.popleft()
        try:
            with understood(str(pair)):
                found = Pair(pair.where, pair.way, _resolved(pair.theirs), _resolved(pair.ours))
                said, further = _compared(found)
        except Exception as error:
            yield str(error)
            continue
        if said:
            yield f"{pair}: {said}"
        for each in further:
            numbers = _numbers(each)
            if numbers not in seen or numbers is None:
                seen.add(numbers)
                waiting.append(each)
        if len(seen) > limits.ENTANGLED * objects + limits.ENTANGLED:
            yield "document: its objects refer to each other in more ways than those made again"
            return


def _numbers(pair: Pair) -> tuple[int, ...] | None:
    """Which objects these are, if both have a number."""
    both = pair.theirs, pair.ours
    if not all(isinstance(each, IndirectObject) for each in both):
        return None
    return tuple(number for each in both for number in (each.idnum, each.generation))


def _resolved(value: Any) -> Any:
    for _ in range(10):
        if not isinstance(value, IndirectObject):
            return value
        value = value.get_object()
    raise ValueError("refers to itself")


def _compared(pair: Pair) -> tuple[str, list[Pair]]:
    """What differs at once, in words, and the pairs of what both hold."""
    theirs, ours = pair.theirs, pair.ours
    if _kind(theirs) != _kind(ours):
        return _other(theirs, ours), []
    if isinstance(theirs, DictionaryObject):
        return _entries(pair)
    if isinstance(theirs, ArrayObject):
        said = f"{len(theirs)} entries, made again {len(ours)}" if len(theirs) != len(ours) else ""
        return said, [pair.at(n, a, b) for n, (a, b) in enumerate(zip(theirs, ours, strict=False))]
    return ("" if _plain(theirs) == _plain(ours) else _other(theirs, ours)), []


def _entries(pair: Pair) -> tuple[str, list[Pair]]:
    theirs, ours = pair.theirs, pair.ours
    is_stream = isinstance(theirs, StreamObject)
    of_font = is_stream and bool(pair.way) and pair.way[0] in FONT_FILES
    passed = {*streams.PACKING, *((OF_FONT_FILE,) if of_font else ())} if is_stream else set()
    more, less = (sorted(a.keys() - b.keys() - passed) for a, b in ((theirs, ours), (ours, theirs)))
    said = [f"has {', '.join(more)}, which the one made again does not have"] if more else []
    said += [f"lacks {', '.join(less)}"] if less else []
    if is_stream and not _same_content(theirs, ours, of_font):
        said.append("not the content of the one made again")
    both = [key for key in ours if key in theirs and key not in passed]
    return "; ".join(said), [pair.at(key, theirs.raw_get(key), ours.raw_get(key)) for key in both]


def _same_content(theirs: StreamObject, ours: StreamObject, of_font: bool) -> bool:
    if streams.same(theirs, ours):
        return True
    if not of_font:
        return False
    unpacked = (streams.unpacked(each, limits.FONT_BYTES) for each in (theirs, ours))
    (left, font), (ours_left, our_font) = unpacked
    if left or ours_left or len(font) > limits.FONT_BYTES:
        return False
    return outlines.same(font, our_font)


def _kind(value: Any) -> str:
    kinds: Mapping[type | tuple[type, ...], str] = {
        StreamObject: "stream",
        DictionaryObject: "dictionary",
        ArrayObject: "list",
        NameObject: "name",
        (TextStringObject, ByteStringObject): "text",
        BooleanObject: "yes or no",
        (int, float): "number",
        (NullObject, type(None)): "nothing",
    }
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), type(value).__name__)


def _plain(value: Any) -> Any:
    if isinstance(value, TextStringObject | ByteStringObject):
        return value.original_bytes
    if isinstance(value, BooleanObject):
        return value.value
    return None if isinstance(value, NullObject) else value


def _other(theirs: Any, ours: Any) -> str:
    return f"{_shown(theirs)}, made again {_shown(ours)}"


def _shown(value: Any) -> str:
    kind = _kind(value)
    if kind in ("stream", "dictionary", "list", "nothing"):
        return kind
    text = str(value)
    return f"'{text[:LONGEST]}...'" if len(text) > LONGEST else f"'{text}'"
