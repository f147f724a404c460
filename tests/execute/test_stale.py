"""``plan`` says in words why a variant is stale; what changes no digit makes nothing stale."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import PROJECT_ROOT, code_closure
from runner.build_folder import RESULT_FILE
from runner.execute import keys
from runner.execute.keys import changed_parts
from runner.execute.state import Workspace
from runner.plan.variants import DEFAULT_PLAN, Plan, make_plan
from tests.made_up import Story, make_study, write_training
from tests.tiny_plan import write_plan

Edit = Callable[[dict[str, Any]], object]


class Built:
    """A plan of one training whose result, made up, is up to date."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = write_plan(folder)
        (self.build / "notebooks").mkdir(parents=True)
        (self.build / "notebooks" / "good.ipynb").write_text("{}", encoding="utf-8")
        variant, workspace = self.plan.get("good"), Workspace(self.plan, self.build)
        target = self.build / "results" / "good"
        write_training(target, self.plan, variant, workspace.parameters(variant), Story())
        self.edit(lambda record: record.update(key_parts=workspace.parts(variant)))

    @property
    def build(self) -> Path:
        return self.folder / "build"

    @property
    def plan(self) -> Plan:
        return make_plan(self.path, "smoke")

    def edit(self, change: Edit) -> None:
        path = self.build / "results" / "good" / RESULT_FILE
        record = json.loads(path.read_text(encoding="utf-8"))
        change(record)
        path.write_text(json.dumps(record), encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        """Change the experiments file."""
        text = self.path.read_text(encoding="utf-8")
        assert old in text
        self.path.write_text(text.replace(old, new), encoding="utf-8")

    def cells(self, kind: str, old: str, new: str) -> None:
        """Change the notebook's cells of a kind."""
        path = self.folder / "experiment.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        hits = 0
        for cell in content["cells"]:
            if cell["cell_type"] == kind:
                source = "".join(cell["source"])
                hits += old in source
                cell["source"] = source.replace(old, new)
        assert hits
        path.write_text(json.dumps(content), encoding="utf-8")

    @property
    def state(self) -> tuple[str, str]:
        """The state and why."""
        (state,) = Workspace(self.plan, self.build).states()
        return state.status, state.why


@pytest.fixture
def built(tmp_path: Path) -> Built:
    made = Built(tmp_path)
    assert made.state == ("done", "")
    return made


def test_parameters_are_told_one_by_one(built: Built) -> None:
    built.replace("batch_size = 64", "batch_size = 32")
    built.replace("dense = [8]", "dense = [8, 4]")
    assert built.state == ("stale", "batch_size: 64 -> 32, dense: [8] -> [8, 4]")


def test_versions_are_told(built: Built) -> None:
    now = keys.version("keras")
    built.edit(lambda record: record["key_parts"].update(keras="3.14.0"))
    assert built.state == ("stale", f"keras: 3.14.0 -> {now}")


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("code", "code it imports"),
        ("data", "data"),
        ("settings", "settings that change digits"),
        ("parameters", "parameters"),  # of a record that does not say which
    ],
)
def test_hashes_are_told_by_what_they_are_of(built: Built, part: str, why: str) -> None:
    built.edit(lambda record: record["key_parts"].update({part: "0" * 64}))
    assert built.state == ("stale", why)


def test_code_of_the_notebook_counts_and_its_prose_does_not(built: Built) -> None:
    built.cells("markdown", " ", "  ")
    built.cells("code", "curves.use_style()", "curves.use_style(\n)  # un comentario")
    assert built.state == ("done", "")
    built.cells("code", "curves.use_style(", "print(); curves.use_style(")
    assert built.state == ("stale", "code of the notebook")


def imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources to be edited, which the keys are taken from."""
    shutil.copytree(PROJECT_ROOT / "runner", folder / "copy" / "runner")
    monkeypatch.setattr(code_closure, "PACKAGE", folder / "copy" / "runner")
    return folder / "copy" / "runner"


@pytest.mark.parametrize(
    ("module", "new", "stale"),
    [
        ("practice/training", "\n\n# un comentario\n", False),
        ("practice/training", "\n\nMORE = 1\n", True),
        ("practice/model", "\n\nMORE = 1\n", True),
        ("practice/data/sets", "\n\nMORE = 1\n", True),
        ("practice/training", '\n\ndef more():\n    """Un texto."""\n', True),
        ("__init__", "\n\nMORE = 1\n", False),
        ("figures/style", "\n\nMORE = 1\n", False),
        ("practice/figures/curves", "\n\nMORE = 1\n", False),
        ("report/html", "\n\nMORE = 1\n", False),
        ("execute/schedule", "\n\nMORE = 1\n", False),
    ],
)
def test_which_code_counts(
    built: Built, monkeypatch: pytest.MonkeyPatch, module: str, new: str, stale: bool
) -> None:
    source = imported(built.folder, monkeypatch) / f"{module}.py"
    source.write_text(source.read_text(encoding="utf-8") + new, encoding="utf-8")
    assert built.state == (("stale", "code it imports") if stale else ("done", ""))


def test_templates_make_nothing_stale(built: Built) -> None:
    templates = built.folder / "templates"
    shutil.copytree(PROJECT_ROOT / "templates", templates)
    for path in templates.rglob("*.html"):
        path.write_text(path.read_text(encoding="utf-8") + "<p>más</p>", encoding="utf-8")
    built.replace('label = "buena"', 'label = "mejor"')
    assert built.state == ("done", "")


def test_what_a_notebook_reads_is_told(tmp_path: Path) -> None:
    """A notebook that shows other results is run again when those are, and says so."""
    make_study(tmp_path)
    from runner.execute.stale import why_stale
    from runner.results.finished import read_result

    result = read_result(tmp_path / "results" / "best-model").result
    workspace = Workspace(make_plan(DEFAULT_PLAN, "full"), tmp_path)
    parts = workspace.parts(workspace.plan.get("best-model"))
    before = result.model_copy(update={"key_parts": parts | {"inputs": "0"}})
    assert why_stale(before, parts, result.parameters) == "results it reads"


def test_code_in_folders_of_the_package_counts(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders down, imported in any of the ways there are; and each package's own file."""
    package = imported(built.folder, monkeypatch)
    deep = package / "practice" / "deep"
    deep.mkdir()
    (deep / "__init__.py").write_text("")
    (deep / "layers.py").write_text("from . import sizes\n")
    (deep / "sizes.py").write_text("SIDE = 3\n")
    training = package / "practice" / "training.py"
    training.write_text(training.read_text("utf-8") + "\nfrom runner.practice.deep import layers\n", "utf-8")
    workspace = Workspace(built.plan, built.build)
    built.edit(lambda record: record.update(key_parts=workspace.parts(built.plan.get("good"))))
    assert built.state == ("done", "")
    for path in (deep / "sizes.py", deep / "layers.py", deep / "__init__.py"):
        before = path.read_text()
        path.write_text(before + "# un comentario\n")
        assert built.state == ("done", "")
        path.write_text(before + "MORE = 1\n")
        assert built.state == ("stale", "code it imports"), path
        path.write_text(before)


def test_a_module_beside_the_notebook_counts_and_is_named(built: Built) -> None:
    built.cells("code", "curves.use_style()", "import medidas.areas\ncurves.use_style()")
    folder = built.folder / "medidas"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .lados import LADO\n")
    (folder / "areas.py").write_text("AREA = 4\n")
    (folder / "lados.py").write_text("LADO = 2\n")
    workspace = Workspace(built.plan, built.build)
    built.edit(lambda record: record.update(key_parts=workspace.parts(built.plan.get("good"))))
    assert built.state == ("done", "")
    (folder / "areas.py").write_text('"""Áreas."""\n\nAREA = 4  # metros\n')
    assert built.state == ("done", "")
    (folder / "lados.py").write_text("LADO = 3\n")
    assert built.state == ("stale", "code of medidas/lados.py")


def test_dates_do_not_count(built: Built) -> None:
    for path in (built.folder / "experiment.ipynb", built.path):
        os.utime(path)
        assert built.state == ("done", "")
        os.utime(path, (0, 0))
        assert built.state == ("done", "")


def test_declared_data_counts_and_is_named(built: Built) -> None:
    data = built.folder / "datos"
    (data / "más").mkdir(parents=True)
    (data / "a.csv").write_text("1,2\n")
    (data / "más" / "b.csv").write_text("3,4\n")
    built.replace("[variants.good]", '[variants.good]\ndata = ["datos"]')
    assert built.state == ("stale", "file datos")
    workspace = Workspace(built.plan, built.build)
    built.edit(lambda record: record.update(key_parts=workspace.parts(built.plan.get("good"))))
    os.utime(data / "a.csv")
    (data / ".oculto").write_text("de un editor")
    assert built.state == ("done", "")
    old = (data / "más" / "b.csv").stat()
    (data / "más" / "b.csv").write_text("3,5\n")
    os.utime(data / "más" / "b.csv", ns=(old.st_atime_ns, old.st_mtime_ns))
    assert built.state == ("stale", "file datos")
    (data / "más" / "b.csv").write_text("3,4\n")
    assert built.state == ("done", "")
    (data / "más" / "b.csv").rename(data / "b.csv")
    assert built.state == ("stale", "file datos")


def test_a_notebook_that_trains_nothing_shows_all_the_code_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comparisons and looks too: it is handed in as it was executed."""
    package = imported(tmp_path, monkeypatch)
    plan = make_plan(DEFAULT_PLAN, "full")
    before = Workspace(plan, tmp_path).parts(plan.get("comparison"))
    for name in ("analysis/compare", "analysis/timing", "practice/tables", "figures/style"):
        path = package / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "# un comentario\n", encoding="utf-8")
        assert Workspace(plan, tmp_path).parts(plan.get("comparison")) == before
        path.write_text(text + "MORE = 1\n", encoding="utf-8")
        assert changed_parts(before, Workspace(plan, tmp_path).parts(plan.get("comparison"))) == ("code",), (
            name
        )
        path.write_text(text, encoding="utf-8")
