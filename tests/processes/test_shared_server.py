"""One fork server for several workers: it outlives who started it, and no kernel outlives its worker."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest

from runner.execute.task import Task, run_task
from runner.processes.forked_kernel import is_safe
from runner.processes.pool import closing, make_executor, settle_kernels
from runner.processes.shared_server import SharedServer
from runner.processes.sockets import private_folder
from runner.results.finished import read_result
from tests.program import all_ended, until
from tests.tiny_plan import make_task

pytestmark = [
    pytest.mark.xdist_group("kernels"),
    pytest.mark.skipif(not is_safe(), reason="kernels are not forked here"),
]
HELD = """import os, pathlib, time, runner.kernel as k
pathlib.Path("{name}.kernel").write_text(f"{{os.getpid()}} {{os.getppid()}}")
while not pathlib.Path("{name}.go").exists():
    time.sleep(0.05)
k.save_values({{"name": "{name}"}})"""


def work(shared: SharedServer, sockets: Path | None, tasks: tuple[Task, ...]) -> None:
    """Be a worker that runs these tasks, each when its file says so."""
    settle_kernels(tasks[0].build_dir / "log", None, sockets, shared)
    for task in tasks:
        until((task.notebook.parent / f"{task.name}.begin").exists)
        run_task(task)


def task(folder: Path, name: str) -> Task:
    """One whose kernel says which it is, and waits to be let go."""
    return make_task(folder, name, HELD.format(name=name))


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[BaseProcess]]:
    """Two workers with two tasks each: a1 and a2, b1 and b2."""
    context = get_context("spawn")
    shared, sockets = SharedServer(context), private_folder()
    (tmp_path / "build").mkdir()
    tasks = [tuple(task(tmp_path, f"{worker}{number}") for number in (1, 2)) for worker in "ab"]
    made: list[BaseProcess] = [context.Process(target=work, args=(shared, sockets, each)) for each in tasks]
    for each in made:
        each.start()
    yield made
    for each in made:
        each.kill()
        each.join()


def kernel(folder: Path, name: str) -> tuple[psutil.Process, psutil.Process]:
    """Begin a task; its kernel and the fork server that this came from."""
    (folder / f"{name}.begin").touch()
    written = folder / f"{name}.kernel"
    until(lambda: written.exists() and len(written.read_text().split()) == 2)
    own, server = (psutil.Process(int(word)) for word in written.read_text().split())
    return own, server


def finish(folder: Path, name: str) -> None:
    """Let a kernel go, and see that its result is there."""
    (folder / f"{name}.go").touch()
    result = folder / "build" / "results" / name
    until(result.exists)
    assert read_result(result).values == {"name": name}


def test_the_workers_of_a_pool_share_one(tmp_path: Path) -> None:
    names = "a1", "b1"
    pool = make_executor(2, tmp_path / "log")
    with closing(pool):
        runs = [pool.submit(run_task, task(tmp_path, name)) for name in names]
        assert len({kernel(tmp_path, name)[1] for name in names}) == 1
        for name in names:
            finish(tmp_path, name)
        assert [run.result().reason for run in runs] == [None, None]


@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_worker_takes_its_kernel_along_and_no_other(
    killed: int, workers: list[BaseProcess], tmp_path: Path
) -> None:
    (first, server), (second, other) = kernel(tmp_path, "a1"), kernel(tmp_path, "b1")
    assert server == other
    workers[killed].kill()
    assert all_ended([(first, second)[killed]])
    assert (second, first)[killed].is_running() and server.is_running()
    left = "ba"[killed]
    finish(tmp_path, f"{left}1")
    _, again = kernel(tmp_path, f"{left}2")
    assert again == server
    finish(tmp_path, f"{left}2")
    workers[1 - killed].join()
    assert all_ended([server])


def test_a_server_that_is_gone_is_replaced(workers: list[BaseProcess], tmp_path: Path) -> None:
    (_, server), _ = kernel(tmp_path, "a1"), kernel(tmp_path, "b1")
    for name in ("a1", "b1"):
        finish(tmp_path, name)
    server.kill()
    assert all_ended([server])
    for name in ("a2", "b2"):
        _, new = kernel(tmp_path, name)
        assert new != server
        finish(tmp_path, name)
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
