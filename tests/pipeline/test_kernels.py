"""Kernels that are forks: as good as new ones, apart from each other, and mortal."""

from __future__ import annotations

import sys
from concurrent.futures import Executor
from pathlib import Path

import pytest

from runner.execute import Outcome, Task, run_task
from runner.forked_kernel import is_safe
from runner.local_pool import make_executor
from runner.results import read_failure, read_result
from tests.tiny_plan import write_notebook

pytestmark = pytest.mark.xdist_group("kernels")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Executor:
    """One worker, so that its kernels come from the same fork server."""
    return make_executor(1, tmp_path_factory.mktemp("log") / "kernels.log")


def run(pool: Executor, folder: Path, name: str, *cells: str, timeout: int | None = 120) -> Outcome:
    notebook = folder / f"{name}.ipynb"
    write_notebook(notebook, *cells)
    task = Task(
        name=name,
        notebook=notebook,
        inputs={},
        parameters={},
        key_parts={"notebook": name},
        profile="smoke",
        draft=True,
        plan=folder / "experiments.toml",
        build_dir=folder / "build",
        threads=1,
        timeout_seconds=timeout,
    )
    return pool.submit(run_task, task).result(timeout=300)


SAVE = "import sys, os, runner.kernel as k; k.save_values({%s})"
SEEN = "'pid': os.getpid(), 'mark': hasattr(sys, 'mark'), 'tensorflow': 'tensorflow' in sys.modules"


@pytest.mark.skipif(not is_safe(), reason="kernels are not forked here")
def test_kernels_have_their_imports_and_see_nothing_of_each_other(pool: Executor, tmp_path: Path) -> None:
    first = run(pool, tmp_path, "first", "import sys; sys.mark = 1; x = 2", SAVE % SEEN)
    second = run(pool, tmp_path, "second", SAVE % (SEEN + ", 'x': 'x' in globals()"))
    assert (first.reason, second.reason) == ("", "")
    values = [read_result(tmp_path / "build" / "results" / n).values for n in ("first", "second")]
    assert values[0]["mark"] is True
    assert values[1]["mark"] is False
    assert values[1]["x"] is False
    assert values[0]["pid"] != values[1]["pid"]
    assert all(v["tensorflow"] for v in values)


DEATHS = [
    ("killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "el proceso del cuaderno murió"),
    ("raises", "1 / 0", "ZeroDivisionError en la celda 2: division by zero"),
    ("hangs", "import time; time.sleep(600)", "una celda superó el tiempo máximo"),
]


@pytest.mark.parametrize(("name", "cell", "reason"), DEATHS)
def test_a_kernel_that_dies_is_a_failure_with_its_reason(
    pool: Executor, tmp_path: Path, name: str, cell: str, reason: str
) -> None:
    found = run(pool, tmp_path, name, "print('hola')", cell, timeout=5)
    assert reason in found.reason
    failure = read_failure(tmp_path / "build" / "results" / name)
    assert failure is not None
    assert failure.reason == found.reason
    assert not (tmp_path / "build" / "work" / name).exists()


def test_a_notebook_that_exits_is_a_failure(pool: Executor, tmp_path: Path) -> None:
    found = run(pool, tmp_path, "exits", "import sys; sys.exit(3)", "print('never')")
    assert found.reason
    assert sys.executable not in found.reason
