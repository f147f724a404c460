"""A notebook's parameters are its own: one called ``dataset`` may mean any data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from runner import PROJECT_ROOT
from runner.cli import main
from runner.cluster.parcels import make_order
from runner.commands.run import obtain_data
from runner.errors import InputError
from runner.execute.state import Workspace
from runner.plan.variants import Plan, make_plan
from runner.practice.data import sources


@pytest.fixture(params=["mine", "cifar-10", "", 5, ["digits"]])
def practice(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The worked example, whose notebook takes a ``dataset`` that this program does not know; its plan."""
    folder = Path(shutil.copytree(PROJECT_ROOT / "docs" / "example", tmp_path / "practice"))
    notebook = folder / "line.ipynb"
    notebook.write_text(
        notebook.read_text("utf-8").replace("points = 20", "points = 20; dataset = 0"), "utf-8"
    )
    plan = folder / "experiments.toml"
    dataset = json.dumps(request.param)
    entry = f"parameters = {{ points = 50, dataset = {dataset} }}"
    plan.write_text(plan.read_text("utf-8").replace("parameters = { points = 50 }", entry), "utf-8")
    assert make_plan(plan, "full").get("line").parameters["dataset"] == request.param
    return plan


def test_a_data_set_of_the_notebook_s_own_is_its_business(
    practice: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for command in ("plan", "doctor"):
        words = [command, "--plan", str(practice), "--build-dir", str(tmp_path / "build")]
        assert main(words) == 0, capfd.readouterr()
    said = capfd.readouterr()
    assert "Traceback" not in said.err
    assert "no entry of the plan reads a data set that its practice knows" in said.out
    plan: Plan = make_plan(practice, "full")
    obtain_data(plan.variants, "/nowhere")
    (variant,) = plan.variants
    task = Workspace(plan, tmp_path / "build").task(variant, 1, None)
    assert "data" not in task.key_parts
    assert make_order(plan, task, None, None, "topic").data == ()


def test_a_draft_of_digits_needs_no_download(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--profile", "smoke", "--build-dir", str(tmp_path)])
    assert "scikit-learn's digits" in capfd.readouterr().out


@pytest.mark.parametrize("name", ["mine", ""])
def test_an_unknown_data_set_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path))
    told: list[Any] = []
    with pytest.raises(InputError, match=f"no data set '{name}'; there are: cifar10, digits"):
        sources.ensure(name, None, told.append)
    assert not told
