"""The Jinja filters that print measured values, in the formats of one locale.

Each refuses anything that is not a ``Measured``, so that no number gets into the report untraced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from runner.language import i18n
from runner.language.i18n import MINUS, tr
from runner.language.zone import in_zone, offset_words
from runner.report.claims.numbers import Ledger, Measured, UntracedNumberError, checked, checked_number
from runner.report.functions import registry
from runner.report.functions.registry import template_filter

NO_BREAK = "\N{NO-BREAK SPACE}"
EN_DASH = "\N{EN DASH}"
SMALLEST_P = 0.001  # below this, p-values are printed as an inequality
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class NumberFormat:
    """A number times ``factor``, with a default of ``decimals``, a unit and perhaps a plus sign."""

    decimals: int
    factor: float = 1
    unit: str = ""
    sign: bool = False


# The *_bare formats are for columns headed by their unit.
NUMBER_FORMATS = {
    "number": NumberFormat(3),
    "signed": NumberFormat(3, sign=True),
    "integer": NumberFormat(0),
    "percent": NumberFormat(1, 100, f"{NO_BREAK}%"),
    "percent_bare": NumberFormat(1, 100),
    "signed_percent": NumberFormat(1, 100, f"{NO_BREAK}%", sign=True),
    "points": NumberFormat(1, 100, f"{NO_BREAK}puntos", sign=True),
    "points_bare": NumberFormat(1, 100, sign=True),
    "ratio": NumberFormat(2, unit="\N{MULTIPLICATION SIGN}"),
    "seconds": NumberFormat(1, unit=f"{NO_BREAK}s"),
    "mflop": NumberFormat(1, 1e-6, f"{NO_BREAK}MFLOP"),
    "mflop_bare": NumberFormat(1, 1e-6),
    "thousands": NumberFormat(1, 1e-3, f"{NO_BREAK}mil"),
    "megabytes": NumberFormat(0, 1e-6, f"{NO_BREAK}MB"),
    "megabytes_bare": NumberFormat(0, 1e-6),
}


class NumberFilters:
    """The filters, for one locale and time zone. Each takes a Measured and returns Markup, or raises."""

    def __init__(self, ledger: Ledger, locale: str | None = None, zone: str = "") -> None:
        self.ledger, self.locale, self.zone = ledger, locale or i18n.current(), zone

    def all(self) -> dict[str, Callable[..., Any]]:
        """Filters by the name templates use."""
        numbers = {name: self._number_filter(name, kind) for name, kind in NUMBER_FORMATS.items()}
        return numbers | registry.filters(self)

    def _number_filter(self, name: str, kind: NumberFormat) -> Callable[..., Markup]:
        def print_number(m: Measured, decimals: int = kind.decimals) -> Markup:
            value = checked_number(m, name) * kind.factor
            return self.ledger.write(m, self._decimal(value, decimals, sign=kind.sign) + _unit(kind.unit))

        return print_number

    @template_filter()
    def duration(self, m: Measured) -> Markup:
        """Seconds as ``48 s``, ``12 min 3 s`` or ``1 h 5 min``."""
        total = round(checked_number(m, "duration"))
        hours, minutes, seconds = total // HOUR, total % HOUR // MINUTE, total % MINUTE
        parts = [(hours, "h"), (minutes, "min"), (0 if hours else seconds, "s")]
        shown = [f"{n}{NO_BREAK}{unit}" for n, unit in parts if n] or [f"0{NO_BREAK}s"]
        return self.ledger.write(m, NO_BREAK.join(shown))

    @template_filter()
    def scientific(self, m: Measured, decimals: int = 1) -> Markup:
        """``3,7·10`` with the exponent raised; powers of ten without a factor."""
        mantissa, exponent = f"{checked_number(m, 'scientific'):.{decimals}e}".split("e")
        power = Markup("10<sup>{}</sup>").format(str(int(exponent)).replace("-", MINUS))
        if float(mantissa) == 1:
            return self.ledger.write(m, power)
        factor = self._decimal(float(mantissa), decimals)
        return self.ledger.write(m, Markup("{}\N{MIDDLE DOT}{}").format(factor, power))

    @template_filter()
    def pvalue(self, m: Measured) -> Markup:
        """``p = 0,012``, or ``p < 0,001``."""
        value = checked_number(m, "pvalue")
        if value < SMALLEST_P:
            return self.ledger.write(m, f"p{NO_BREAK}<{NO_BREAK}{self._decimal(SMALLEST_P, 3)}")
        return self.ledger.write(m, f"p{NO_BREAK}={NO_BREAK}{self._decimal(value, 3)}")

    @template_filter()
    def pvalue_bare(self, m: Measured) -> Markup:
        """The same for a column headed p: ``0,012``, or ``< 0,001``."""
        value = checked_number(m, "pvalue_bare")
        if value < SMALLEST_P:
            return self.ledger.write(m, f"<{NO_BREAK}{self._decimal(SMALLEST_P, 3)}")
        return self.ledger.write(m, self._decimal(value, 3))

    @template_filter()
    def rate(self, m: Measured) -> Markup:
        """A rate or a factor with three significant digits, without zeros at the end: ``0,00578``."""
        value = checked_number(m, "rate")
        return self.ledger.write(m, self._setting(float(f"{value:.3g}")))

    @template_filter()
    def text(self, m: Measured) -> Markup:
        """A measured word as it is; booleans become sí and no."""
        checked(m, "text")
        if isinstance(m.value, bool):
            return self.ledger.write(m, tr("sí") if m.value else tr("no"))
        if not isinstance(m.value, str):
            raise UntracedNumberError(f"filter 'text' got {m.term}, which is not a text: {m.value!r}")
        return self.ledger.write(m, m.value)

    @template_filter()
    def word(self, m: Measured) -> Markup:
        """A measured word in the reader's language, such as the name of a class."""
        return self.called(m, tr(str(checked(m, "word").value)))

    @template_filter(texts=(0,))
    def called(self, m: Measured, words: str) -> Markup:
        """A measured value under the name the report gives it."""
        return self.ledger.write(checked(m, "called"), words)

    @template_filter()
    def digest(self, m: Measured, length: int = 64) -> Markup:
        """The first characters of a hash."""
        text = str(checked(m, "digest").value)
        cut = text if len(text) <= length else f"{text[:length]}…"
        return self.ledger.write(m, Markup("<code>{}</code>").format(cut))

    @template_filter()
    def moment(self, m: Measured) -> Markup:
        """A date and time, in the time zone of who ran the program, which is told."""
        value = checked(m, "moment").value
        if not isinstance(value, datetime):
            raise UntracedNumberError(f"filter 'moment' got {m.term}, not a time: {value!r}")
        local = in_zone(value, self.zone)
        shown = format_datetime(local, "d MMM y, H:mm", locale=self.locale)
        return self.ledger.write(m, f"{shown} {offset_words(local)}")

    @template_filter()
    def setting(self, m: Measured) -> Markup:
        """A parameter as it was set: word, sí or no, number with all its digits, or list."""
        return self.ledger.write(m, self._setting(checked(m, "setting").value))

    @template_filter()
    def shape(self, m: Measured) -> Markup:
        """Sizes with multiplication signs between them."""
        checked(m, "shape")
        sizes = [self._decimal(size, 0) for size in m.value]
        return self.ledger.write(m, f"{NO_BREAK}\N{MULTIPLICATION SIGN}{NO_BREAK}".join(sizes))

    @template_filter()
    def absolute(self, m: Measured) -> Measured:
        """The value without its sign, still to be formatted."""
        checked_number(m, "absolute")
        return abs(m)

    @template_filter()
    def ordinal(self, position: int) -> str:
        """A position in the document (``loop.index``), which is no measurement."""
        return str(int(position))

    @template_filter()
    def spanish_list(self, items: Sequence[str]) -> Markup:
        """``a, b y c``."""
        return Markup(format_list([str(escape(item)) for item in items], locale=self.locale))

    @template_filter()
    def upfirst(self, words: str) -> str:
        """The first letter in upper case, the rest as it is."""
        return words[:1].upper() + words[1:]

    def _setting(self, value: Any) -> str:
        if isinstance(value, bool):
            return tr("sí") if value else tr("no")
        if isinstance(value, list | tuple):
            return f" {EN_DASH} ".join(self._setting(item) for item in value) or tr("ninguna")
        if isinstance(value, int | float):
            return str(format_decimal(value, "0.##########", locale=self.locale))
        return str(value)

    def _decimal(self, value: float, decimals: int, *, sign: bool = False) -> str:
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        digits = str(format_decimal(abs(value), pattern, locale=self.locale))
        if not any(digit in digits for digit in "123456789"):
            return digits  # a rounded zero has no sign
        return (MINUS if value < 0 else "+" if sign else "") + digits


def _unit(unit: str) -> str:
    """A unit as the reader's language writes it, with the blank before it."""
    if unit == f"{NO_BREAK}%":
        return i18n.percent_sign()
    return unit.replace(unit.strip(), tr(unit.strip())) if unit else unit
