"""Paired rounds: the sides of a case take turns (A B A B ...), so that a drifting machine slows all of them.

A row is a module of ``tests.benchmarks.rows``. It yields cases; a case opens its sides, which are functions
that do the work once and return what they measured. After each round everything is written down: an
interrupted benchmark goes on with the rounds that are missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.benchmarks.raw import Measurement, Raw

Side = Callable[[int], Measurement]  # the round's number (from 0) to what was measured in it
Sides = Mapping[str, Side]


@dataclass(frozen=True)
class Bench:
    """What a row is given: a folder to work in, which may be kept, and how much to do.

    ``small`` is for trying the benchmark out: the smallest sizes that go through all its code.
    ``builds`` are finished build folders, by profile, to read records from, ``build_seconds`` how long the
    run of the full one took; ``tools`` holds the other tools' programs.
    """

    folder: Path
    rounds: int
    small: bool = False
    builds: Mapping[str, Path] = field(default_factory=dict)
    tools: Path | None = None
    build_seconds: float | None = None


@dataclass(frozen=True)
class Case:
    """Sides to be compared. ``fewer`` are sides too slow for every round, with the rounds they get."""

    name: str
    opened: Callable[[], AbstractContextManager[Sides]]
    fewer: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One line of the table. ``met`` is None where there is no target."""

    what: str
    target: str
    measured: str
    met: bool | None
    note: str = ""


class Row(Protocol):
    """What each module of ``rows`` has."""

    TITLE: str

    def cases(self, bench: Bench) -> Iterable[Case]:
        """What is to be measured."""

    def lines(self, raw: Raw) -> list[Line]:
        """What the measurements come to, worked out from them alone."""


def measure(cases: Iterable[Case], raw: Raw, rounds: int, say: Callable[[str], None]) -> None:
    """Measure the rounds that ``raw`` lacks, one after another."""
    for case in cases:
        missing = range(len(raw.rounds(case.name)), rounds)
        if not missing:
            continue
        with case.opened() as sides:
            for number in missing:
                turn = {n: s for n, s in sides.items() if number < case.fewer.get(n, rounds)}
                load = os.getloadavg()[0]
                measured = {name: side(number) for name, side in turn.items()}
                raw.add(case.name, measured, load)
                say(f"{case.name}, round {number + 1} of {rounds}: {in_words(measured)}")


def in_words(measured: Mapping[str, Measurement]) -> str:
    """A round in one line."""
    return "; ".join(
        f"{side} " + " ".join(f"{key} {value:.4g}" for key, value in values.items())
        for side, values in measured.items()
    )


@contextmanager
def ready(sides: Sides) -> Iterator[Sides]:
    """Sides that need nothing opened or closed."""
    yield sides
