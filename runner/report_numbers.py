"""Measured numbers: values that know which variant and metric they come from.

Every number of the report is a ``Measured``, printed inside an HTML ``<data>`` element that carries
its exact value and its source.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from runner.errors import RunnerError


class UntracedNumberError(RunnerError):
    """A template printed a number that doesn't say where it comes from."""


@dataclass(frozen=True)
class Measured:
    """A value, the variants it was measured on (separated by blanks) and the metric.

    Arithmetic keeps the trace: the metric of a difference is the formula. Comparisons give plain
    booleans, for conditions in templates.
    """

    value: Any
    variant: str
    metric: str

    @property
    def term(self) -> str:
        """How this value is written inside a formula."""
        return self.metric if self.metric.startswith("(") else f"{self.variant}:{self.metric}"

    def __sub__(self, other: Any) -> Measured:
        return _combined(self, "-", other, self.value - _plain(other))

    def __add__(self, other: Any) -> Measured:
        return _combined(self, "+", other, self.value + _plain(other))

    def __mul__(self, other: Any) -> Measured:
        return _combined(self, "*", other, self.value * _plain(other))

    def __truediv__(self, other: Any) -> Measured:
        if not _plain(other):
            raise RunnerError(f"division by zero in {self.term} / {_term(other)}")
        return _combined(self, "/", other, self.value / _plain(other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _plain(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _plain(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _plain(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _plain(other))

    def __abs__(self) -> Measured:
        return Measured(abs(self.value), self.variant, f"(abs {self.term})")


def _plain(operand: Any) -> Any:
    return operand.value if isinstance(operand, Measured) else operand


def _term(operand: Any) -> str:
    return operand.term if isinstance(operand, Measured) else str(operand)


def _combined(left: Measured, sign: str, right: Any, value: Any) -> Measured:
    names = left.variant.split()
    if isinstance(right, Measured):
        names += [name for name in right.variant.split() if name not in names]
    return Measured(value, " ".join(names), f"({left.term} {sign} {_term(right)})")


def traced(measured: Measured, text: str | Markup) -> Markup:
    """The text inside a ``<data>`` element that says what was measured, and on what."""
    value = measured.value
    exact = str(value) if isinstance(value, str | datetime) else repr(_native(value))
    return Markup('<data class="m" value="{}" data-variant="{}" data-metric="{}">{}</data>').format(
        exact, measured.variant, measured.metric, text
    )


def refuse_untraced(value: Any) -> Any:
    """Jinja's ``finalize``: printing a bare number, or a value without a format, is an error."""
    if isinstance(value, Measured):
        raise UntracedNumberError(f"{value.term} is printed without a format: add a filter")
    if isinstance(value, bool) or value is None or isinstance(value, numbers.Number):
        raise UntracedNumberError(f"{value!r} is printed, and is not a measured value")
    return value


def checked(m: Any, filter_name: str) -> Measured:
    """What a filter was given, if it is a measured value; raises UntracedNumberError if not."""
    if not isinstance(m, Measured):
        raise UntracedNumberError(f"filter '{filter_name}' got {m!r}, which is not a measured value")
    return m


def checked_number(m: Any, filter_name: str) -> float:
    """The finite number that a filter was given; raises UntracedNumberError for anything else."""
    value = _native(checked(m, filter_name).value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UntracedNumberError(f"filter '{filter_name}' got {m.term}, not a number: {value!r}")
    if not math.isfinite(value):
        raise RunnerError(f"{m.term} is {value}")
    return value


def _native(value: Any) -> Any:
    """Python's own number for a numpy scalar."""
    return value.item() if hasattr(value, "item") else value
