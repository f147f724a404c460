"""Medians of ratios, and how they are written."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tests.benchmarks.raw import Raw


def ratios(raw: Raw, case: str, theirs: str, ours: str, key: str = "seconds") -> list[float]:
    """Their measurement over ours within each round that has both."""
    return [r[theirs][key] / r[ours][key] for r in raw.rounds(case) if r.keys() >= {theirs, ours}]


def spread(values: Sequence[float], digits: int = 2, unit: str = "") -> str:
    """Median, least and most, and of how many."""
    middle, low, high = (f"{f(values):.{digits}f}{unit}" for f in (statistics.median, min, max))
    return f"{middle} (once)" if len(values) == 1 else f"{middle} ({low}..{high}, n={len(values)})"


def median(values: Sequence[float]) -> float:
    """The median."""
    return float(statistics.median(values))
