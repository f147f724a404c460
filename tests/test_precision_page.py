"""The page of the study of precisions: worked out from records; a verdict only where intervals show it."""

from __future__ import annotations

import json
from pathlib import Path

from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice.parameters import Parameters
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.precision.__main__ import MODULE
from tests.benchmarks.precision.page import write_page
from tests.benchmarks.precision.records import Measured, Trained, keep, read, wanted

BASE = Measured(
    accuracy=0.5,
    cross_entropy=1.4,
    epoch_seconds=2.0,
    train_images=4000,
    epochs=2,
    date="2026-11-29",
    machine="a machine",
    load=0.5,
)


def test_both_precisions_of_a_seed_come_one_after_the_other() -> None:
    order = list(wanted("quick", ("baseline", "recipe"), 2))
    assert [each.precision for each in order] == [*["float32", "bfloat16"] * 2, *["bfloat16", "float32"] * 2]
    assert [each.number for each in order] == [0] * 4 + [1] * 4
    for each in order:
        assert each.parameters().seed == 2026 + each.number


def test_rows_intervals_and_what_is_missing(tmp_path: Path) -> None:
    for each in wanted("quick", ("baseline", "batch-4"), 3):
        faster = each.precision == "bfloat16"
        lost = {"baseline": 0.0001 * each.number, "batch-4": 0.02 + 0.001 * each.number}[each.variant]
        seconds = 1.0 + 0.1 * each.number if faster else 2.0
        change = {"accuracy": 0.5 - lost * faster, "epoch_seconds": seconds}
        keep(each, BASE.model_copy(update=change), tmp_path)
    lone = Trained("quick", "recipe", 0, "float32")
    keep(lone, BASE, tmp_path)
    assert read(lone, tmp_path) == BASE
    text = write_page(tmp_path, tmp_path / "page.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert rows.keys() == {"baseline", "batch-4"}  # a seed without its pair says nothing
    assert "| yes |" in rows["baseline"] and "| no |" in rows["batch-4"]
    assert "-2.10 (-2.35..-1.85)" in rows["batch-4"]
    assert "Not measured yet: `batch-256`, `layers-x2`, `recipe`." in text
    assert "a machine: 12 trainings, 2026-11-29 to 2026-11-29" in text


def test_a_damaged_record_is_trained_again(tmp_path: Path) -> None:
    each = Trained("quick", "baseline", 0, "bfloat16")
    keep(each, BASE, tmp_path)
    each.path(tmp_path).write_text("{", encoding="utf-8")
    assert read(each, tmp_path) is None


def test_a_training_of_the_study_is_one() -> None:
    values = dict(make_plan(DEFAULT_PLAN, "smoke").get("baseline").parameters) | {"epochs": 1}
    parameters = Parameters.model_validate(values, strict=False)
    known = json.loads(in_own_process(MODULE, parameters.model_dump_json()))
    found = Measured(**known, date="2026-11-29", machine="a machine", load=0.5)
    assert 0.05 < found.accuracy < 1 and found.epochs == 1 and found.train_images > 500
