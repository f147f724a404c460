"""Time budget, calibration and threads on the real program, with scikit-learn's digits."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from runner import practice
from runner.build_folder import CALIBRATION_FILE, PREDICTIONS_FILE
from runner.execute import calibration
from runner.execute.calibration import calibrate, machine, read_samples
from runner.plan.variants import Plan, Variant, make_plan
from runner.practice import costs
from runner.processes.pool import make_executor
from runner.results.finished import read_result
from runner.results.records import Result
from tests.program import HANG_SECONDS, report_text
from tests.tiny_plan import run, shorten, variant, write_plan

pytestmark = pytest.mark.xdist_group("budget")


def test_what_does_not_fit_is_left_out_said_and_done_by_the_next_run(tmp_path: Path) -> None:
    huge = variant("batch-4", 9, "epochs = 1000, filters = [512, 512], kernel_size = 7")
    plan, build = shorten(write_plan(tmp_path, huge)), tmp_path / "build"
    done = run("all", plan, build, "--budget", "9m", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 variants fit" in done.stderr
    assert "questions answered by then: 1\n" in done.stderr
    assert "cut, as they did not fit into the budget of 9:00: batch-4" in done.stderr
    assert "median error of the expected times" in done.stderr
    assert (build / "results" / "good" / "result.json").exists()
    assert not (build / "results" / "batch-4").exists()
    assert "variante batch-4 Falta: no cabía en el presupuesto de tiempo de 9 min" in report_text(build)
    verified = run("verify", plan, build)
    assert verified.returncode == 0, verified.stdout

    shorten(write_plan(tmp_path, variant("batch-4", 9, "epochs = 1, batch_size = 32")))  # affordable now
    before = (build / "results" / "good" / "result.json").stat().st_mtime_ns
    again = run("all", plan, build, "--budget", "1h", "--jobs", "1")
    assert again.returncode == 0, again.stderr
    assert "cut" not in again.stderr
    assert read_result(build / "results" / "batch-4").result.training is not None
    assert (build / "results" / "good" / "result.json").stat().st_mtime_ns == before
    assert "presupuesto" not in report_text(build)


def test_a_budget_that_is_none_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    done = run("all", write_plan(tmp_path), tmp_path / "build", "--budget", "soon")
    assert done.returncode == 2
    assert "'soon' is no length of time" in done.stderr
    assert not (tmp_path / "build").exists()


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Four variants of which two cost the same."""
    more = [
        variant("batch-16", 9, "batch_size = 16, epochs = 900"),
        variant("filters-x2", 10, "filters_scale = 2, epochs = 900"),
        variant("c-sgd", 12, 'filters_scale = 2, optimizer = "sgd", epochs = 900'),
    ]
    return make_plan(write_plan(tmp_path_factory.mktemp("plan"), *more), "smoke")


def threads(variant: Variant) -> int:
    return 1


def be_patient() -> None:
    """In the process that measures: however slow the machine."""
    calibration.STEPS_TIMEOUT_SECONDS = HANG_SECONDS


def test_a_calibration_measures_each_kind_of_much_work_once_and_is_kept(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.execute.calibration.LEAST_WORK_SECONDS", 1.0)
    monkeypatch.setattr("runner.execute.calibration.LIMIT_SECONDS", HANG_SECONDS)
    todo = [(v, v.parameters) for v in plan.variants]
    said: list[str] = []
    executor = make_executor(1, tmp_path / "kernels.log")
    try:
        executor.submit(be_patient).result()
        began = time.monotonic()
        found = calibrate(tmp_path, todo, threads, 1, executor, said.append)
        spent = time.monotonic() - began
        kinds = [sample.parameters for sample in found]
        for name in ("batch-16", "filters-x2"):
            assert kinds.count(costs.parameters(plan.get(name).parameters)) == 1
        assert len(kinds) == 2  # two epochs are not worth one
        for sample in found:  # seconds for one of the many images that were timed meanwhile
            assert 0 < 100 * sample.forward_seconds < spent and 0 < 100 * sample.train_seconds < spent, found
        said.clear()
        assert calibrate(tmp_path, todo, threads, 1, executor, said.append) == found
        assert not said
    finally:
        executor.shutdown()
    assert read_samples(tmp_path, 1, "runner.practice") == found
    assert read_samples(tmp_path, 2, "runner.practice") == ()  # kernels side by side slow each other down
    content = json.loads((tmp_path / CALIBRATION_FILE).read_text(encoding="utf-8"))
    content["machine"] = machine(1, practice) | {"processor": "another"}
    (tmp_path / CALIBRATION_FILE).write_text(json.dumps(content), encoding="utf-8")
    assert read_samples(tmp_path, 1, "runner.practice") == ()


def test_little_work_is_not_calibrated(plan: Plan, tmp_path: Path) -> None:
    todo = [(plan.get("good"), plan.get("good").parameters)]
    executor = make_executor(1, tmp_path / "kernels.log")
    try:
        assert calibrate(tmp_path, todo, threads, 1, executor, print) == ()
    finally:
        executor.shutdown()
    assert not (tmp_path / CALIBRATION_FILE).exists()


def digits_of(result: Result) -> object:
    """All that was measured, less what is time and memory."""
    assert result.training is not None
    times = {"train_seconds", "validation_seconds"}
    epochs = [each.model_dump(exclude=times) for each in result.training.epochs]
    return epochs, result.training.evaluation, result.training.model, result.training.environment


def test_side_by_side_or_not_the_digits_are_the_same_with_the_same_threads(tmp_path: Path) -> None:
    more = [
        variant("batch-16", 9, "batch_size = 16, dropout = 0.2"),
        variant("c-flip", 12, 'augmentation = "flip-shift", batch_norm = true'),
    ]
    plan = shorten(write_plan(tmp_path, *more))
    for jobs in ("1", "2"):
        done = run("all", plan, tmp_path / jobs, "--jobs", jobs, "--threads", "1")
        assert done.returncode == 0, done.stderr
    for name in ("good", "batch-16", "c-flip"):
        one, two = (read_result(tmp_path / jobs / "results" / name) for jobs in ("1", "2"))
        assert digits_of(one.result) == digits_of(two.result)
        assert one.training.environment.threads == 1
        with np.load(one.folder / PREDICTIONS_FILE) as a, np.load(two.folder / PREDICTIONS_FILE) as b:
            assert set(a) == set(b) and len(set(a)) > 0
            for key in a:
                assert np.array_equal(a[key], b[key])
    shutil.rmtree(tmp_path / "1")
