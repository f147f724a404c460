"""``plan`` says in words why a variant is stale; what changes no digit makes nothing stale."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import PROJECT_ROOT, keys
from runner.plan import Plan, make_plan
from runner.results import RESULT_FILE
from runner.state import Workspace
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
        keys._notebook_hash.cache_clear()
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
    built.cells("code", "figures.use_style()", "figures.use_style(\n)  # un comentario")
    assert built.state == ("done", "")
    built.cells("code", "figures.use_style(", "print(); figures.use_style(")
    assert built.state == ("stale", "code of the notebook")


def imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources to be edited, which the keys are taken from."""
    shutil.copytree(PROJECT_ROOT / "runner", folder / "copy" / "runner")
    monkeypatch.setattr(keys, "PROJECT_ROOT", folder / "copy")
    keys._modules_hash.cache_clear()
    return folder / "copy" / "runner"


@pytest.mark.parametrize(
    ("module", "new", "stale"),
    [
        ("training", "\n\n# un comentario\n", False),
        ("training", "\n\nMORE = 1\n", True),
        ("model", "\n\nMORE = 1\n", True),
        ("data", "\n\nMORE = 1\n", True),
        ("figure_style", "\n\nMORE = 1\n", False),
        ("figures", "\n\nMORE = 1\n", False),
        ("report_html", "\n\nMORE = 1\n", False),
        ("schedule", "\n\nMORE = 1\n", False),
    ],
)
def test_which_code_counts(
    built: Built, monkeypatch: pytest.MonkeyPatch, module: str, new: str, stale: bool
) -> None:
    source = imported(built.folder, monkeypatch) / f"{module}.py"
    source.write_text(source.read_text(encoding="utf-8") + new, encoding="utf-8")
    assert built.state == (("stale", "code it imports") if stale else ("done", ""))
    keys._modules_hash.cache_clear()


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
    from runner.plan import DEFAULT_PLAN
    from runner.results import read_result
    from runner.stale import why_stale

    result = read_result(tmp_path / "results" / "best-model").result
    workspace = Workspace(make_plan(DEFAULT_PLAN, "full"), tmp_path)
    parts = workspace.parts(workspace.plan.get("best-model"))
    before = result.model_copy(update={"key_parts": parts | {"inputs": "0"}})
    assert why_stale(before, parts, result.parameters) == "results it reads"
