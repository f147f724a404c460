"""A second practice, of scikit-learn only, and one that ``new`` writes: run for real, and verified."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.analysis.compare import compare
from runner.results.finished import read_result
from tests.program import report_text, run_program

pytestmark = pytest.mark.xdist_group("regression")

OWN = PROJECT_ROOT / "docs" / "regression"
REFUSAL = "raise ImportError('nothing here may need it')\n"
ABSENT = "import sys\nassert not {'tensorflow', 'keras'} & sys.modules.keys()"


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The practice where TensorFlow can't be imported by its notebooks, and a finished run of it."""
    folder = tmp_path_factory.mktemp("regression") / "practice"
    shutil.copytree(OWN, folder)
    for name in ("tensorflow", "keras"):
        (folder / f"{name}.py").write_text(REFUSAL, encoding="utf-8")
    notebook = nbformat.read(folder / "fit.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ABSENT))
    nbformat.write(notebook, folder / "fit.ipynb")
    plan = str(folder / "experiments.toml")
    done = run_program("all", "--plan", plan, "--build-dir", str(folder / "build"))
    assert done.returncode == 0, done.stderr
    return folder


def test_it_runs_without_tensorflow_and_verifies(regression: Path) -> None:
    plan, build = str(regression / "experiments.toml"), str(regression / "build")
    done = run_program("verify", "--plan", plan, "--build-dir", build)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified" in done.stdout


def test_its_verdicts_follow_from_the_scores_of_each_case(regression: Path) -> None:
    results = regression / "build" / "results"
    found = compare(
        read_result(results / "ridge"), read_result(results / "mean"), "validation", "squared_error"
    )
    assert found.verdict == "better" and found.difference < 0
    text = report_text(regression / "build")
    assert "predicts better than that of mean of the training set" in text
    for number in range(1, 6):
        assert f"Question {number}." in text


def test_its_report_is_in_english_unless_another_language_is_asked_for(regression: Path) -> None:
    build = regression / "build"
    assert "locale" not in json.loads((build / "run.json").read_text("utf-8"))
    assert "0.001" in report_text(build)


def test_a_new_practice_runs_at_once_and_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "mía"
    done = run_program("new", str(folder))
    assert done.returncode == 0, done.stderr
    words = ("--plan", str(folder / "experiments.toml"), "--build-dir", str(folder / "build"))
    done = run_program("all", *words)
    assert done.returncode == 0, done.stderr
    text = report_text(folder / "build")
    assert "Pregunta 3. Cómo son las curvas" in text and "mejor" in text
    assert run_program("verify", *words).returncode == 0


def test_new_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    done = run_program("new", str(tmp_path))
    assert done.returncode == 2 and "there is something already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
