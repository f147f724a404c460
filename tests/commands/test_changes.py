"""What somebody does to build folder or experiments file while a run is at work is told at its end."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from runner import PROJECT_ROOT
from runner.execute.progress import PlainDisplay
from runner.execute.schedule import Schedule
from runner.execute.state import Workspace
from runner.machine.capacity import Limits
from runner.plan.variants import make_plan
from runner.results.reasons import Reason
from tests.program import Command, start_program, until

EXAMPLE = PROJECT_ROOT / "docs" / "example"
WAITS = """
import time
from pathlib import Path

while not Path("{go}").exists():
    time.sleep(0.05)
"""
pytestmark = pytest.mark.xdist_group("example")


class Held:
    """A run of the small example whose last notebook waits, the others being finished."""

    def __init__(self, folder: Path) -> None:
        self.practice, self.build, self.go = folder / "practice", folder / "build", folder / "go"
        shutil.copytree(EXAMPLE, self.practice)
        self.plan = self.practice / "experiments.toml"
        notebook = nbformat.read(self.practice / "line.ipynb", as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(WAITS.format(go=self.go)))
        nbformat.write(notebook, self.practice / "waits.ipynb")
        entries = [
            f'[notebooks.{name}]\nlabel = "{name}"\nnotebook = "{file}.ipynb"\nparameters = {{points = 9}}\n'
            for name, file in (("second", "line"), ("waits", "waits"))
        ]
        self.plan.write_text(self.plan.read_text("utf-8") + "\n".join(("", *entries)), "utf-8")

    @property
    def words(self) -> tuple[str, ...]:
        return "all", "--plan", str(self.plan), "--build-dir", str(self.build), "--jobs", "1"

    def start(self) -> subprocess.Popen[str]:
        """The run, when only the last notebook is left."""
        process = start_program(*self.words)
        done = [self.build / "results" / name / "result.json" for name in ("line", "second")]
        until(lambda: all(path.exists() for path in done), process=process)
        return process

    def end(self, process: subprocess.Popen[str]) -> str:
        self.go.touch()
        said = process.communicate()[1]
        assert process.returncode == 1, said
        assert "Traceback" not in said
        return said


def test_results_that_go_and_a_lock_that_is_taken_away_are_told(tmp_path: Path, runner: Command) -> None:
    """And the next run makes it good."""
    held = Held(tmp_path)
    process = held.start()
    shutil.rmtree(held.build / "results" / "line")
    (held.build / "results" / "second" / "result.json").write_text("{", "utf-8")
    (held.build / ".lock").unlink()
    said = held.end(process)
    assert "failed: line: " in said and "failed: second: " in said and "failed: waits" not in said
    assert ".lock: removed while this run held it" in said and "run the same command again" in said
    again = runner(*held.words)
    assert again.returncode == 0, again.stderr
    assert runner("verify", str(held.build / "report.pdf"), "--plan", str(held.plan)).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="nothing is stopped like this there")
def test_a_run_that_is_stopped_for_a_while_goes_on(tmp_path: Path, runner: Command) -> None:
    """With all its processes, as a laptop's lid does it; or the runner alone, as Ctrl-Z does."""
    held = Held(tmp_path)
    process = held.start()
    whole = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for stopped in (whole, whole[:1]):
        for each in stopped:
            each.suspend()
        until(lambda: whole[0].status() == psutil.STATUS_STOPPED)
        time.sleep(2)
        for each in stopped:
            each.resume()
    held.go.touch()
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert "Traceback" not in said and "failed" not in said
    assert runner("verify", str(held.build / "report.pdf"), "--plan", str(held.plan)).returncode == 0


def test_another_experiments_file_is_told_and_nothing_is_made_of_both(
    tmp_path: Path, runner: Command
) -> None:
    held = Held(tmp_path)
    process = held.start()
    held.plan.write_text(held.plan.read_text("utf-8").replace("Ejemplo", "Otro"), "utf-8")
    said = held.end(process)
    assert f"{held.plan}: changed while the run was at work" in said
    assert runner(*held.words).returncode == 0


def test_a_variant_that_would_start_with_other_code_than_its_kernel_has_fails(tmp_path: Path) -> None:
    """Kernels are forks of a process that imported the program when the run began."""
    plan = make_plan(EXAMPLE / "experiments.toml", "full")
    workspace = Workspace(plan, tmp_path)
    workspace.states()
    workspace._code.update(dict.fromkeys(workspace._code, "what the modules held when the run began"))
    with PlainDisplay() as display:
        failed = Schedule(workspace, plan.variants, Limits(jobs=1, cores=1), display).run()
    assert failed == {"line": Reason.of("code_changed")}
