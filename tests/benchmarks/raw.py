"""The raw measurements of one row, kept as JSON: the table is made from nothing else."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import described

RAW = Path(__file__).parent / "raw"  # committed, as results are
Measurement = Mapping[str, float]
Round = Mapping[str, Measurement]  # by side


class Raw:
    """All rounds of a row so far. Each addition is on disk before the next round begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: dict[str, Any] = {"cases": {}}
        if path.exists():
            self._content = json.loads(path.read_text(encoding="utf-8"))

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of what was measured, in that order."""
        return tuple(self._content["cases"])

    @property
    def days(self) -> list[str]:
        """First and last day of the rounds; one if they are the same, none if there was no round."""
        days = sorted({each["date"] for each in self._all()})
        return days[:1] + days[1:][-1:]

    @property
    def machines(self) -> dict[str, int]:
        """Machine and versions in words, and how many rounds were measured there."""
        return dict(Counter(each["machine"] for each in self._all()))

    @property
    def load(self) -> float:
        """Load of the machine before the first round of all."""
        return next((float(each["load"]) for each in self._all()), 0.0)

    def _all(self) -> list[dict[str, Any]]:
        return [each for case in self._content["cases"].values() for each in case]

    def rounds(self, case: str) -> list[Round]:
        """The rounds of a case so far."""
        return [each["sides"] for each in self._content["cases"].get(case, [])]

    def values(self, case: str, side: str, key: str = "seconds") -> list[float]:
        """One side's measurements, round by round."""
        return [each[side][key] for each in self.rounds(case) if side in each]

    def has(self, case: str, *sides: str) -> bool:
        """Whether all these sides were measured together at least once."""
        return any(each.keys() >= set(sides) for each in self.rounds(case))

    def add(self, case: str, measured: Round, load: float) -> None:
        """Write down one round, with the machine's load before it."""
        kept = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": described(), "load": round(load, 2)}
        self._content["cases"].setdefault(case, []).append(kept | {"sides": measured})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._content, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, self.path)
