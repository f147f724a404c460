"""A practice of its own metrics, run for real: scores from notebooks, and their verdicts in its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.report.printing import conformance
from runner.results.finished import read_result
from tests.program import report_text, run_program
from tests.tiny_plan import notebook, write_notebook

pytestmark = pytest.mark.xdist_group("own")

PLAN = """
title = "Dos rectas"
templates = "templates"
[profiles.full]
draft = false
"""
MEASURE = """import numpy as np
from runner import kernel
random = np.random.default_rng(1)
x = np.linspace(0, 1, 80)
y = 2 * x + 0.1 * random.normal(size=80)
kernel.save_scores("squared_error", (y - np.polyval(np.polyfit(x, y, degree), x)) ** 2, better="lower")"""
TEMPLATES = {
    "report.html": '{% extends "base/report.html" %}',
    "report.css": "body { font-family: sans-serif }",
    "parts/appendix.html": '{% extends "base/appendix.html" %}',
    "parts/evidence.html": '{% extends "base/evidence.html" %}',
    "answers/q01.html": """{% import "base/words.html" as words %}
{% set title = "Dos rectas" %}
{% set cmp = compare("line", "constant", "test", "squared_error") %}
<p>La recta es {{ words.effect(cmp) }}.</p>
{% call table("tab-rectas", "Error cuadrático de cada punto.") %}
{{ words.comparison_rows(["line"], "constant", "test", "squared_error", "error medio") }}
{% endcall %}""",
}


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of the practice in ``build``."""
    folder = tmp_path_factory.mktemp("own")
    for name, content in TEMPLATES.items():
        (folder / "templates" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "templates" / name).write_text(content, "utf-8")
    entries = [PLAN]
    for name, degree in (("constant", 0), ("line", 1)):
        write_notebook(folder / f"{name}.ipynb", f"degree = {degree}", MEASURE)
        entries.append(notebook(name, "questions = [1]"))
    (folder / "experiments.toml").write_text("\n".join([*entries, '[[handin]]\nnotebook = "line"']), "utf-8")
    done = run_program("all", *words(folder))
    assert done.returncode == 0, done.stderr
    return folder


def words(folder: Path) -> tuple[str, ...]:
    return "--plan", str(folder / "experiments.toml"), "--build-dir", str(folder / "build")


def test_its_report_gives_the_verdict_on_its_own_metric(practice: Path) -> None:
    text = report_text(practice / "build")
    assert "La recta es mejor en este entrenamiento (−0,3" in text and "p < 0,001" in text
    assert "Error medio" in text and "referencia" in text  # head of the column, row of the reference
    assert "Cómo leer los veredictos" in text and "diferencia de squared_error de test" in text
    assert "CIFAR" not in text and "imágenes" not in text
    assert conformance.check(practice / "build" / "report.pdf") == ()
    found = read_result(practice / "build" / "results" / "line").scores("test", "squared_error")
    assert (len(found.values), found.better) == (80, "lower")


def test_it_verifies_from_its_attached_scores(practice: Path) -> None:
    done = run_program("verify", str(practice / "build" / "report.pdf"), *words(practice)[:2])
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_speaks_english_but_for_its_own_words(practice: Path) -> None:
    build = practice / "build"
    done = run_program("report", *words(practice), "--locale", "en")
    assert done.returncode == 0, done.stderr
    text = report_text(build)
    assert (
        "better in this training (−0.3" in text and "How to read the verdicts" in text and "Question" in text
    )
    assert "Cómo" not in text and "Prueba" not in text
    assert json.loads((build / "run.json").read_text("utf-8"))["locale"] == "en"
