"""A notebook that somebody changes while the program is at work: what ran is what the record says."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.execute.state import Workspace
from runner.execute.task import run_task
from runner.plan.variants import make_plan
from runner.processes.pool import make_executor

EXAMPLE = PROJECT_ROOT / "docs" / "example"
pytestmark = pytest.mark.xdist_group("kernels")


def edit(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell("print('otra cosa')"))
    nbformat.write(content, notebook)


@pytest.mark.parametrize("changed", [False, True], ids=["left alone", "changed and put back"])
def test_a_notebook_changed_before_its_run_and_put_back_is_recorded_as_what_ran(
    changed: bool, tmp_path: Path
) -> None:
    """It is changed after the look at it, in which the key is worked out."""
    folder, build = tmp_path / "practice", tmp_path / "build"
    shutil.copytree(EXAMPLE, folder)
    plan = make_plan(folder / "experiments.toml", "full")
    variant, workspace = plan.get("line"), Workspace(plan, build)
    task = workspace.task(variant, 1, 600)
    before = variant.notebook.read_bytes()
    if changed:
        edit(variant.notebook)
    with make_executor(1, build / "kernels.log") as executor:
        assert executor.submit(run_task, task).result().reason is None
    after = variant.notebook.read_bytes()
    variant.notebook.write_bytes(before)
    state = workspace.look(variant)
    assert (state.status, state.why) == (("stale", "code of the notebook") if changed else ("done", ""))
    variant.notebook.write_bytes(after)  # as it was when it ran: nothing to do again
    assert Workspace(plan, build).look(variant).status == "done"
