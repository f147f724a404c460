"""Why something is not in the report: notes that hold until there is a new result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from runner.analysis.loading import load_study
from runner.build_folder import AWAITED_FILE, RESULT_FILE
from runner.faults import telling
from runner.files import write_json
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results.awaited import note_awaited, over_budget, pending, read_awaited
from runner.results.finished import read_result
from tests.made_up import Story, make_study

PLAN = make_plan(DEFAULT_PLAN, "full")
BUDGET = over_budget(2700)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    make_study(tmp_path, Story(skipped=("batch-4",)))
    return tmp_path


def make_again(build: Path, name: str) -> None:
    """A new result in the place of the old one."""
    folder = build / "results" / name
    result = read_result(folder).result
    write_json(
        folder / RESULT_FILE, result.model_copy(update={"finished": result.finished + timedelta(hours=1)})
    )


def test_what_was_cut_is_missing_for_that_reason(build: Path) -> None:
    assert note_awaited(build, {"batch-4": BUDGET})
    missing = load_study(PLAN, build).missing
    assert str(missing["batch-4"]) == "no cabía en el presupuesto de tiempo de 45 min"


def test_an_outdated_result_is_not_shown_while_the_new_one_is_awaited(build: Path) -> None:
    assert load_study(PLAN, build).has("batch-16")
    note_awaited(build, pending(["batch-16"]))
    study = load_study(PLAN, build)
    assert not study.has("batch-16")
    assert str(study.missing["batch-16"]) == "pendiente: todavía no se ha ejecutado"
    make_again(build, "batch-16")
    assert load_study(PLAN, build).has("batch-16")


def test_a_note_is_dropped_when_it_no_longer_holds_or_the_variant_is_settled(build: Path) -> None:
    note_awaited(build, {"batch-4": BUDGET} | pending(["batch-16", "batch-128"]))
    make_again(build, "batch-16")
    assert note_awaited(build, {}, settled=["batch-128"])
    assert read_awaited(build) == {"batch-4": BUDGET}
    assert not note_awaited(build, {})
    assert note_awaited(build, {}, settled=["batch-4"])
    assert not (build / AWAITED_FILE).exists()


UNKNOWN = b'{"batch-4": {"reason": {"code": "x", "arguments": {}}, "replaces": null}}'


@pytest.mark.parametrize("content", [b"", b"[]", b'{"batch-4": 3}', UNKNOWN, b"\xff"])
def test_damaged_notes_count_for_nothing_and_are_told_of(build: Path, content: bytes) -> None:
    (build / AWAITED_FILE).write_bytes(content)
    said: list[str] = []
    with telling(said.append):
        assert read_awaited(build) == {}
    assert len(said) == 1 and str(build / AWAITED_FILE) in said[0] and "outdated results" in said[0]
    assert load_study(replace(PLAN), build).has("batch-16")


@pytest.mark.parametrize("name", ["/a", "../a", "a/b", "..", ".", "a\\b", "a\0", ""])
def test_a_name_that_is_a_path_is_damage(build: Path, name: str) -> None:
    write_json(
        build / AWAITED_FILE,
        {name: {"reason": {"code": "pending", "arguments": {}}, "replaces": None}},
        build,
    )
    told: list[str] = []
    with telling(lambda error: told.append(str(error))):
        assert read_awaited(build) == {}
    assert len(told) == 1 and AWAITED_FILE in told[0]
    assert note_awaited(build, {"batch-4": BUDGET})  # written again, without it
    assert read_awaited(build) == {"batch-4": BUDGET}
