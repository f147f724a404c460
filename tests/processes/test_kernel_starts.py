"""Kernels begin, whatever others do with the machine's ports; one that dies at its start begins again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.execute.progress import PlainDisplay
from runner.execute.schedule import Schedule
from runner.execute.state import Workspace
from runner.machine.capacity import Limits
from runner.plan.variants import make_plan
from runner.processes import forked_kernel
from runner.processes.pool import make_executor
from runner.results.finished import read_failure, read_result
from tests.processes.test_kernels import SAVE, run
from tests.program import command_line, run_program, until
from tests.tiny_plan import notebook, shorten, words, write_notebook, write_plan

pytestmark = pytest.mark.xdist_group("kernels")

KERNELS, PROCESSES = 200, 4
PORTS = 2000  # held at once, of some 28,000 that the system gives


@contextmanager
def ports_in_use() -> Iterator[list[int]]:
    """Take ports and give them back in turn, as many at once as a busy machine's programs; their count."""
    taken, over = [0], threading.Event()

    def take() -> None:
        held: list[socket.socket] = []
        while not over.is_set():
            if len(held) >= PORTS:
                for each in held[: PORTS // 2]:
                    each.close()
                del held[: PORTS // 2]
            with suppress(OSError):
                held.append(socket.create_server(("127.0.0.1", 0)))
                taken[0] += 1
            over.wait(0.0005)  # the cores are for the kernels
        for each in held:
            each.close()

    thief = threading.Thread(target=take)
    thief.start()
    try:
        until(lambda: taken[0] > PORTS)  # the first are given back
        yield taken
    finally:
        over.set()
        thief.join()


def test_200_kernels_begin_while_another_takes_thousands_of_ports(tmp_path: Path) -> None:
    names = [f"k{number}" for number in range(KERNELS)]
    pool = make_executor(PROCESSES, tmp_path / "log")
    with ports_in_use() as taken, pool, ThreadPoolExecutor(PROCESSES) as callers:
        before = taken[0]
        ended = list(callers.map(lambda name: run(pool, tmp_path, name, "x = 1"), names))
    assert [each.reason for each in ended if each.reason] == []
    assert taken[0] > before


def begin_at_the_second_try(arguments: Sequence[str], environment: Mapping[str, str], where: str) -> None:
    """In the place of ``forked_kernel.serve``: the first kernel of the folder dies before it begins."""
    tries = Path(where, "tries")
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    if tries.read_text() == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    forked_kernel.serve(arguments, environment, where)


def never_begin(arguments: Sequence[str], environment: Mapping[str, str], where: str) -> None:
    """In the place of ``forked_kernel.serve``: no kernel begins."""
    with Path(where, "tries").open("a") as tries:
        tries.write("x")
    os._exit(7)


def schedule(folder: Path, display: PlainDisplay) -> Schedule:
    """One notebook to run, in this process."""
    write_notebook(folder / "one.ipynb", SAVE % "'done': True")
    plan = make_plan(write_plan(folder, notebook("one")), "smoke")
    todo = [v for v in plan.variants if v.kind == "notebook"]
    limits = Limits(jobs=1, cores=1)
    workspace = Workspace(plan, folder / "build")
    return Schedule(workspace, todo, limits, display, executors=lambda: ThreadPoolExecutor(1))


@pytest.mark.skipif(not forked_kernel.is_safe(), reason="kernels are not forked here")
def test_a_kernel_that_dies_before_a_cell_begins_again_and_is_told(
    tmp_path: Path, environment: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(forked_kernel, "serve", begin_at_the_second_try)
    with PlainDisplay() as display:
        assert schedule(tmp_path, display).run() == {}
    assert read_result(tmp_path / "build" / "results" / "one").values == {"done": True}
    assert (tmp_path / "tries").read_text() == "xx"
    told = [line for line in capsys.readouterr().err.splitlines() if "tried once more" in line]
    assert len(told) == 1
    assert "SIGKILL" in told[0]


@pytest.mark.skipif(not forked_kernel.is_safe(), reason="kernels are not forked here")
def test_a_second_death_is_the_failure_with_what_is_known(
    tmp_path: Path, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked_kernel, "serve", never_begin)
    reason = "el proceso del cuaderno no llegó a empezar: terminó por sí mismo con el código 7"
    with PlainDisplay() as display:
        failed = schedule(tmp_path, display).run()
        assert {name: str(why) for name, why in failed.items()} == {"one": reason}
    assert (tmp_path / "tries").read_text() == "xx"
    failure = read_failure(tmp_path / "build" / "results" / "one")
    assert failure is not None
    assert str(failure.reason) == reason


@contextmanager
def busy_cores() -> Iterator[None]:
    """Have each core something else to do."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


def test_a_batch_that_begins_on_busy_cores_and_ports_loses_no_variant(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(4)]
    for name in names:
        write_notebook(tmp_path / f"{name}.ipynb", SAVE % "'done': True")
    plan = shorten(write_plan(tmp_path, *(notebook(name) for name in names)))
    build = tmp_path / "build"
    with ports_in_use() as taken, busy_cores():
        before = taken[0]
        done = run_program(*words("run", plan, build, "--jobs", "2"), *names)
    assert done.returncode == 0, done.stderr
    assert "tried once more" not in done.stderr
    assert taken[0] > before
    assert all(read_result(build / "results" / name).values == {"done": True} for name in names)


@pytest.mark.skipif(sys.platform != "linux", reason="networks can be taken away on Linux only")
def test_no_loopback_and_a_long_temporary_folder_are_no_fault(tmp_path: Path) -> None:
    write_notebook(tmp_path / "alone.ipynb", SAVE % "'done': True")
    plan = shorten(write_plan(tmp_path, notebook("alone")))
    long = tmp_path / ("temporary-" * 12)
    long.mkdir()
    line = command_line(*words("run", plan, tmp_path / "build"), "alone")
    without = ["unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",))]
    done = subprocess.run(
        [*without, *line],
        cwd=PROJECT_ROOT,
        env=os.environ | {"TMPDIR": str(long)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert read_result(tmp_path / "build" / "results" / "alone").values == {"done": True}
