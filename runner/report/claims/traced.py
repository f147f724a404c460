"""A record of the analysis that knows where it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runner.report.claims.metric import Metric


@dataclass(frozen=True)
class Traced:
    """A record with the variants (separated by blanks) and the metric that it was worked out from.

    Its fields read as the record's own.
    """

    record: Any
    variant: str
    metric: Metric
    test: str = ""

    def __getattr__(self, field: str) -> Any:
        return getattr(self.record, field)
