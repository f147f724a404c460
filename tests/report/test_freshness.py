"""Whether report, notebook and page are what a rendering would give now: by content, without rendering."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from runner import PROJECT_ROOT, code_closure
from runner.figures.drawing import _inputs_digest
from runner.language import i18n
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, Plan, make_plan
from runner.report.freshness import former_page, inputs, note, outdated, page_inputs
from runner.results.study import Study
from tests.made_up import Story, make_study

FIGURE = "figures/fig-lotes.svg"
LONG_AGO = (1_600_000_000, 1_600_000_000)


@dataclass(frozen=True)
class Rendered:
    """A build folder with outputs, noted as made from what is there, and a copy of the templates."""

    build: Path
    plan: Plan
    study: Study

    @property
    def faults(self) -> tuple[str, ...]:
        return outdated(self.plan, self.build)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    folder = tmp_path_factory.mktemp("made")
    build = folder / "build"
    study = make_study(build, Story(images=(60, 40)))
    shutil.copytree(TEMPLATES, folder / "templates", copy_function=shutil.copy2)
    plan = replace(make_plan(DEFAULT_PLAN, "full"), templates=folder / "templates")
    for name in (*plan.outputs.rendered, FIGURE, "notebooks/best.ipynb", "logo.png"):
        (build / name).parent.mkdir(exist_ok=True)
        (build / name).write_text(name)
    note(plan, build, inputs(plan, build), [(build / FIGURE).resolve(), (build / "logo.png").resolve()])
    return Rendered(build, plan, study)


@pytest.fixture
def rendered(made: Rendered, tmp_path: Path) -> Rendered:
    """One's own copy."""
    shutil.copytree(made.build.parent, tmp_path / "copy")
    plan = replace(made.plan, templates=tmp_path / "copy" / "templates")
    return Rendered(tmp_path / "copy" / "build", plan, made.study)


def test_dates_and_places_do_not_count(rendered: Rendered) -> None:
    assert rendered.faults == ()  # copied, with the dates of today
    for path in rendered.build.parent.rglob("*"):
        os.utime(path, LONG_AGO)
    os.utime(rendered.build / "results" / "best" / "result.json")
    os.utime(rendered.plan.templates / "report.html")
    assert rendered.faults == ()


def template(change: Callable[[Path], object]) -> Callable[[Rendered], object]:
    return lambda r: change(r.plan.templates / "answers" / "q08.html")


def older(path: Path) -> None:
    """Another version with its old date, as ``cp -p`` and unzip leave it."""
    path.write_text(path.read_text("utf-8") + "<p>Antes.</p>", "utf-8")
    os.utime(path, LONG_AGO)


TEMPLATES_CHANGED = "the templates changed since they were made"
RESULTS_CHANGED = "the results changed since they were made"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (template(older), TEMPLATES_CHANGED),
        (template(Path.unlink), TEMPLATES_CHANGED),
        (template(lambda path: path.rename(path.with_name("q19.html"))), TEMPLATES_CHANGED),
        (lambda r: older(r.build / "results" / "best" / "result.json"), RESULTS_CHANGED),
        (lambda r: older(r.build / "notebooks" / "best.ipynb"), RESULTS_CHANGED),
        (lambda r: (r.build / "results" / "best" / "values.json").write_text("{}"), RESULTS_CHANGED),
        (lambda r: (r.build / "results" / "c-sgd" / "predictions.npz").unlink(), RESULTS_CHANGED),
        (lambda r: (r.build / "awaited.json").write_text("{}"), "names, language or seeds changed"),
        (lambda r: (r.build / "run.json").write_text("{}"), "names, language or seeds changed"),
        (lambda r: (r.build / "report.pdf").write_text("x"), "report.pdf was altered since it was made"),
        (lambda r: (r.build / "practica5.html").unlink(), "practica5.html is gone"),
        (lambda r: (r.build / "practica5.ipynb").unlink(), "practica5.ipynb is gone"),
        (lambda r: (r.build / "report.json").unlink(), "report.json is gone"),
        (lambda r: (r.build / FIGURE).write_text("x"), f"{FIGURE} was altered since it was shown"),
        (lambda r: (r.build / "logo.png").unlink(), "logo.png is gone"),
        (lambda r: (r.build / "made_from.json").unlink(), "it is not known what they were made from"),
        (lambda r: (r.build / "made_from.json").write_text("{"), "it is not known what they were made from"),
    ],
)
def test_what_changed_is_said(rendered: Rendered, change: Callable[[Rendered], object], said: str) -> None:
    change(rendered)
    (fault,) = rendered.faults
    assert said in fault


def test_models_and_hidden_files_are_not_shown(rendered: Rendered) -> None:
    (rendered.build / "results" / "best" / "model.keras").write_bytes(b"x")
    (rendered.plan.templates / ".swp").write_bytes(b"x")
    (rendered.plan.templates / "__pycache__").mkdir()
    (rendered.plan.templates / "__pycache__" / "figures.pyc").write_bytes(b"x")
    assert rendered.faults == ()


def test_another_plan_or_profile_is_seen(rendered: Rendered, tmp_path: Path) -> None:
    (fault,) = outdated(replace(rendered.plan, profile="quick"), rendered.build)
    assert "names, language or seeds changed" in fault
    shutil.copytree(DEFAULT_PLAN.parent, tmp_path / "notebooks")
    (tmp_path / "notebooks" / "timing.ipynb").write_text(
        (DEFAULT_PLAN.parent / "timing.ipynb").read_text("utf-8") + "\n", "utf-8"
    )
    other = make_plan(tmp_path / "notebooks" / DEFAULT_PLAN.name, "full")
    (fault,) = outdated(replace(other, templates=rendered.plan.templates), rendered.build)
    assert "the experiments file or its notebooks changed" in fault


@pytest.mark.parametrize(
    ("module", "report", "figures"),
    [
        ("analysis/timing", True, True),  # figures 9 to 11 compare times
        ("analysis/compare", True, True),
        ("practice/figures/alt_text", True, True),
        ("report/html", True, False),
        ("report/handin_page", True, False),
        ("report/printing/pdfua", True, False),
        ("cluster/executor", False, False),
        ("execute/schedule", False, False),
    ],
)
def test_code_counts_where_it_is_used_and_comments_do_not(
    rendered: Rendered,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    report: bool,
    figures: bool,
) -> None:
    shutil.copytree(PROJECT_ROOT / "runner", tmp_path / "program" / "runner")
    monkeypatch.setattr(code_closure, "PACKAGE", tmp_path / "program" / "runner")
    path = tmp_path / "program" / "runner" / f"{module}.py"

    def digest() -> str:
        return _inputs_digest(rendered.study, rendered.build, rendered.plan.templates)

    drawn = digest()
    with path.open("a", encoding="utf-8") as file:
        file.write("\n\n# un comentario\n")
    assert rendered.faults == () and digest() == drawn
    with path.open("a", encoding="utf-8") as file:
        file.write("MORE = 1\n")
    assert any("the program changed" in fault for fault in rendered.faults) is report
    assert (digest() != drawn) is figures


def test_figures_notice_results_fonts_language_and_own_code(
    rendered: Rendered, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates, folder = rendered.plan.templates, rendered.study.get("best").folder

    def digest() -> str:
        return _inputs_digest(rendered.study, rendered.build, templates)

    found = [digest()]

    def changed() -> bool:
        found.append(digest())
        return found[-1] not in found[:-1]

    os.utime(folder / "predictions.npz")
    assert not changed()
    (templates / "figures.py").write_text("import curvas\nDRAWS = {}")
    assert changed()
    (templates / "curvas.py").write_text("ANCHO = 2")
    assert changed()
    (templates / "curvas.py").write_text('"""Curvas."""\nANCHO = 2  # cm')
    assert not changed()
    (templates / "curvas.py").write_text("ANCHO = 3")
    assert changed()
    (templates / "estilo.mplstyle").write_text("lines.linewidth: 2")
    assert changed()
    (templates / "report.html").write_text("otro")
    assert not changed()
    monkeypatch.setattr(i18n, "current", lambda: "en")
    assert changed()


def test_the_notebooks_page_follows_from_its_notebook_and_templates(rendered: Rendered) -> None:
    plan, notebook = rendered.plan, rendered.build / "notebooks" / "best.ipynb"
    made_from = inputs(plan, rendered.build)
    first = page_inputs(plan, notebook, made_from)
    older(plan.templates / "answers" / "q08.html")
    assert page_inputs(plan, notebook, made_from) == first  # which is no template of the page
    with i18n.speaking("en"):
        assert page_inputs(plan, notebook, made_from) != first
    for name in ("the program", "the libraries"):
        assert page_inputs(plan, notebook, {**made_from, name: "another"}) != first
    for name in ("notebook/index.html.j2", "notebook/notebook.css"):
        older(plan.templates / name)
        second = page_inputs(plan, notebook, made_from)
        assert second != first
        first = second
    notebook.write_text("another")
    assert page_inputs(plan, notebook, made_from) != first


def test_a_page_is_kept_as_long_as_it_was_made_from_the_same(rendered: Rendered) -> None:
    plan, build = rendered.plan, rendered.build
    page = build / plan.outputs.page
    note(plan, build, inputs(plan, build), [], "this")
    assert former_page(plan, build, "this") == page.read_bytes()
    assert former_page(plan, build, "that") is None
    page.write_text("altered")
    assert former_page(plan, build, "this") is None
    page.unlink()
    assert former_page(plan, build, "this") is None
    (build / "made_from.json").write_text("{")
    assert former_page(plan, build, "this") is None
