"""Whether two streams of PDF files hold the same, however they are packed.

The report's own writer packs by ``FlateDecode`` and, where that ends badly, by ``ASCII85Decode`` around it.
Only these are unpacked, to the letter: a reader that forgives would see something where viewers see nothing.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

from pypdf.generic import ArrayObject, NullObject, StreamObject

FLATE, ASCII85 = "/FlateDecode", "/ASCII85Decode"
PACKING = ("/Filter", "/DecodeParms", "/Length")  # of a stream: how it is packed, not what it holds

Packed = tuple[list[tuple[str, Any]], bytes]  # what is still to be done to the bytes, and these


def same(theirs: StreamObject, ours: StreamObject) -> bool:
    """Whether both hold the same bytes; those of ``theirs`` are unpacked only as far as ``ours`` go."""
    if theirs._data == ours._data and _filters(theirs) == _filters(ours):
        return True
    right = unpacked(ours)
    return unpacked(theirs, len(right[1])) == right


def unpacked(stream: StreamObject, longest: int = 2**31) -> Packed:
    """The bytes, up to one more than ``longest``, and the filters that are left; as they are if damaged."""
    filters, content = _filters(stream), stream._data
    while filters:
        (name, parameters), *others = filters
        try:
            if name == ASCII85:
                content = base64.a85decode(content.removesuffix(b"~>"))
            elif name == FLATE:
                content = _inflated(content, longest)
            else:
                break
        except (ValueError, zlib.error):
            break
        filters = others
        if parameters:  # a picture's rows, as differences: the same parameters give the same picture
            filters = [("", parameters), *others]
            break
    return filters, content


def _inflated(content: bytes, longest: int) -> bytes:
    inflater = zlib.decompressobj()
    found = inflater.decompress(content, longest + 1)
    if len(found) <= longest and (not inflater.eof or inflater.unused_data):
        raise ValueError("more or less than one packed stream")
    return found


def _filters(stream: StreamObject) -> list[tuple[str, Any]]:
    """Each filter with its parameters."""
    names, parameters = (_listed(stream.get(key)) for key in PACKING[:2])
    parameters += [None] * (len(names) - len(parameters))
    return [(str(name), each or None) for name, each in zip(names, parameters, strict=False)]


def _listed(value: Any) -> list[Any]:
    value = value.get_object() if value is not None else None
    if value is None or isinstance(value, NullObject):
        return []
    each = value if isinstance(value, ArrayObject) else [value]
    found = [one.get_object() for one in each]
    return [None if isinstance(one, NullObject) else one for one in found]
