"""A notebook that somebody changes while the program is at work: what ran is what the record says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from runner import PROJECT_ROOT
from runner.execute.keys import as_it_ran
from runner.execute.state import VariantState, Workspace
from runner.execute.task import run_task
from runner.plan.variants import DEFAULT_PLAN, Variant, make_plan
from runner.processes.pool import make_executor

EXAMPLE = PROJECT_ROOT / "docs" / "example"
pytestmark = pytest.mark.xdist_group("kernels")


def edit(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell("print('otra cosa')"))
    nbformat.write(content, notebook)


def state_of(workspace: Workspace, variant: Variant) -> VariantState:
    return next(each for each in workspace.states() if each.variant == variant)


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
    state = state_of(workspace, variant)
    assert (state.status, state.why) == (("stale", "code of the notebook") if changed else ("done", ""))
    variant.notebook.write_bytes(after)  # as it was when it ran: nothing to do again
    assert state_of(Workspace(plan, build), variant).status == "done"


def test_what_papermill_puts_into_a_notebook_is_no_change(tmp_path: Path) -> None:
    """Of each notebook of the practice: else every result would be stale at once."""
    plan = make_plan(DEFAULT_PLAN, "full")
    workspace = Workspace(plan, tmp_path / "build")
    for variant in {(v.notebook, v.kind): v for v in plan.variants}.values():
        task = workspace.task(variant, 1, None)
        ran = parameterize_notebook(load_notebook_node(str(task.notebook)), dict(task.inputs))
        cells = json.loads(nbformat.writes(ran))["cells"]
        assert len(cells) > len(nbformat.read(task.notebook, as_version=4).cells) or not task.inputs
        assert as_it_ran(task.key_parts, cells, frozenset(task.inputs)) == task.key_parts
