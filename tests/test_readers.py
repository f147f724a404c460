"""Whatever is in a file or message of somebody else's: it is read, or refused with words; nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.readers import READERS, tried

FEW = settings(
    max_examples=30,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["\0", "../x", "/etc/passwd", "a\\b", "C:x", "\u2028", "\x1b[2J", "9" * 400, "9999-12-31"]
    ),
    st.sampled_from([10**400, -1, 2**63, 1e308, [], {}, [[]], {"": {}}]),
)
VALUES = st.recursive(
    ODD,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=6,
)
DEEP = (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 150 + b"]" * 150)


def text_of(value: Any) -> bytes:
    """JSON, also of what no file has: whole numbers of any length."""
    return json.dumps(value).encode()


@st.composite
def altered_json(draw: st.DrawFn, good: Any) -> bytes:
    """The good value with some part of it replaced, left out, or named otherwise."""
    value = json.loads(json.dumps(good))
    others = VALUES | st.sampled_from(list(parts(value)))
    for _ in range(draw(st.integers(1, 3))):
        value = _altered(draw, value, others)
    return text_of(value)


def parts(value: Any) -> Iterator[Any]:
    """The value and all that is in it: one in the place of another is of the right type, and still wrong."""
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(each)


def _altered(draw: st.DrawFn, value: Any, others: st.SearchStrategy[Any]) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        what = draw(st.sampled_from(["change", "change", "change", "leave out", "rename", "add"]))
        inner = value[key]
        rest = {name: each for name, each in value.items() if name != key}
        if what == "leave out":
            return rest
        if what == "rename":
            return rest | {draw(st.text(max_size=5)): inner}
        if what == "add":
            return value | {draw(st.text(max_size=5)): draw(others)}
        return value | {key: _altered(draw, inner, others)}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _altered(draw, value[place], others), *value[place + 1 :]]
    return draw(others)


@st.composite
def altered_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """The good file with some bytes changed, left out or put in."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        end = place + draw(st.sampled_from([0, 1, 1, 1, 2, 8, len(content)]))
        content[place:end] = draw(st.binary(max_size=4) | st.sampled_from([b"\0", b"\xff" * 8, b"[" * 200]))
    return bytes(content)


def is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", READERS)
def test_a_good_one_is_read(name: str) -> None:
    """Else what follows would try refusals only."""
    reader = READERS[name]
    assert tried(reader, reader.good()) == ""


@pytest.mark.parametrize("name", READERS)
def test_what_is_altered_is_read_or_refused(name: str) -> None:
    reader = READERS[name]
    good = reader.good()
    kinds = [altered_bytes(good), st.binary(max_size=50)]
    if is_json(good):
        kinds += [altered_json(json.loads(good)), VALUES.map(text_of)]

    @FEW
    @given(st.one_of(*kinds))
    @example(b"")
    @example(b"\0")
    @example(DEEP[0])
    @example(DEEP[1])
    @example(DEEP[2])
    @example(b'"\\ud800"')
    @example(b"1e999")
    @example(b"NaN")
    def read(content: bytes) -> None:
        tried(reader, content)

    read()
