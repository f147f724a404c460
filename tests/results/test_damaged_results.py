"""The real ``report`` on damaged results: file and field are told, and the rest is made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.analysis.loading import load_study, unreadable_result
from runner.cli import main
from runner.errors import RunnerError
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results.finished import read_result
from runner.results.seal import broken, seal
from tests.made_up import make_study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_study(folder)
    return folder


@pytest.fixture
def build(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "build")
    return tmp_path / "build"


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_report_names_file_and_field_of_each_fault_and_is_made(
    build: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results = build / "results"
    edit(results / "batch-4" / "result.json", lambda c: c.update(schema_version=99))
    edit(results / "batch-16" / "result.json", lambda c: c.pop("training"))
    edit(results / "batch-128" / "result.json", lambda c: c["parameters"].update(colour=1))
    edit(results / "filters-x2" / "result.json", lambda c: c["training"]["timing"].update(epoch_seconds=0))
    edit(results / "best-model" / "values.json", lambda c: c.pop("first_layer"))
    (results / "layers-x2" / "predictions.npz").write_bytes(b"PK")
    assert main(["report", "--profile", "full", "--build-dir", str(build)]) == 0
    said = capfd.readouterr().err
    assert "Traceback" not in said
    for part in (
        "batch-4/result.json: schema_version is 99",
        "batch-16/result.json: training: missing",
        "batch-128/result.json: parameters: colour: unknown key",
        "filters-x2/result.json: training.timing.epoch_seconds",
        "layers-x2/predictions.npz: cannot be read",
        "'first_layer' is missing",
    ):
        assert part in said
    assert (build / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("parent", ["baseline", "batch-4", "templates"])
def test_a_fault_is_that_of_the_variant_whose_folder_it_is_in(
    made: Path, tmp_path: Path, parent: str
) -> None:
    """Whatever other folders on the way are called."""
    build = tmp_path / parent / "build"
    shutil.copytree(made, build)
    study = load_study(make_plan(DEFAULT_PLAN, "full"), build)
    lost = unreadable_result(RunnerError("x", where=f"{build / 'results' / 'best' / 'values.json'}"), study)
    assert lost is not None and lost.name == "best"
    for elsewhere in (tmp_path / parent / "words.html", build / "results" / "nobody" / "values.json"):
        assert unreadable_result(RunnerError("x", where=str(elsewhere)), study) is None


def test_what_is_altered_after_the_seal_is_found(build: Path) -> None:
    folder = build / "results" / "baseline"
    seal(folder)
    assert not list(broken(folder))
    path = folder / "result.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"wall_seconds": 300.5', '"wall_seconds": 301.5'), encoding="utf-8")
    assert [Path(fault.where or "").name for fault in broken(folder)] == ["result.json"]
    with pytest.raises(RunnerError, match="altered"):
        read_result(folder)
    path.write_text(text, encoding="utf-8")
    (folder / "predictions.npz").unlink()
    assert [fault.what for fault in broken(folder)] == ["file is missing"]
