"""Measured numbers and the filters that print them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from runner.errors import RunnerError
from runner.report.claims.metric import Formula, value_at
from runner.report.claims.numbers import Ledger, Measured, UntracedNumberError, refuse_untraced
from runner.report.functions.filters import NumberFilters

FILTERS = NumberFilters(Ledger()).all()


def measured(value: object) -> Measured:
    """A value of an imaginary variant."""
    return Measured(value, "base", value_at("some.metric"))


def text(markup: str) -> str:
    """What the reader sees, with no-break spaces shown as blanks."""
    return str(markup).split(">", 1)[1].rsplit("</data>", 1)[0].replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("name", "value", "arguments", "expected"),
    [
        ("percent", 0.70312, (1,), "70,3 %"),
        ("percent", np.float32(0.5), (0,), "50 %"),
        ("percent_bare", 0.70312, (), "70,3"),
        ("points", 0.021, (1,), "+2,1 puntos"),
        ("points", -0.021, (1,), "−2,1 puntos"),
        ("points_bare", -0.00001, (1,), "0,0"),
        ("signed_percent", -0.12, (), "−12,0 %"),
        ("number", 1.23456, (3,), "1,235"),
        ("number", -1234.5, (1,), "−1.234,5"),
        ("signed", 0.0412, (), "+0,041"),
        ("integer", 37500, (), "37.500"),
        ("ratio", 1.43, (), "1,43×"),
        ("seconds", 12.34, (), "12,3 s"),
        ("duration", 48.4, (), "48 s"),
        ("duration", 723, (), "12 min 3 s"),
        ("duration", 3900, (), "1 h 5 min"),
        ("duration", 0.2, (), "0 s"),
        ("mflop", 12_345_678, (), "12,3 MFLOP"),
        ("thousands", 591_274, (), "591,3 mil"),
        ("megabytes", 812_400_000, (), "812 MB"),
        ("pvalue", 0.0123, (), "p = 0,012"),
        ("pvalue", 1e-9, (), "p &lt; 0,001"),
        ("scientific", 0.00037, (), "3,7·10<sup>−4</sup>"),
        ("scientific", 0.001, (), "10<sup>−3</sup>"),
        ("setting", 2026, (), "2026"),
        ("setting", 0.0015, (), "0,0015"),
        ("setting", [24, 48], (), "24 – 48"),
        ("setting", True, (), "sí"),
        ("shape", (32, 32, 3), (), "32 × 32 × 3"),
        ("text", "<b>", (), "&lt;b&gt;"),
        ("digest", "0123456789", (4,), "<code>0123…</code>"),
        ("moment", datetime(2026, 11, 24, 9, 5, tzinfo=UTC), (), "24 nov 2026, 9:05 UTC"),
    ],
)
def test_formats(name: str, value: object, arguments: tuple[int, ...], expected: str) -> None:
    """Each filter writes what a Spanish reader expects."""
    assert text(FILTERS[name](measured(value), *arguments)) == expected


def test_carries_its_source() -> None:
    """The exact value, the variant and the metric go with the text."""
    shown = FILTERS["percent"](Measured(0.70312, "batch-4", value_at("evaluation.test.accuracy")))
    assert shown == (
        '<data class="m" value="0.70312" data-variant="batch-4"'
        ' data-metric="evaluation.test.accuracy">70,3\N{NO-BREAK SPACE}%</data>'
    )


def test_arithmetic_keeps_the_source() -> None:
    """A difference names both variants, and its metric is the formula."""
    best, base = (
        Measured(value, name, value_at("accuracy")) for value, name in ((0.9, "best"), (0.7, "base"))
    )
    gain = best - base
    assert gain.value == pytest.approx(0.2)
    assert gain.variant == "best base"
    assert gain.metric == Formula("-", (best.term, base.term))
    assert str(gain.metric) == "(best:accuracy - base:accuracy)"
    assert str((gain / 2).metric) == "((best:accuracy - base:accuracy) / 2)"
    assert abs(measured(-1.0)).value == 1
    assert measured(2) > 1 and measured(1) < measured(2)


WORD_FILTERS = {"called", "ordinal", "spanish_list", "upfirst"}


@pytest.mark.parametrize("name", sorted(FILTERS.keys() - WORD_FILTERS))
@pytest.mark.parametrize("value", [0.703, 3, "texto"])
def test_refuses_untraced(name: str, value: object) -> None:
    """No filter prints a value that doesn't say where it comes from."""
    with pytest.raises(UntracedNumberError, match="not a measured value"):
        FILTERS[name](value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "texto", None])
def test_refuses_what_is_no_number(value: object) -> None:
    """A measured value that is no finite number is an error naming variant and metric."""
    with pytest.raises(RunnerError, match=r"base:some\.metric"):
        FILTERS["percent"](measured(value))


@pytest.mark.parametrize("value", [0.5, 3, np.float64(0.5), None, True, measured(1)])
def test_bare_printing_is_refused(value: object) -> None:
    """``{{ 0.5 }}`` is an error; words pass."""
    with pytest.raises(UntracedNumberError):
        refuse_untraced(value)
    assert refuse_untraced("palabra") == "palabra"
