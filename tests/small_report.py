"""A report of one made-up training that verifies, made in seconds: what altered reports are made from.

Nothing is trained: record, predictions and executed notebook are made up, and agree. The report is short, but
has a figure of lines and one of pixels, links, headings and attachments, as the long one has.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nbformat
from nbformat.v4 import new_output

from runner.analysis.loading import load_study
from runner.build_folder import PACKAGES_FILE, RESULT_FILE
from runner.files import write_json
from runner.packages import lock_text
from runner.plan.variants import make_plan
from runner.report.render import render
from tests.made_up import Story, make_study
from tests.tiny_plan import EXPERIMENT, shorten, write_plan

IMAGES = (60, 50)
ANSWER = """{% set title = "La figura" %}
<p>La exactitud es {{ m("good", "evaluation.test.accuracy")|percent(1) }}, según {{ ref("fig-lines") }};
véase <a href="https://example.org/practica">la práctica</a>.</p>
{{ figure("fig-lines", "Una curva.") }}
{{ figure("fig-pixels", "Una imagen.") }}
"""
EVIDENCE = """{% set title = "Mapa de pruebas" %}
{% for claim in claims %}
<p id="{{ claim.id }}"><a class="ref" href="#{{ claim.place }}">{{ claim.number }}</a> {{ claim.metric }}
{% for each in claim.values %}{{ each.printed.html|safe }}{% endfor %}</p>
{% endfor %}
"""
FIGURES = """import matplotlib.pyplot as plt

from runner.figures.drawn import DrawnFigure


def lines(study):
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.plot([0, 1, 2], [0, 1, 4])
    return DrawnFigure(figure, "Una curva que sube.")


def pixels(study):
    figure, axis = plt.subplots(figsize=(2, 2))
    axis.imshow([[0, 1], [1, 0]])
    return DrawnFigure(figure, "Un tablero.", False)


DRAWS = {"fig-lines": lines, "fig-pixels": pixels}
"""


def make_practice(folder: Path) -> Path:
    """The experiments file and templates of the practice; the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = shorten(write_plan(folder))
    (folder / "templates" / "answers" / "q02.html").write_text(ANSWER, encoding="utf-8")
    (folder / "templates" / "parts").mkdir(exist_ok=True)
    (folder / "templates" / "parts" / "evidence.html").write_text(EVIDENCE, encoding="utf-8")
    layout = folder / "templates" / "report.html"
    text = layout.read_text("utf-8").replace("in answers %}", "in answers + back %}")
    text = text.replace("Pregunta {{ section.number|ordinal }}. ", "")
    layout.write_text(text, encoding="utf-8")
    (folder / "templates" / "figures.py").write_text(FIGURES, encoding="utf-8")
    return plan


def make_small(plan: Path, build: Path) -> Path:
    """Results and a report of them in the folder ``build``; the report's path."""
    make_study(build, Story(images=IMAGES), "smoke", plan)
    pretend_it_ran(plan.parent / EXPERIMENT, build)
    (build / PACKAGES_FILE).write_text(lock_text(), encoding="utf-8")
    write_json(build / "run.json", {"profile": "smoke"})
    of_smoke = make_plan(plan.resolve(), "smoke")
    return render(load_study(of_smoke, build), of_smoke, build, of_smoke.templates)


def pretend_it_ran(source: Path, build: Path, name: str = "good") -> None:
    """An executed notebook that printed what the record says, with its hash in the record."""
    path = build / "results" / name / RESULT_FILE
    record = json.loads(path.read_bytes())
    scores = record["training"]["evaluation"].values()
    printed = [f"{each[metric]:.4f}" for each in scores for metric in ("cross_entropy", "accuracy")]
    content = nbformat.read(source, as_version=4)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
    code[-1].outputs = [new_output("stream", text="\n".join(printed) + "\n")]
    executed = build / "notebooks" / f"{name}.ipynb"
    executed.parent.mkdir(exist_ok=True)
    nbformat.write(content, executed)
    record["notebook_sha256"] = hashlib.sha256(executed.read_bytes()).hexdigest()
    write_json(path, record)
