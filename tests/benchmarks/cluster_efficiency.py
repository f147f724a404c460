"""How well 1, 2 and 4 Dask workers share 20 variants that only sleep.

    python -m tests.benchmarks.cluster_efficiency

Efficiency is the sleep that the variants need in all, shared evenly, over the time from the first start to
the last end. Everything else is the program's: starting kernels, sending orders, publishing. Each worker
is warm: it has run one variant before the clock starts.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import wait
from pathlib import Path
from time import perf_counter

from distributed import LocalCluster

from runner.cluster import ClusterExecutor, connect
from runner.execute import Task, run_task
from runner.plan import make_plan
from runner.state import Workspace
from tests.tiny_plan import notebook, write_notebook, write_plan

SECONDS, VARIANTS = 1.0, 20


def tasks(folder: Path, prefix: str, number: int) -> tuple[Workspace, list[Task]]:
    """A plan of ``number`` sleeping notebooks, and its tasks."""
    write_notebook(folder / "sleep.ipynb", f"import time; time.sleep({SECONDS})")
    path = write_plan(folder, *(notebook(f"{prefix}-{n}", 'notebook = "sleep.ipynb"') for n in range(number)))
    workspace = Workspace(make_plan(path, "smoke"), folder / "build")
    workspace.build_dir.mkdir(exist_ok=True)
    chosen = [v for v in workspace.plan.variants if v.kind == "notebook"]
    return workspace, [workspace.task(v, 1, None) for v in chosen]


def seconds(address: str, folder: Path, prefix: str, number: int) -> float:
    """From the first submission to the last result."""
    workspace, todo = tasks(folder, prefix, number)
    executor = ClusterExecutor(connect(address), workspace.plan, print, None, None)
    start = perf_counter()
    ended = [executor.submit(run_task, task) for task in todo]
    wait(ended)
    took = perf_counter() - start
    failed = [future.result().reason for future in ended if future.result().reason]
    executor.shutdown()
    if failed:
        raise SystemExit(f"not measured: {failed[0]}")
    return took


def main() -> None:
    """Print the table."""
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("workers  seconds  efficiency")
    for workers in (1, 2, 4):
        with (
            tempfile.TemporaryDirectory() as name,
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        ):
            seconds(cluster.scheduler_address, Path(name), "warm", 2 * workers)
            took = seconds(cluster.scheduler_address, Path(name), "sleep", VARIANTS)
            print(f"{workers:7}  {took:7.1f}  {SECONDS * VARIANTS / workers / took:10.0%}", flush=True)


if __name__ == "__main__":
    main()
