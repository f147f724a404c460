"""Bad input of every kind, one row each: what is given, and what the answer must say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bad:
    """One row. ``{folder}`` in ``words`` (the command line) and ``says`` is where ``make`` writes."""

    name: str
    words: tuple[str, ...]
    says: tuple[str, ...]
    make: Callable[[Path], object] = lambda folder: None
