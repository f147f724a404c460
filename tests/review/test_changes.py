"""Planted changes between two reports are found, with what they come from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.review.changes import changes
from runner.review.compare import lines
from runner.review.records import HandIn, Hits, Run
from runner.verify.records import ClaimRow, Value

FIRST, SECOND, THIRD = (
    "compare(a, base, test, accuracy)",
    "compare(b, base, test, accuracy)",
    "loss_interval(test)",
)


def claim(metric: str, variants: str, **values: float) -> ClaimRow:
    return ClaimRow(
        number="1.1",
        section="pregunta-1",
        variants=tuple(variants.split()),
        metric=metric,
        test="",
        values=tuple(Value(field=name, text=str(v), value=str(v)) for name, v in values.items()),
    )


def run(name: str, right: int = 700, **settings: str) -> Run:
    usual = {"seed": "1", "parameter batch_size": "64", "data": "one", "code (notebook)": "one"}
    usual |= {"tensorflow": "2.21.0", "precision": "float32", "processor": "Xeon"}
    return Run(name, usual | settings, moments=("1",), hits={"test": Hits(right, 1000)})


OLD = HandIn(
    "old.pdf",
    "one",
    questions=(18, 18),
    made_with={"scipy": "1.17.1"},
    runs={name: run(name) for name in ("base", "a", "b", "gone")},
    claims=(
        claim(FIRST, "a base", difference=0.01, p_adjusted=0.4, low=-0.01, high=0.03),
        claim(SECOND, "b base", difference=0.03, p_adjusted=0.001, low=0.02, high=0.04),
        claim(THIRD, "a", value=0.7, low=0.6, high=0.8),
    ),
)
NEW = replace(
    OLD,
    file="new.pdf",
    questions=(17, 18),
    made_with={"scipy": "1.18.0"},
    runs={
        "base": run("base", processor="EPYC"),
        "a": run("a", 800, seed="2", precision="bfloat16", data="two"),
        "b": run("b", tensorflow="2.22.0", **{"parameter batch_size": "32", "code (notebook)": "two"}),
    },
    claims=(
        claim(FIRST, "a base", difference=0.05, p_adjusted=0.001, low=0.03, high=0.07),
        claim(SECOND, "b base", difference=-0.03, p_adjusted=0.001, low=-0.04, high=-0.02),
        claim(THIRD, "a", value=0.9, low=0.8, high=1.0),
    ),
)
PLANTED = [
    f"{FIRST} of a, base: no difference shown, now higher (processor, seed, data, precision)",
    f"{SECOND} of b, base: higher, now lower (",
    "test accuracy of a: 0.7 [",
    f"{THIRD} of a: 0.7 [0.6, 0.8], now 0.9",
    "seed: 1, now 2, of 1: a",
    "batch_size: 64, now 32, of 1: b",
    "data: one, now two, of 1: a",
    "code (notebook): one, now two, of 1: b",
    "tensorflow: 2.21.0, now 2.22.0, of 1: b",
    "precision: float32, now bfloat16, of 1: a",
    "processor: Xeon, now EPYC, of 1: base",
    "scipy (of the report): 1.17.1, now 1.18.0",
    "18 of 18 questions answered, now 17 of 18",
    "gone",
]


@pytest.mark.parametrize("words", PLANTED)
def test_each_planted_change_is_told(words: str) -> None:
    told = [line.strip() for line in lines(changes(OLD, NEW))]
    assert any(line.startswith(words) for line in told), told


def test_they_fit_on_a_page() -> None:
    assert len(list(lines(changes(OLD, NEW)))) < 60


def test_nothing_changed_is_told_in_a_line() -> None:
    assert list(lines(changes(OLD, OLD))) == ["3 numbers are the same, 0 others"]
