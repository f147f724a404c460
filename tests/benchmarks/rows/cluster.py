"""How well 1, 2 and 4 Dask workers share variants that only sleep.

Efficiency is the sleep that the variants need in all, shared evenly, over the time from the first start to
the last end. Everything else is the program's: starting kernels, sending orders, publishing. Each worker
is warm: it has just run variants when the clock starts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

from distributed import LocalCluster

from runner.cluster.connection import connect
from runner.cluster.executor import ClusterExecutor
from runner.execute.state import Workspace
from runner.execute.task import Task, run_task
from runner.plan.variants import make_plan
from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.summary import median, spread
from tests.tiny_plan import notebook, write_notebook, write_plan

TITLE = "sharing on a cluster"
WORKERS = (1, 2, 4)
TARGETS = {1.0: 0.9, 10.0: 0.95}  # efficiency by seconds of sleep
SLEEPS = {"sleeping variants": (1.0, 20), "variants that sleep longer": (10.0, 4)}  # seconds, and how many


def cases(bench: Bench) -> Iterator[Case]:
    """For each length of sleep, the three sizes in turn."""
    for case, (sleep, variants) in SLEEPS.items():
        if not bench.small:
            yield Case(case, partial(opened, bench, sleep, variants))
        elif sleep == 1:
            yield Case(case, partial(opened, bench, sleep, 4))


@contextmanager
def opened(bench: Bench, sleep: float, variants: int) -> Iterator[Sides]:
    """All clusters at once, each idle while another is measured."""
    sizes = (1, 2) if bench.small else WORKERS
    with ExitStack() as stack:
        sides: dict[str, partial[Measurement]] = {}
        for size in sizes:
            cluster = LocalCluster(n_workers=size, threads_per_worker=1, dashboard_address=None)
            address = stack.enter_context(cluster).scheduler_address
            folder = bench.folder / f"workers-{size}"
            sides[f"{size} workers"] = partial(measured, address, folder, sleep, variants, size)
        yield sides


def measured(address: str, folder: Path, sleep: float, variants: int, size: int, number: int) -> Measurement:
    """One turn of a cluster, whose workers' processes may have ended since they last had something to do."""
    seconds(address, folder, "warm", 2 * size, number, 1.0)
    took = seconds(address, folder, "sleep", variants, number, sleep)
    return {"seconds": took, "efficiency": sleep * variants / size / took}


def seconds(address: str, folder: Path, prefix: str, count: int, number: int, sleep: float) -> float:
    """From the first submission to the last result."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    workspace, todo = tasks(folder, f"{prefix}-{number}", count, sleep)
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


def tasks(folder: Path, prefix: str, number: int, sleep: float) -> tuple[Workspace, list[Task]]:
    """A plan of ``number`` sleeping notebooks, and its tasks."""
    write_notebook(folder / "sleep.ipynb", f"import time; time.sleep({sleep})")
    path = write_plan(folder, *(notebook(f"{prefix}-{n}", 'notebook = "sleep.ipynb"') for n in range(number)))
    workspace = Workspace(make_plan(path, "smoke"), folder / "build")
    workspace.build_dir.mkdir(exist_ok=True)
    chosen = [v for v in workspace.plan.variants if v.kind == "notebook"]
    return workspace, [workspace.task(v, 1, None) for v in chosen]


def lines(raw: Raw) -> list[Line]:
    """Efficiency by length of sleep and number of workers."""
    found = []
    for case in raw.cases:
        sleep, variants = SLEEPS[case]
        note = f"{variants} variants of {sleep:.0f} s of sleep; workers of one machine."
        for side in raw.rounds(case)[0]:
            efficiency, target = raw.values(case, side, "efficiency"), TARGETS[sleep]
            met = median(efficiency) >= target
            found.append(Line(f"{side}, {sleep:.0f} s", str(target), spread(efficiency), met, note))
    return found
