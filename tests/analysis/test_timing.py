"""Times from the pass: ratios within rounds, and a disturbed machine that is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from runner.analysis import timing
from runner.build_folder import VALUES_FILE
from runner.errors import RunnerError
from runner.files import write_json
from runner.results.reasons import PENDING
from runner.results.study import Study
from tests.made_up import Story, make_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


def with_values(study: Study, **changes: object) -> Study:
    """The same study with another timing pass; new seconds have no matrix product beside them."""
    changes = {"peak_gflops": []} | changes if "seconds" in changes else changes
    path = study.get(timing.TIMING).folder / VALUES_FILE
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | changes)
    finished = study.get(timing.TIMING)
    finished.__dict__.pop("values", None)
    return study


def without_pass(study: Study) -> Study:
    left = {name: f for name, f in study.finished.items() if name != timing.TIMING}
    return replace(study, finished=left, missing={timing.TIMING: PENDING})


def test_ratios_come_from_the_rounds_and_not_from_the_training(study: Study) -> None:
    seconds = {"baseline": [1.0, 2.0, 1.0, 3.0], "batch-4": [2.0, 4.2, 1.9, 6.0]}
    found = timing.ratio(with_values(study, seconds=seconds), "batch-4", "baseline")
    assert found.value == pytest.approx(2.0)
    assert found.low == pytest.approx(1.9, abs=0.06)
    assert found.high == pytest.approx(2.1, abs=0.06)


def test_a_slower_machine_changes_no_ratio(study: Study) -> None:
    before = timing.ratio(study, "batch-4", "baseline")
    found = timing.read_pass(study)
    assert found is not None
    slower = {name: [4 * s for s in each] for name, each in found.seconds.items()}
    after = timing.ratio(with_values(study, seconds=slower), "batch-4", "baseline")
    assert (after.value, after.low) == pytest.approx((before.value, before.low))


def test_epoch_is_the_median_per_image_times_the_images(study: Study) -> None:
    images = study.get("baseline").training.data.train_images
    changed = with_values(study, seconds={"baseline": [0.001, 0.002, 0.009]})
    assert timing.epoch_seconds(changed, "baseline") == pytest.approx(0.002 * images)


def test_without_the_pass_the_training_serves_and_has_no_interval(study: Study) -> None:
    found = timing.ratio(without_pass(study), "batch-4", "baseline")
    own = [study.get(n).training.timing.epoch_seconds for n in ("batch-4", "baseline")]
    assert found is not None and found.value == pytest.approx(own[0] / own[1])
    assert found.low == found.high


def test_without_the_pass_unlike_environments_have_no_ratio(tmp_path: Path) -> None:
    study = make_study(tmp_path, Story(images=(60, 50), threads={"batch-4": 2}))
    assert timing.ratio(study, "batch-4", "baseline") is not None
    assert timing.ratio(without_pass(study), "batch-4", "baseline") is None
    assert timing.ratio(without_pass(study), "batch-16", "baseline") is not None


@pytest.mark.parametrize(
    ("changes", "disturbed"),
    [
        ({}, False),
        ({"load": 0.4}, True),
        ({"seconds": {"baseline": [1.0, 2.0, 1.0, 2.0]}}, True),
    ],
)
def test_a_disturbed_machine_is_noticed(study: Study, changes: dict[str, object], disturbed: bool) -> None:
    found = timing.read_pass(with_values(study, **changes))
    assert found is not None
    assert found.disturbed is disturbed


def test_throughput_is_the_share_of_the_matrix_product_of_the_same_round(study: Study) -> None:
    changed = with_values(
        study,
        seconds={"baseline": [0.1, 0.4, 0.1]},
        training_flops={"baseline": 4e9},
        peak_gflops=[50.0, 20.0, 100.0],
    )
    found = timing.throughput(changed, "baseline")
    assert found is not None
    assert (found.gflop, found.gflops, found.peak_gflops) == pytest.approx((4.0, 40.0, 50.0))
    assert found.share == pytest.approx(0.5)
    assert timing.throughput(changed, "batch-4") is None


@pytest.mark.parametrize("changes", [{"seconds": "many"}, {"peak_gflops": [1.0]}])
def test_a_damaged_pass_is_named(study: Study, changes: dict[str, object]) -> None:
    with pytest.raises(RunnerError, match=VALUES_FILE):
        timing.read_pass(with_values(study, **changes))
