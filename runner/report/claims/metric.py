"""What a number measures, as a small tree: made where the value is made, and printed twice.

``str`` gives the compact form of the map of evidence, such as ``(best:wall_seconds / base:wall_seconds)``. It
must not change: old reports are compared with it. ``evidence_words`` gives the form in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

PATH = re.compile(r"[a-z]\w*(\.[\w-]+)*")
LISTS = (("model", "layers"), ("values",))  # what holds several records, by number


@dataclass(frozen=True)
class Metric:
    """The value at a path, or what a function of the analysis gives for some arguments.

    ``field`` is the path of a part of it (the lower end of an interval, say), empty for the whole.
    """

    path: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    field: tuple[str, ...] = ()

    @property
    def whole(self) -> Metric:
        """What the field is a part of."""
        return replace(self, field=())

    def part(self, field: str) -> Metric:
        """One field of this."""
        return replace(self, field=(*self.field, field))

    def __str__(self) -> str:
        arguments = f"({', '.join(self.arguments)})" if self.arguments else ""
        return ".".join((".".join(self.path) + arguments, *self.field))


@dataclass(frozen=True)
class Term:
    """A metric in a formula, with the variants (separated by blanks) that it was measured on."""

    variant: str
    metric: Metric

    def __str__(self) -> str:
        return f"{self.variant}:{self.metric}"


@dataclass(frozen=True)
class Formula:
    """What was worked out from others: ``sign`` is one of ``- + * /`` for two, ``abs`` or ``sum`` for one.

    An operand may be a number as it is written, or a metric of all the formula's variants.
    """

    sign: str
    operands: tuple[Term | Formula | Metric | str, ...]
    field: ClassVar[tuple[str, ...]] = ()  # a formula has no parts

    @property
    def whole(self) -> Formula:
        """Itself."""
        return self

    def __str__(self) -> str:
        first, *others = map(str, self.operands)
        return f"({first} {self.sign} {others[0]})" if others else f"({self.sign} {first})"


def call(function: str, *arguments: object) -> Metric:
    """What a function of the analysis gives for these arguments."""
    return Metric((function,), tuple(map(str, arguments)))


def record_at(path: str) -> Metric:
    """What is at a dotted path, taken whole; what is no path (words of a template, say) stays as it is."""
    return Metric(tuple(path.split(".")) if PATH.fullmatch(path) else (path,))


def value_at(path: str) -> Metric:
    """The value at a dotted path as a field of its record: values of one record make one claim."""
    steps = record_at(path).path
    length = _length_of_record(steps)
    return Metric(steps[:length], field=steps[length:])


def _length_of_record(steps: tuple[str, ...]) -> int:
    """How many steps lead to the record: three to one of a list, else one."""
    numbered = len(steps) > 3 and steps[2].isdecimal() and "-" not in steps[1]
    return 3 if numbered and (steps[:1] in LISTS or steps[:2] in LISTS) else 1
