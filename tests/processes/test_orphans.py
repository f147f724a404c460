"""What becomes of a kernel whose worker process is killed, as the system does when memory runs out."""

from __future__ import annotations

import os
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from runner.execute import notebook
from runner.execute.task import Outcome, Task, run_task
from runner.processes.forked_kernel import is_safe
from runner.processes.pool import make_executor
from tests.program import HANG_SECONDS, all_ended, until
from tests.tiny_plan import make_task

pytestmark = [
    pytest.mark.xdist_group("kernels"),
    pytest.mark.skipif(os.name == "nt", reason="processes are watched otherwise there"),
]
WAITS = """import pathlib, time
pathlib.Path("started").touch()
time.sleep(3600)"""


def run_unforked(task: Task) -> Outcome:
    """As where forking is not safe; for the worker."""
    notebook.choose_provisioner = lambda: None
    return run_task(task)


@pytest.mark.parametrize("forked", [True, False])
def test_no_kernel_outlives_its_worker(forked: bool, tmp_path: Path) -> None:
    """Nor does the fork server that it comes from."""
    if forked and not is_safe():
        pytest.skip("kernels are not forked here")
    task = make_task(tmp_path, "waits", WAITS)
    before = set(psutil.Process().children(recursive=True))
    pool = make_executor(1, tmp_path / "log")
    run = pool.submit(run_task if forked else run_unforked, task)
    until((tmp_path / "started").exists)
    started = set(psutil.Process().children(recursive=True)) - before
    workers = {each for each in started if each.ppid() == os.getpid() and "spawn_main" in str(each.cmdline())}
    (worker,) = workers
    below = worker.children(recursive=True)
    assert len(below) == (2 if forked else 1)
    worker.kill()
    with pytest.raises(BrokenProcessPool, match="terminated abruptly"):
        run.result(timeout=HANG_SECONDS)
    assert all_ended(below)
    pool.shutdown()
