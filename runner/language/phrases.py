"""Sentences chosen by what was read of the results: rows of ``phrases/TOPIC.toml`` beside the templates.

A part of a topic is a list of rows. The first row whose conditions (``when``) all hold is said; a row without
conditions is the rest. The ``{slots}`` of its text are filled in by whoever says it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from runner.errors import RunnerError
from runner.language.i18n import lookup, tr
from runner.language.templating import TemplateFault

CHANGES_NO_DIGIT = True  # of a training: see code_closure
FOLDER = "phrases"
KEYS = {"when", "text"}

Facts = Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """A text, and the facts that it is said of: a name and what it may be. Without text, nothing is said."""

    text: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holds(self, facts: Facts) -> bool:
        """Whether all conditions are met; raises RunnerError for a fact that nobody read."""
        for name in self.when:
            if name not in facts:
                known = ", ".join(sorted(facts))
                raise RunnerError(f"no fact '{name}'", where=self.text, hint=f"there are: {known}")
        return all(facts[name] in allowed for name, allowed in self.when.items())


Topic = Mapping[str, tuple[Row, ...]]


def phrase(templates: Path, topic: str, part: str, facts: Facts) -> str:
    """The text of the first row that holds, in the reader's language, its slots open."""
    rows = read_topic(templates / FOLDER / f"{topic}.toml").get(part)
    if rows is None:
        raise RunnerError(f"no phrases '{part}'", where=f"{FOLDER}/{topic}.toml")
    for row in rows:
        if row.holds(facts):
            return lookup(row.text)
    said = ", ".join(f"{name} = {value}" for name, value in sorted(facts.items()))
    raise RunnerError(f"no phrase of '{part}' for {said}", where=f"{FOLDER}/{topic}.toml")


def plain_phrase(templates: Path, topic: str, part: str, facts: Facts, **slots: Any) -> str:
    """The same with its slots filled in, for where there is no markup."""
    text = phrase(templates, topic, part, facts)
    return tr(text, **slots) if slots else text


@cache
def read_topic(path: Path) -> Topic:
    """All the parts of a topic by name; raises TemplateFault, naming the file, for what is none."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateFault(f"can't be read: {error.strerror}", where=str(path)) from error
    except ValueError as error:  # TOML's and Unicode's
        raise TemplateFault(f"not TOML: {error}", where=str(path)) from error
    return {
        name: tuple(_row(each, f"{path}: {name}") for each in _list(rows, f"{path}: {name}"))
        for name, rows in content.items()
    }


def topics(templates: Path) -> dict[str, Topic]:
    """All topics of a folder of templates by name."""
    return {path.stem: read_topic(path) for path in sorted((templates / FOLDER).glob("*.toml"))}


def _list(rows: Any, where: str) -> list[Any]:
    if not isinstance(rows, list) or not rows:
        raise TemplateFault("needs rows", where=where, hint="[[part]] above each row")
    return rows


def _row(row: Any, where: str) -> Row:
    if not isinstance(row, dict) or not row.keys() <= KEYS or not isinstance(row.get("text"), str):
        raise TemplateFault(
            f"not a row: {row!r}", where=where, hint='text = "..." and when = { fact = "..." }'
        )
    when = row.get("when", {})
    if not isinstance(when, dict):
        raise TemplateFault(f"not conditions: {when!r}", where=where, hint='when = { fact = "..." }')
    return Row(row["text"], {name: _allowed(value, where) for name, value in when.items()})


def _allowed(value: Any, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        raise TemplateFault(f"not texts: {value!r}", where=where)
    return tuple(values)
