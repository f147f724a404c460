"""The page of the study of speed: worked out from records; a goal is reached by validation alone."""

from __future__ import annotations

import json
from pathlib import Path

from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice.parameters import Parameters
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.speedrun.__main__ import MODULE
from tests.benchmarks.speedrun.page import write_page
from tests.benchmarks.speedrun.records import Measured, Trained, keep, read, wanted

BASE = Measured(
    validation=0.9,
    test=0.89,
    seconds=100.0,
    megaflops=79.2,
    train_images=37_500,
    precision="bfloat16",
    software="tensorflow 2.21.0",
    date="2026-11-30",
    machine="a machine",
    load=0.5,
)


def test_a_seed_of_every_recipe_comes_before_the_next() -> None:
    order = list(wanted(("recipe", "airbench94"), (5, 10), 2))
    assert [each.number for each in order] == [0] * 4 + [1] * 4
    assert [each.recipe for each in order] == ["recipe", "airbench94"] * 4
    for each in order:
        found = each.parameters()
        assert (found["seed"], found["epochs"]) == (2026 + each.number, each.epochs)


def test_goals_rows_and_what_is_missing(tmp_path: Path) -> None:
    for number in range(2):
        for epochs, validation in ((5, 0.899), (10, 0.905), (14, 0.915)):
            change = {"validation": validation + 0.002 * number, "seconds": 30.0 * epochs, "test": 0.95}
            keep(Trained("recipe", epochs, number), BASE.model_copy(update=change), tmp_path)
    lone = Trained("airbench94", 10, 0)
    keep(lone, BASE, tmp_path)
    assert read(lone, tmp_path) == BASE
    text = write_page(tmp_path, tmp_path / "page.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    assert lines[0].startswith("| `recipe` | 150 s (5 epochs, n=2; test 95.00) | 420 s (14 epochs")
    assert lines[0].endswith("| not with 14 epochs |")  # although its accuracy on test is above 92 %
    never = "not with 10 epochs"
    assert lines[1] == f"| `airbench94` | 100 s (10 epochs, n=1; test 89.00) | {never} | {never} |"
    assert "| `recipe` | 5 | 79.2 | 2 | 150 ± 0 | 90.00 ± 0.14 | 95.00 ± 0.00 |" in lines
    missing = "`with-muon`, `with-excitation`, `best-large`, `large-excitation`, `airbench93`"
    assert f"Not measured yet: {missing}." in text
    assert "a machine; by tensorflow 2.21.0 in bfloat16: 7 trainings, 2026-11-30 to 2026-11-30" in text


def test_a_damaged_record_is_trained_again(tmp_path: Path) -> None:
    each = Trained("recipe", 5, 0)
    keep(each, BASE, tmp_path)
    each.path(tmp_path).write_text("{", encoding="utf-8")
    assert read(each, tmp_path) is None


def test_a_training_of_the_study_is_one() -> None:
    values = dict(make_plan(DEFAULT_PLAN, "smoke").get("baseline").parameters) | {"epochs": 1}
    parameters = Parameters.model_validate(values, strict=False)
    known = json.loads(in_own_process(MODULE, parameters.model_dump_json(), "2", threads=2))
    found = Measured(**known, precision="float32", date="2026-11-30", machine="a machine", load=0.5)
    assert 0.05 < found.test < 1 and 0.05 < found.validation < 1
    assert found.seconds > 0 and found.train_images > 500
