"""Several seeds and the check of determinism, for real: papermill, Keras and WeasyPrint on digits."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

from runner.results.finished import read_result
from tests.program import report_text
from tests.tiny_plan import run

pytestmark = pytest.mark.xdist_group("seeds")


def runner(folder: Path, command: str, *words: str) -> subprocess.CompletedProcess[str]:
    return run(command, folder / "experiments.toml", folder / "build", *words)


@pytest.fixture(scope="module")
def folder(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with one seed, to go on from."""
    return Path(shutil.copytree(trained, tmp_path_factory.mktemp("seeds") / "practice"))


def test_a_second_seed_keeps_the_first_and_is_in_the_report(folder: Path) -> None:
    build = folder / "build"
    first = {n: (build / "results" / n / "result.json").stat().st_mtime_ns for n in ("good", "other")}
    before = report_text(build)
    assert "con una sola semilla y un solo reparto" in before and "banda" not in before
    done = runner(folder, "all", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert "2 variants to run" in done.stderr
    for name, time in first.items():
        assert (build / "results" / name / "result.json").stat().st_mtime_ns == time
        repeated = read_result(build / "results" / f"{name}~2")
        assert repeated.result.parameters == {
            **read_result(build / "results" / name).result.parameters,
            "seed": 2,
        }
        assert repeated.result.key != read_result(build / "results" / name).result.key
        assert (build / "notebooks" / f"{name}~2.ipynb").is_file()
    labels = {
        name: read_result(build / "results" / name).predictions.validation.labels
        for name in ("good", "other", "good~2", "other~2")
    }
    assert np.array_equal(labels["good"], labels["other"])
    assert np.array_equal(labels["good~2"], labels["other~2"])  # a pair shares its split
    assert not np.array_equal(labels["good"], labels["good~2"])
    text = report_text(build)
    assert "Semillas de cada variante: 2." in text
    assert "La banda va del mínimo al máximo de las 2 semillas" in text
    handin = (build / "notebook.ipynb").read_text(encoding="utf-8")
    assert 'variant = \\"good\\"' in handin and "good~2" not in handin
    again = runner(folder, "all")
    assert "every variant is up to date" in again.stderr and "is up to date" in again.stderr


def test_the_report_with_seeds_can_be_verified(folder: Path) -> None:
    pdf = folder / "build" / "report.pdf"
    done = runner(folder, "verify", str(pdf), "--replay", "good~2:2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified: all of" in done.stdout and "replayed: good~2:2 of" in done.stdout
    assert "every bit is the same: the states, the curves, the predictions" in done.stdout
    assert "results--other~2--result.json" in PdfReader(pdf).attachments


def test_the_plan_shows_the_repetitions(folder: Path) -> None:
    done = runner(folder, "plan")
    assert "good~2" in done.stdout and "seed=2" in done.stdout


def test_the_same_seed_gave_the_same_bits_or_the_report_says_by_how_much(folder: Path) -> None:
    values = read_result(folder / "build" / "results" / "determinism").values
    assert values["same_batches"] is True
    assert values["compared"] > 1000
    assert values["identical"] == (values["different"] == 0)
    text = report_text(folder / "build").replace("- ", "")
    assert ("salieron idénticas, bit a bit" in text) == values["identical"]


def test_auto_spends_seeds_on_what_is_open_and_says_so(folder: Path) -> None:
    build = folder / "build"
    done = runner(folder, "all", "--seeds", "auto", "--budget", "2h")
    assert done.returncode == 0, done.stderr
    note = json.loads((build / "run.json").read_text(encoding="utf-8"))["seeds"]
    spent = {name: count for name, count in note["more"].items() if count > 1}
    text = report_text(build)
    if note["search"]["pairs"]:
        assert spent["good"] == spent["other"] > 1
        assert (build / "results" / f"other~{spent['other']}" / "result.json").is_file()
        assert "Comparaciones que recibieron más semillas" in text
    assert "Semillas añadidas" in text
    assert "con un límite de 2 h" in text
    assert runner(folder, "verify", str(build / "report.pdf")).returncode == 0
    again = runner(folder, "all")  # without asking, nothing more is spent
    assert "further seeds" not in again.stderr
