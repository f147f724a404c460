"""What fits into a time budget, in which order, and what holds together."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.execute.budget import Packer, Packing, makespan
from runner.plan.variants import DEFAULT_PLAN, Variant, make_plan

PLAN = make_plan(DEFAULT_PLAN, "full")
SECONDS = {"batch-4": 850.0, "batch-16": 480.0, "filters-x2": 780.0, "layers-x2": 600.0, "best": 900.0}


def cost(variant: Variant, whole: bool) -> float:
    seconds = SECONDS.get(variant.name, 30.0 if variant.kind == "notebook" else 150.0)
    return seconds / 1.3 if whole else seconds


def pack(
    budget: float, done: frozenset[str] = frozenset(), running: Mapping[str, float] | None = None
) -> Packing:
    running = running or {}
    waiting = {v.name: v for v in PLAN.variants if v.name not in done and v.name not in running}
    return Packer(PLAN, waiting, done, running, cost, 2, budget).pack()


def test_enough_time_is_enough_for_everything() -> None:
    found = pack(1e6)
    assert set(found.chosen) == {v.name for v in PLAN.variants}
    assert found.questions == tuple(range(1, 19))


def test_no_time_is_nothing() -> None:
    assert pack(1.0) == Packing((), 0.0, ())


def test_what_completes_most_answers_for_its_seconds_comes_first() -> None:
    found = pack(200)
    assert found.questions[:7] == (1, 2, 3, 4, 5, 6, 7)
    assert "baseline" in found.chosen
    assert "batch-4" not in found.chosen


def test_the_longest_is_left_out_of_a_choice_before_the_best_model_is() -> None:
    whole = pack(1e6).seconds
    found = pack(0.8 * whole)
    assert {"best", "best-model"} <= set(found.chosen)
    assert {13, 14, 15, 16, 17, 18} <= set(found.questions)
    assert "batch-4" not in found.chosen


@given(st.floats(0, 5000), st.sets(st.sampled_from([v.name for v in PLAN.variants if not v.choose])))
@settings(max_examples=25)
def test_what_is_chosen_fits_and_holds_together(budget: float, done: set[str]) -> None:
    found = pack(budget, frozenset(done))
    there = {*found.chosen, *done}
    assert found.seconds <= budget
    for name in found.chosen:
        variant = PLAN.get(name)
        assert set(variant.needs) <= there
        for entry in variant.choose:
            assert len(there & set(entry.among)) >= 2


def test_what_runs_takes_its_time_and_counts_as_there() -> None:
    found = pack(400, running={"baseline": 100.0})
    assert {1, 2, 3, 4, 5, 6, 7} <= set(found.questions)
    assert "baseline" not in found.chosen


def test_makespan_of_two_side_by_side_and_one_alone() -> None:
    names = ["baseline", "batch-128", "batch-256", "timing"]  # 150 each, then 30 with the whole machine
    variants = [PLAN.get(name) for name in names]
    assert makespan(variants, {}, cost, 2) == pytest.approx(300 + 30 / 1.3)
    assert makespan(variants, {}, cost, 1) == pytest.approx(2 * 150 + (150 + 30) / 1.3, rel=0.2)


def test_what_nobody_can_have_is_never_chosen() -> None:
    waiting = {v.name: v for v in PLAN.variants if v.name in ("best-model", "timing")}
    found = Packer(PLAN, waiting, (), {}, cost, 2, 1e6).pack()
    assert found.chosen == ()
