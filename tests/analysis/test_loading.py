"""What is loaded of variants of a practice that trains no classifier: their scores and values stand alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from runner.analysis.choices import decide, resolve
from runner.analysis.loading import load_study
from runner.build_folder import PREDICTIONS_FILE, RESULT_FILE
from runner.errors import InputError
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.attachments import collect
from runner.results.scores import SCORES_FILE, add_scores
from runner.results.study import Study
from runner.verify.results import check_metrics
from tests.made_up import write_result
from tests.scored import errors

ONE, OTHER = "baseline", "batch-4"
PLAN = make_plan(DEFAULT_PLAN, "full")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder of two variants that left scores, and whose records have no training."""
    for name in (ONE, OTHER):
        folder = tmp_path / "build" / "results" / name
        folder.mkdir(parents=True)
        add_scores(folder, "test", "squared_error", errors(name), "lower")
        write_result(folder, PLAN, PLAN.get(name), PLAN.get(name).parameters, None)
    return tmp_path / "build"


def loaded(build: Path) -> Study:
    return load_study(PLAN, build)


def test_scores_stand_in_for_a_training(build: Path) -> None:
    study = loaded(build)
    assert study.finished.keys() == {ONE, OTHER}
    assert study.get(ONE).scores("test", "squared_error").better == "lower"


def test_what_left_no_accuracies_is_no_candidate(build: Path) -> None:
    best, finished = PLAN.get("best"), loaded(build).finished
    assert {choice.winner for choice in loaded(build).choices} == {None}
    entry = best.choose[0].model_copy(update={"among": (ONE, OTHER)})
    with pytest.raises(InputError, match=f"none of {ONE}, {OTHER} left scores of 'accuracy'"):
        resolve(replace(best, choose=(entry,)), finished)
    for name in (ONE, OTHER):
        hits = errors(name, cases=400) < (0.5 if name == ONE else 1.5)
        add_scores(build / "results" / name, "validation", "accuracy", hits, "higher")
    winner = decide(entry, loaded(build).finished)
    assert (winner.winner, winner.tied) == (OTHER, (OTHER,))


def test_values_do_too_and_nothing_does_not(build: Path) -> None:
    for name in (ONE, OTHER):
        (build / "results" / name / SCORES_FILE).unlink()
    (build / "results" / ONE / "values.json").write_text("{}", "utf-8")
    study = loaded(build)
    assert study.has(ONE)
    assert "training: missing" in str(study.missing[OTHER])


def test_damaged_scores_make_the_variant_missing(build: Path) -> None:
    (build / "results" / ONE / SCORES_FILE).write_bytes(b"PK")
    study = loaded(build)
    assert not study.has(ONE) and f"{SCORES_FILE}: cannot be read" in str(study.missing[ONE])


def test_they_are_attached_and_verify_reads_them(build: Path) -> None:
    attached = {each.path: each.content for each in collect(loaded(build), PLAN, build, PLAN.templates)}
    for name in (ONE, OTHER):
        path = f"results/{name}/{SCORES_FILE}"
        assert attached[path] == (build / path).read_bytes()
        assert f"results/{name}/{RESULT_FILE}" in attached
        assert f"results/{name}/{PREDICTIONS_FILE}" not in attached
    assert attached["results.csv"].count(b"\n") == 1  # no row of a training
    shutil.rmtree(build / "results" / OTHER)
    assert check_metrics(PLAN, build) == ()
    (build / "results" / ONE / SCORES_FILE).write_bytes(b"PK")
    (fault,) = check_metrics(PLAN, build)
    assert fault.startswith(f"results/{ONE}: cannot be read")
