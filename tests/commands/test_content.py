"""What is there counts, not its date; and what is finished stays. A small practice, run for real."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.build_folder import FAILURE_FILE, Outputs
from runner.results.finished import read_failure, read_result
from tests.program import report_text, run_program

pytestmark = pytest.mark.xdist_group("content")

EXAMPLE = PROJECT_ROOT / "docs" / "example"
FIGURE = "figures/fig-recta.svg"
DIES = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import ruido
if Path({flag!r}).exists():
    os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
"""


class Practice:
    """A copy of the example whose kernel dies where a flag is set, with modules of its own, and its build."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.build = folder / "practice", folder / "build"
        self.flag = folder.parent / "flag"

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        plan = str(self.folder / "experiments.toml")
        return run_program(command, "--plan", plan, "--build-dir", str(self.build), *words)

    @property
    def outputs(self) -> dict[str, bytes]:
        return {name: (self.build / name).read_bytes() for name in (*Outputs().rendered, FIGURE)}

    @property
    def finished(self) -> dict[str, bytes]:
        files = [*(self.build / "results" / "line").iterdir(), self.build / "notebooks" / "line.ipynb"]
        return {path.name: path.read_bytes() for path in files if path.name != FAILURE_FILE}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    practice = Practice(tmp_path_factory.mktemp("content") / "first")
    shutil.copytree(EXAMPLE, practice.folder)
    (practice.folder / "ruido.py").write_text("RUIDO = 1\n")
    path = practice.folder / "line.ipynb"
    content = nbformat.read(path, as_version=4)
    code = DIES.format(folder=str(practice.folder), flag=str(practice.flag))
    content.cells.append(nbformat.v4.new_code_cell(code))
    nbformat.write(content, path)
    figures = practice.folder / "templates" / "figures.py"
    figures.write_text("import colores\n" + figures.read_text("utf-8"), "utf-8")
    (figures.parent / "colores.py").write_text("ROJO = 1\n")
    done = practice.run("all")
    assert done.returncode == 0, done.stderr
    return practice


@pytest.fixture
def practice(made: Practice, tmp_path: Path) -> Iterator[Practice]:
    """Its build in a folder of one's own: of the same content, with other dates."""
    copy = Practice(tmp_path / "copy")
    copy.folder, copy.flag = made.folder, made.flag
    shutil.copytree(made.build, copy.build, copy_function=shutil.copyfile)
    templates = made.folder / "templates"
    shutil.copytree(templates, tmp_path / "templates")
    yield copy
    made.flag.unlink(missing_ok=True)
    shutil.rmtree(templates)
    shutil.move(tmp_path / "templates", templates)


def test_a_copy_has_nothing_to_do(practice: Practice) -> None:
    before = practice.outputs
    done = practice.run("all")
    assert done.returncode == 0, done.stderr
    assert "every variant is up to date" in done.stderr and "report.pdf is up to date" in done.stderr
    assert practice.outputs == before
    assert not list((practice.folder / "templates").rglob("__pycache__"))


def test_what_was_altered_or_removed_is_made_again(practice: Practice) -> None:
    before = practice.outputs
    (practice.build / "notebook.html").unlink()
    (practice.build / "report.json").write_text("{}")
    (practice.build / FIGURE).write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    done = practice.run("all")
    assert done.returncode == 0, done.stderr
    assert "every variant is up to date" in done.stderr
    assert practice.outputs == before


def test_an_older_template_is_rendered_and_a_faulty_one_costs_nothing(practice: Practice) -> None:
    answer = practice.folder / "templates" / "answers" / "q01.html"
    answer.write_text(answer.read_text("utf-8") + "<p>Como antes.</p>\n", "utf-8")
    os.utime(answer, (1_600_000_000, 1_600_000_000))
    done = practice.run("all")
    assert done.returncode == 0, done.stderr
    assert "Como antes." in report_text(practice.build)
    before = practice.outputs
    answer.write_text("{{ nothing_of_the_kind.at_all }}", "utf-8")
    done = practice.run("all")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "report.pdf, report.json, report.crate.zip, notebook.ipynb, notebook.html" in done.stderr
    assert "stay as they were" in done.stderr
    assert practice.outputs == before
    assert not list(practice.build.glob(".*.tmp"))


def test_a_forced_run_whose_kernel_dies_leaves_the_result(practice: Practice) -> None:
    """The report shows it and says so; the next run does it again, though nothing else changed."""
    before = practice.finished
    practice.flag.touch()
    done = practice.run("run", "line", "--force")
    assert done.returncode == 1 and "failed: line: " in done.stderr, done.stderr
    assert practice.finished == before
    failure = read_failure(practice.build / "results" / "line")
    assert failure is not None and failure.key == read_result(practice.build / "results" / "line").result.key
    assert "50 puntos" in report_text(practice.build)
    practice.flag.unlink()
    done = practice.run("all")
    assert done.returncode == 0 and "1 variants to run" in done.stderr, done.stderr
    assert practice.finished.keys() == before.keys()
    assert read_failure(practice.build / "results" / "line") is None


def test_a_module_beside_the_notebook_that_changed_is_told(practice: Practice) -> None:
    module = practice.folder / "ruido.py"
    module.write_text("RUIDO = 1  # poco\n")
    assert "stale" not in practice.run("plan").stdout
    module.write_text("RUIDO = 2\n")
    shown = " ".join(practice.run("plan").stdout.replace("│", " ").split())
    assert "stale" in shown and "code of ruido.py" in shown
    module.write_text("RUIDO = 1\n")
