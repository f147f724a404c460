"""What templates may call is registered where it is written."""

from __future__ import annotations

import pytest

from runner.figures.drawn import Drawn
from runner.report.claims.numbers import Ledger
from runner.report.functions.filters import NumberFilters
from runner.report.functions.registry import (
    filters,
    functions,
    registered,
    template_filter,
    template_function,
)
from runner.report.layout import Layout


class Shop:
    """Has one of each, one of both, and a method for itself."""

    @template_function(texts=(1,))
    def price_of(self, what: str, words: str) -> str:
        return f"{what}: {words}"

    @template_filter()
    def wrapped(self, what: str) -> str:
        return f"[{what}]"

    @template_filter()
    @template_function()
    def sold(self, what: str) -> str:
        return f"{what} is gone"

    def secret(self) -> str:
        return "no"


@template_function()
def opening_hours() -> str:
    return "never"


def test_methods_come_bound_and_functions_as_they_are() -> None:
    there = functions(Shop(), opening_hours)
    assert there.keys() == {"price_of", "sold", "opening_hours"}
    assert there["price_of"]("tea", "dear") == "tea: dear" and there["opening_hours"]() == "never"
    assert filters(Shop(), opening_hours).keys() == {"wrapped", "sold"}


def test_no_call_takes_the_place_of_another() -> None:
    for each in (functions, filters):
        with pytest.raises(AssertionError, match="two owners have a"):
            each(Shop(), opening_hours, Shop())


def test_a_registration_says_which_arguments_are_texts() -> None:
    found = registered("price_of")
    assert found is not None and found.texts == (1,)
    assert registered("secret") is None


def test_the_program_s_own_are_there() -> None:
    figures: dict[str, Drawn] = {}
    assert functions(Layout(figures)).keys() == {"figure", "table", "ref"}
    assert {"percent", "pvalue", "called", "upfirst"} <= NumberFilters(Ledger()).all().keys()
