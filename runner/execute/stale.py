"""Why a finished variant is stale, in words: what changed since it was run, from what to what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from runner.execute.keys import changed_parts
from runner.results.records import Result

IN_CLEAR = ("keras", "numpy", "precision", "tensorflow")  # parts of the key that are no hashes
WORDS = {
    "parameters": "parameters",
    "notebook": "code of the notebook",
    "code": "code it imports",
    "settings": "settings that change digits",
    "data": "data",
    "inputs": "results it reads",
}
NOTHING = "-"
USUAL = {"precision": "float32"}  # what a part is where it is in no key


def why_stale(result: Result, parts: Mapping[str, str], parameters: Mapping[str, Any]) -> str:
    """What differs between a result and what it would be run with now; empty if nothing does.

    ``parts`` and ``parameters`` are those of now.
    """
    return ", ".join(_reasons(result, parts, parameters))


def _reasons(result: Result, parts: Mapping[str, str], parameters: Mapping[str, Any]) -> Iterator[str]:
    for part in changed_parts(result.key_parts, parts):
        old, new = (each.get(part, USUAL.get(part, NOTHING)) for each in (result.key_parts, parts))
        if part == "parameters":
            yield from tuple(_changes(result.parameters, parameters)) or (WORDS[part],)
        elif part in IN_CLEAR:
            yield _change(part, old, new)
        else:
            yield WORDS.get(part, part)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if _are_same(old.get(name), new.get(name)):
            continue
        before, after = (_text(each[name]) if name in each else NOTHING for each in (old, new))
        if before != after:
            yield _change(name, before, after)


def _are_same(old: Any, new: Any) -> bool:
    """Whether both are the same text or whole number, as most are: seen without making JSON of them."""
    return type(old) is type(new) and isinstance(old, str | int) and bool(old == new)


def _change(name: str, old: str, new: str) -> str:
    return f"{name}: {old} -> {new}"


def _text(value: Any) -> str:
    """A value as in JSON, which makes lists and tuples alike; text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
