"""The same plan run in a clean account and in one full of settings: the same digits, figures and words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from tests import tiny_plan
from tests.hostile_account import Account, clean, hostile
from tests.program import report_text


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Account]:
    folder = tmp_path_factory.mktemp("accounts")
    return {"clean": clean(folder), "hostile": hostile(folder)}


@pytest.fixture(scope="module")
def builds(accounts: dict[str, Account], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("settings")
    plan = tiny_plan.write_plan(folder)
    found = {}
    for name, account in accounts.items():
        build = folder / name
        done = account.run(*tiny_plan.words("all", plan, build, "--threads", "1", "--jobs", "1"))
        assert done.returncode == 0, done.stderr + (build / "kernels.log").read_text(encoding="utf-8")
        found[name] = build
    return found


def test_every_digit_is_the_same(builds: dict[str, Path]) -> None:
    one, other = (build / "results/good" for build in builds.values())
    records = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (one, other)]
    assert records[0]["key"] == records[1]["key"]
    assert _epochs(records[0]) == _epochs(records[1])
    with np.load(one / "predictions.npz") as a, np.load(other / "predictions.npz") as b:
        assert {name: a[name].tobytes() for name in a} == {name: b[name].tobytes() for name in b}


def _epochs(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What was measured of each, but for the times."""
    return [
        {name: value for name, value in epoch.items() if not name.endswith("seconds")}
        for epoch in record["training"]["epochs"]
    ]


def test_every_figure_is_the_same(builds: dict[str, Path]) -> None:
    one, other = (
        {path.name: path.read_bytes() for path in sorted((build / "figures").iterdir()) if path.is_file()}
        for build in builds.values()
    )
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert any(name.endswith(".png") for name in one)


def test_every_output_of_the_notebook_is_the_same(builds: dict[str, Path]) -> None:
    assert _outputs(builds["clean"]) == _outputs(builds["hostile"])


def _outputs(build: Path) -> list[object]:
    cells = nbformat.read(build / "notebooks/good.ipynb", as_version=4).cells
    return [cell.get("outputs") for cell in cells]


def test_every_word_of_the_report_is_the_same(builds: dict[str, Path]) -> None:
    assert report_text(builds["clean"]) == report_text(builds["hostile"])


def test_verify_in_the_hostile_account(builds: dict[str, Path], accounts: dict[str, Account]) -> None:
    for build in builds.values():
        plan = str(build.parent / "experiments.toml")
        done = accounts["hostile"].run("verify", str(build / "report.pdf"), "--plan", plan)
        assert done.returncode == 0, done.stdout + done.stderr
