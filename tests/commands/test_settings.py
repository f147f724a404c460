"""The same plan run in a clean account and in one full of settings: the same digits, figures and words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from runner.cluster.task_process import TaskProcess
from runner.processes import isolation
from tests import tiny_plan
from tests.hostile_account import SHADOWS, VARIABLES, Account, clean, hostile
from tests.program import report_text

pytestmark = pytest.mark.xdist_group("settings")
# As the program starts a kernel where it is no fork: with a GPU, on macOS and on Windows.
NO_FORK = """
import sys
from pathlib import Path
from runner.processes import isolation
isolation.begin()
from runner.processes import forked_kernel
forked_kernel.is_safe = lambda: False
from runner.execute.notebook import run_notebook
notebook = Path(sys.argv[1])
run_notebook(notebook, notebook.with_name("executed.ipynb"), {}, notebook.parent, None)
"""
LOOKS = """
import json, os, random, sys, matplotlib, keras
from pathlib import Path
import beside
found = {
    "lines": "exec_lines" in str(get_ipython().config),
    "epsilon": keras.config.epsilon(),
    "floatx": keras.config.floatx(),
    "channels": keras.config.image_data_format(),
    "bbox": matplotlib.rcParams["savefig.bbox"],
    "safe_path": "PYTHONSAFEPATH" in os.environ,
    "own": [Path(module.__file__).parent == Path.cwd() for module in (random, keras, beside)],
}
Path("found.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Account]:
    folder = tmp_path_factory.mktemp("accounts")
    return {"clean": clean(folder), "hostile": hostile(folder)}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_plan.write_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def builds(accounts: dict[str, Account], plan: Path) -> dict[str, Path]:
    """A run in each account, and the results of the hostile one rendered in the clean one."""
    found = {name: plan.with_name(name) for name in (*accounts, "rendered")}
    for name, account in accounts.items():
        done = account.run(*tiny_plan.words("all", plan, found[name], "--threads", "1", "--jobs", "1"))
        log = (found[name] / "kernels.log").read_text(encoding="utf-8")
        assert done.returncode == 0, done.stderr + log
    shutil.copytree(
        found["hostile"],
        found["rendered"],
        ignore=shutil.ignore_patterns("report.*", "figures", "notebook.*"),
    )
    done = accounts["clean"].run(*tiny_plan.words("report", plan, found["rendered"]))
    assert done.returncode == 0, done.stderr
    return found


def test_every_digit_is_the_same(builds: dict[str, Path]) -> None:
    one, other = (builds[name] / "results/good" for name in ("clean", "hostile"))
    records = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (one, other)]
    assert records[0]["key"] == records[1]["key"]
    assert records[0]["settings"] == records[1]["settings"]
    assert records[0]["settings"]["OMP_NUM_THREADS"] == "1"
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
    clean, hostile, rendered = (
        {path.name: path.read_bytes() for path in (builds[name] / "figures").glob("*.svg")}
        for name in ("clean", "hostile", "rendered")
    )
    assert hostile == rendered
    assert clean["fig-curvas.svg"] == hostile["fig-curvas.svg"]  # of another run, others show other seconds


def test_every_word_of_the_report_is_the_same(builds: dict[str, Path]) -> None:
    assert report_text(builds["hostile"]) == report_text(builds["rendered"])


def test_every_byte_to_hand_in_is_the_same(builds: dict[str, Path]) -> None:
    for name in ("notebook.ipynb", "notebook.html", "report.pdf"):
        assert (builds["hostile"] / name).read_bytes() == (builds["rendered"] / name).read_bytes()


def test_verify_in_the_hostile_account(
    builds: dict[str, Path], accounts: dict[str, Account], plan: Path
) -> None:
    done = accounts["hostile"].run("verify", str(builds["clean"] / "report.pdf"), "--plan", str(plan))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_kernel_that_is_no_fork_reads_no_setting(accounts: dict[str, Account], tmp_path: Path) -> None:
    """In a notebook's folder that has settings and modules by the names of libraries, too."""
    account = accounts["hostile"]
    for name in (*(f"{module}.py" for module in SHADOWS), "matplotlibrc"):
        shutil.copy(account.where / name, tmp_path)
    (tmp_path / "beside.py").touch()
    tiny_plan.write_notebook(tmp_path / "looks.ipynb", LOOKS)
    (tmp_path / "no_fork.py").write_text(NO_FORK, encoding="utf-8")
    done = account.python("-P", str(tmp_path / "no_fork.py"), str(tmp_path / "looks.ipynb"))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "found.json").read_text(encoding="utf-8")) == {
        "lines": False,
        "epsilon": 1e-07,
        "floatx": "float32",
        "channels": "channels_last",
        "bbox": None,
        "safe_path": False,
        "own": [False, False, True],
    }


@pytest.fixture
def task_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskProcess]:
    """A process of a cluster's worker that somebody started with settings."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    process = TaskProcess(tmp_path / "kernels.log")
    yield process
    process.end()


def test_a_clusters_worker_hands_no_setting_down(task_process: TaskProcess) -> None:
    found = psutil.Process(task_process._process.pid).environ()
    assert {name: found.get(name) for name in VARIABLES if isolation.is_setting(name)} == {
        name: isolation.FIXED.get(name) for name in VARIABLES if isolation.is_setting(name)
    }
