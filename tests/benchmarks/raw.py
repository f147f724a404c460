"""The raw measurements of one row, kept as JSON: the table is made from nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import machine, versions

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
    def date(self) -> str:
        """Day of the last round; empty if there was none."""
        return str(self._content.get("date", ""))

    @property
    def machine(self) -> dict[str, str]:
        """Machine and versions of the last round."""
        return dict(self._content.get("machine", {})) | dict(self._content.get("versions", {}))

    @property
    def load(self) -> float:
        """Load of the machine before the first round of all."""
        return next((float(case["loads"][0]) for case in self._content["cases"].values()), 0.0)

    def rounds(self, case: str) -> list[Round]:
        """The rounds of a case so far."""
        found = self._content["cases"].get(case, {})
        return list(found.get("rounds", []))

    def values(self, case: str, side: str, key: str = "seconds") -> list[float]:
        """One side's measurements, round by round."""
        return [each[side][key] for each in self.rounds(case) if side in each]

    def has(self, case: str, *sides: str) -> bool:
        """Whether all these sides were measured together at least once."""
        return any(each.keys() >= set(sides) for each in self.rounds(case))

    def add(self, case: str, measured: Round, load: float) -> None:
        """Write down one round."""
        kept = self._content["cases"].setdefault(case, {"rounds": [], "loads": []})
        kept["rounds"].append(measured)
        kept["loads"].append(round(load, 2))
        self._content |= {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
            "versions": versions(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._content, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, self.path)
