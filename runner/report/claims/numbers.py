"""Measured numbers: values that know which variant and metric they come from.

Every number of the report is a ``Measured``, printed inside an HTML ``<data>`` element that carries
its exact value and its source.
"""

from __future__ import annotations

import math
import numbers
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from runner.errors import RunnerError
from runner.report.claims.metric import Formula, Metric, Term

ELEMENT = re.compile(r"<data\b.*?</data\s*>|<data\b", re.DOTALL | re.IGNORECASE)


class UntracedNumberError(RunnerError):
    """A template printed a number that doesn't say where it comes from."""


@dataclass(frozen=True)
class Measured:
    """A value, the variants it was measured on (separated by blanks) and the metric.

    ``test`` is set for what followed from a statistical test. Arithmetic keeps the trace: the metric of a
    difference is the formula. Comparisons give plain booleans, for conditions in templates.
    """

    value: Any
    variant: str
    metric: Metric | Formula
    test: str = ""

    @property
    def term(self) -> Term | Formula:
        """How this value stands inside a formula."""
        return self.metric if isinstance(self.metric, Formula) else Term(self.variant, self.metric)

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
        return Measured(abs(self.value), self.variant, Formula("abs", (self.term,)))


def _plain(operand: Any) -> Any:
    return operand.value if isinstance(operand, Measured) else operand


def _term(operand: Any) -> Term | Formula | str:
    return operand.term if isinstance(operand, Measured) else str(operand)


def _combined(left: Measured, sign: str, right: Any, value: Any) -> Measured:
    names = left.variant.split()
    if isinstance(right, Measured):
        names += [name for name in right.variant.split() if name not in names]
    return Measured(value, " ".join(names), Formula(sign, (left.term, _term(right))))


@dataclass(frozen=True)
class Printed:
    """A measured value as it stands in the report; ``html`` is the whole ``<data>`` element."""

    measured: Measured
    text: Markup
    html: str

    @property
    def exact(self) -> str:
        """The value with all its digits."""
        value = self.measured.value
        return str(value) if isinstance(value, str | datetime) else repr(_native(value))


class Ledger:
    """Every measured value that was printed: what stands in a ``<data>`` element and is not here is false."""

    def __init__(self) -> None:
        self._printed: dict[str, Printed] = {}

    def write(self, measured: Measured, text: str | Markup) -> Markup:
        """The text inside a ``<data>`` element that says what was measured, and on what."""
        entry = Printed(measured, Markup.escape(text), "")
        html = Markup('<data class="m" value="{}" data-variant="{}" data-metric="{}">{}</data>').format(
            entry.exact, measured.variant, measured.metric, entry.text
        )
        self._printed[str(html)] = Printed(measured, entry.text, str(html))
        return html

    def read(self, fragment: str) -> tuple[Printed, ...]:
        """The values printed in a fragment, in order; raises UntracedNumberError for any other."""
        return tuple(self._known(found.group(0)) for found in ELEMENT.finditer(fragment))

    def _known(self, html: str) -> Printed:
        if html not in self._printed:
            raise UntracedNumberError(f"a <data> element that no filter printed: {html}")
        return self._printed[html]


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
