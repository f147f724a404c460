"""Kernels that are forks: as good as new ones, apart from each other, and mortal."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

import pytest

from runner.execute.task import Outcome, run_task
from runner.processes import sockets
from runner.processes.forked_kernel import is_safe
from runner.processes.pool import make_executor
from runner.results.finished import read_failure, read_result
from tests.program import HANG_SECONDS
from tests.tiny_plan import make_task

pytestmark = pytest.mark.xdist_group("kernels")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Executor:
    """One worker, so that its kernels come from the same fork server."""
    return make_executor(1, tmp_path_factory.mktemp("log") / "kernels.log")


def run(pool: Executor, folder: Path, name: str, *cells: str, timeout: int | None = HANG_SECONDS) -> Outcome:
    task = make_task(folder, name, *cells, timeout=timeout)
    return pool.submit(run_task, task).result(timeout=2 * HANG_SECONDS)


SAVE = "import sys, os, runner.kernel as k; k.save_values({%s})"
SEEN = "'pid': os.getpid(), 'mark': hasattr(sys, 'mark'), 'tensorflow': 'tensorflow' in sys.modules"


@pytest.mark.skipif(not is_safe(), reason="kernels are not forked here")
def test_kernels_have_their_imports_and_see_nothing_of_each_other(pool: Executor, tmp_path: Path) -> None:
    first = run(pool, tmp_path, "first", "import sys; sys.mark = 1; x = 2", SAVE % SEEN)
    second = run(pool, tmp_path, "second", SAVE % (SEEN + ", 'x': 'x' in globals()"))
    assert (first.reason, second.reason) == (None, None)
    values = [read_result(tmp_path / "build" / "results" / n).values for n in ("first", "second")]
    assert values[0]["mark"] is True
    assert values[1]["mark"] is False
    assert values[1]["x"] is False
    assert values[0]["pid"] != values[1]["pid"]
    assert all(v["tensorflow"] for v in values)


def dies(signal: str) -> str:
    return f"import os, signal; os.kill(os.getpid(), signal.{signal})"


DEATHS = [
    ("killed", dies("SIGKILL"), "el proceso del cuaderno murió por la señal SIGKILL: quizá faltó memoria"),
    ("fault", dies("SIGSEGV"), "el proceso del cuaderno murió por la señal SIGSEGV"),
    (
        "instruction",
        dies("SIGILL"),
        "el proceso del cuaderno murió por la señal SIGILL: a este procesador le falta una instrucción",
    ),
    ("left", "import os; os._exit(3)", "el proceso del cuaderno terminó por sí mismo con el código 3"),
    ("raises", "1 / 0", "ZeroDivisionError en la celda 2: division by zero"),
    ("hangs", "import time; time.sleep(10**6)", "una celda superó el tiempo máximo"),
    ("exits", "import sys; sys.exit(3)", "SystemExit en la celda 2: 3"),
    ("exits_well", "import sys; sys.exit(0)", "SystemExit en la celda 2: 0"),
]


@pytest.mark.parametrize(("name", "cell", "reason"), DEATHS)
def test_a_kernel_that_dies_is_a_failure_with_its_reason(
    pool: Executor, tmp_path: Path, name: str, cell: str, reason: str
) -> None:
    found = run(pool, tmp_path, name, "print('hola')", cell, timeout=5 if name == "hangs" else HANG_SECONDS)
    assert str(found.reason) == reason
    failure = read_failure(tmp_path / "build" / "results" / name)
    assert failure is not None
    assert failure.reason == found.reason
    assert not (tmp_path / "build" / "work" / name).exists()


def test_a_notebook_does_what_it_does_in_jupyter(pool: Executor, tmp_path: Path) -> None:
    """Processes of its own, of both kinds; modules and files beside it, and the annotated parameters."""
    (tmp_path / "beside.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "beside.csv").write_text("1,2\n")
    found = run(
        pool,
        tmp_path,
        "jupyter",
        "import csv, multiprocessing\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from beside import double\n"
        "def triple(x):\n"
        "    return 3 * x",
        "with multiprocessing.Pool(2) as few:\n    threes = few.map(triple, [1, 2])",
        "with ProcessPoolExecutor(2) as few:\n    twos = list(few.map(double, threes))",
        "row = next(csv.reader(open('beside.csv')))",
        SAVE % "'twos': twos, 'row': row",
    )
    assert found.reason is None
    assert read_result(tmp_path / "build" / "results" / "jupyter").values == {
        "twos": [6, 12],
        "row": ["1", "2"],
    }


def test_a_kernel_listens_on_no_port_and_its_sockets_are_the_users_own(
    pool: Executor, tmp_path: Path
) -> None:
    cell = """import json, os, pathlib, psutil
from ipykernel.connect import get_connection_file
folder = pathlib.Path(get_connection_file()).parent
ports = [c.laddr.port for c in psutil.Process().net_connections('tcp') if c.status == 'LISTEN']"""
    show = SAVE % "'ports': ports, 'mode': folder.stat().st_mode & 0o777, 'pid': os.getpid()"
    assert run(pool, tmp_path, "ports", cell, show).reason is None
    values = read_result(tmp_path / "build" / "results" / "ports").values
    assert values["mode"] == 0o700
    assert len(values["ports"]) <= 1  # ipykernel's own, for what child processes print


def test_a_kernel_has_no_debugger_until_it_asks_for_one(pool: Executor, tmp_path: Path) -> None:
    cell = "import sys\nbefore = [name for name in sys.modules if 'pydev' in name or 'debugpy' in name]"
    outcome = run(pool, tmp_path, "bugs", cell, "import debugpy", SAVE % "'before': before")
    assert outcome.reason is None
    assert read_result(tmp_path / "build" / "results" / "bugs").values["before"] == []


def test_with_no_folder_for_sockets_ports_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows. The kernel begins all the same, in a warm fork server."""
    monkeypatch.setattr(sockets, "places", list)
    with make_executor(1, tmp_path / "log") as pool:
        assert run(pool, tmp_path, "plain", SAVE % "'done': True").reason is None
