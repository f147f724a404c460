"""A kernel that dies beside others has one more try, alone; each GPU has one kernel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from runner.execute.progress import PlainDisplay
from runner.execute.schedule import Schedule
from runner.execute.state import Workspace
from runner.machine.capacity import Limits
from runner.plan.variants import make_plan
from runner.processes.pool import make_executor
from runner.results.finished import read_result
from tests.processes.test_kernels import SAVE, run
from tests.tiny_plan import notebook, write_notebook, write_plan

pytestmark = pytest.mark.xdist_group("kernels")

DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
HUNGRY = """import os, pathlib, signal
from runner import kernel
tries = pathlib.Path(r'%s')
tries.write_text(tries.read_text() + 'x' if tries.exists() else 'x')
if tries.read_text() == 'x':
    os.kill(os.getpid(), signal.SIGKILL)
kernel.save_values({'tries': len(tries.read_text()), 'threads': kernel.threads()})"""
MEET = """import os, pathlib, time
folder = pathlib.Path(r'%s')
(folder / f'{os.getpid()}.here').touch()
while len(list(folder.glob('*.here'))) < 2:
    time.sleep(0.05)"""


def test_what_died_beside_others_is_run_once_more_alone(tmp_path: Path) -> None:
    write_notebook(tmp_path / "hungry.ipynb", HUNGRY % (tmp_path / "tries"))
    write_notebook(tmp_path / "doomed.ipynb", DIES)
    plan = make_plan(write_plan(tmp_path, notebook("hungry"), notebook("doomed")), "smoke")
    workspace = Workspace(plan, tmp_path / "build")
    todo = [v for v in plan.variants if v.kind == "notebook"]
    with PlainDisplay() as display:
        failed = Schedule(workspace, todo, Limits(jobs=2, cores=2), display).run()
    assert set(failed) == {"doomed"}
    assert "murió" in str(failed["doomed"])
    # alone, it had all the cores
    assert read_result(tmp_path / "build" / "results" / "hungry").values == {"tries": 2, "threads": 2}


def test_each_kernel_has_a_gpu_to_itself(tmp_path: Path) -> None:
    """The environment that decides it is that of real kernels; no GPU is needed to see it."""
    pool = make_executor(2, tmp_path / "log", ("GPU-a", "GPU-b"))
    save = SAVE % "n: os.environ[n] for n in ('CUDA_VISIBLE_DEVICES', 'TF_FORCE_GPU_ALLOW_GROWTH')"
    with ThreadPoolExecutor(2) as callers:
        ended = [callers.submit(run, pool, tmp_path, n, MEET % tmp_path, save) for n in ("first", "second")]
        wait(ended)
    assert [each.result().reason for each in ended] == [None, None]
    values = [read_result(tmp_path / "build" / "results" / n).values for n in ("first", "second")]
    assert {v["CUDA_VISIBLE_DEVICES"] for v in values} == {"GPU-a", "GPU-b"}
    assert {v["TF_FORCE_GPU_ALLOW_GROWTH"] for v in values} == {"true"}
    pool.shutdown()
