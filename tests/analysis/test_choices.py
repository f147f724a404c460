"""Choices are made once for the same predictions, and again when anything they rest on changes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runner import PROJECT_ROOT
from runner.analysis.choices import decide
from runner.analysis.loading import load_study
from runner.build_folder import CHOICES_FILE, PREDICTIONS_FILE
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results.finished import Finished
from runner.results.seal import seal
from runner.results.study import Choice
from tests.made_up import make_study

ENTRY = next(e for e in make_plan(DEFAULT_PLAN, "full").get("best").choose if "optimizer" in e.parameters)
# What a second process decides, and whether it took statistics to do so.
AGAIN = """
import sys
from pathlib import Path
from runner.analysis.loading import load_study
from runner.plan.variants import DEFAULT_PLAN, make_plan
study = load_study(make_plan(DEFAULT_PLAN, "full"), Path(sys.argv[1]))
choice = next(c for c in study.choices if "optimizer" in c.parameters)
print(choice.winner, *choice.tied, "statsmodels" in sys.modules)
"""


@pytest.fixture
def candidates(tmp_path: Path) -> dict[str, Finished]:
    study = make_study(tmp_path)
    found = {name: study.get(name) for name in ENTRY.among}
    for each in study.finished.values():
        seal(each.folder)
    return found


def fresh(candidates: dict[str, Finished]) -> Choice:
    """Decided on what is on disk now."""
    return decide(ENTRY, {name: Finished(each.result, each.folder) for name, each in candidates.items()})


def test_a_second_process_needs_no_statistics(tmp_path: Path, candidates: dict[str, Finished]) -> None:
    first = fresh(candidates)
    for entry in make_plan(DEFAULT_PLAN, "full").get("best").choose:
        decide(entry, load_study(make_plan(DEFAULT_PLAN, "full"), tmp_path).finished)
    command = [sys.executable, "-c", AGAIN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert done.stdout.split() == [str(first.winner), *first.tied, "False"]


def test_other_predictions_make_another_choice(candidates: dict[str, Finished]) -> None:
    before = fresh(candidates)
    worst = next(name for name in ENTRY.among if name not in before.tied)
    path = candidates[worst].folder / PREDICTIONS_FILE
    with np.load(path) as arrays:
        content = dict(arrays)
    content["validation_probabilities"] = np.eye(10, dtype=np.float32)[content["validation_labels"]]
    content["validation_cross_entropy"] = np.zeros(len(content["validation_labels"]))
    np.savez(path, **content)
    seal(path.parent)
    assert fresh(candidates).winner == worst


@pytest.mark.parametrize("content", ["", "[1]", '{"a": []}', '{"a": [1]}', "{"])
def test_a_damaged_memory_is_no_memory(candidates: dict[str, Finished], content: str) -> None:
    before = fresh(candidates)
    path = candidates[ENTRY.among[0]].folder.parent / CHOICES_FILE
    path.write_text(content, encoding="utf-8")
    assert fresh(candidates) == before
    assert json.loads(path.read_text(encoding="utf-8"))


def test_results_without_a_seal_are_not_remembered(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    decide(ENTRY, study.finished)
    assert not (tmp_path / "results" / CHOICES_FILE).exists()
