"""The experiments file: what it comes to (how bad ones are refused: see test_bad_input.py)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from runner.plan.variants import DEFAULT_PLAN, make_plan
from tests.bad.experiments import BASE, HEAD, OTHER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "experiment.ipynb").write_text('{"cells": []}')
    return tmp_path


def test_a_good_file_is_not_refused(folder: Path) -> None:
    path = folder / "experiments.toml"
    path.write_text(HEAD + BASE + OTHER + "parameters = { batch_size = 4 }\n", encoding="utf-8")
    plan = make_plan(path, "full")
    assert plan.differences(plan.get("other")) == {"batch_size": 4}


def test_what_is_handed_in_is_called_as_the_file_says(folder: Path) -> None:
    path = folder / "experiments.toml"
    path.write_text(HEAD + BASE, encoding="utf-8")
    assert make_plan(path, "full").outputs.rendered[3:] == ("notebook.ipynb", "notebook.html")
    path.write_text(HEAD + BASE + '[output]\nnotebook = "tp-2"\nmessage = "rendu"\n', encoding="utf-8")
    outputs = make_plan(path, "full").outputs
    assert outputs.rendered == ("report.pdf", "report.json", "report.crate.zip", "tp-2.ipynb", "tp-2.html")
    assert (outputs.draft, outputs.receipt) == ("rendu.eml", "rendu.json")


def test_full_profile_is_the_statement_to_the_letter() -> None:
    plan = make_plan(DEFAULT_PLAN, "full")
    baseline = plan.get("baseline").parameters
    assert baseline["batch_size"] == 64
    assert baseline["epochs"] == 10
    assert baseline["validation_fraction"] == 0.25
    assert baseline["train_limit"] == 0
    assert baseline["optimizer"] == "adam"
    assert baseline["loss"] == "categorical_crossentropy"
    assert len(baseline["filters"]) * baseline["convs_per_block"] >= 2
    assert len(baseline["dense"]) >= 1  # and the output layer makes two
    for size in (4, 16, 128, 256):
        assert plan.differences(plan.get(f"batch-{size}")) == {"batch_size": size}
    assert plan.differences(plan.get("filters-x2")) == {"filters_scale": 2, "batch_size": 256}
    assert plan.differences(plan.get("layers-x2")) == {"convs_per_block": 2, "batch_size": 256}
    assert plan.get("best").parameters["epochs"] <= 15
    assert not plan.draft


@pytest.mark.parametrize("profile", ["quick", "smoke"])
def test_drafts_are_marked_and_short(profile: str) -> None:
    plan = make_plan(DEFAULT_PLAN, profile)
    assert plan.draft
    epochs = [v.parameters["epochs"] for v in plan.variants if v.kind == "training"]
    assert epochs and max(epochs) <= 3


def test_every_question_has_a_variant_or_notebook() -> None:
    plan = make_plan(DEFAULT_PLAN, "full")
    assert {q for v in plan.variants for q in v.questions} == set(range(1, 19))
    assert tomllib.loads(DEFAULT_PLAN.read_text(encoding="utf-8"))["handin"]


def test_margins_of_the_file_go_before_those_of_the_program(folder: Path) -> None:
    path = folder / "experiments.toml"
    path.write_text(HEAD + BASE, encoding="utf-8")
    assert make_plan(path, "full").margins == {"accuracy": (0.01, False), "cross_entropy": (0.05, True)}
    path.write_text(
        HEAD + BASE + "[margins]\naccuracy = 0.005\nrmse = { relative = 0.1 }\n", encoding="utf-8"
    )
    margins = make_plan(path, "full").margins
    assert margins == {"accuracy": (0.005, False), "cross_entropy": (0.05, True), "rmse": (0.1, True)}
