"""A real Dask scheduler and real worker processes on loopback: same results, and every loss survived."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from runner import PROJECT_ROOT
from runner.cluster.connection import connect
from runner.cluster.executor import ClusterExecutor
from runner.execute.state import Workspace
from runner.execute.task import run_task
from runner.plan.variants import make_plan
from runner.results.finished import read_failure, read_result
from tests.program import HANG_SECONDS, all_ended, report_text, silent_port, until
from tests.tiny_plan import (
    GATE,
    notebook,
    open_gate,
    shorten,
    start,
    variant,
    write_gate,
    write_notebook,
    write_plan,
)

pytest.importorskip("distributed")
pytestmark = pytest.mark.xdist_group("cluster")

READS = """from runner import kernel
study = kernel.load_study()
model = (kernel.results_dir() / 'good' / 'model.keras').stat().st_size
kernel.save_values({'seen': sorted(study.finished), 'model': model > 0})"""


class Cluster:
    """A scheduler and workers as processes, each worker with its own folder and no nanny.

    ``security`` are options for all of them.
    """

    def __init__(self, folder: Path, security: Sequence[str] = ()) -> None:
        self.folder, self.processes, self.security = folder, list[subprocess.Popen[bytes]](), security
        self.gate = folder / "gate"
        self.file = folder / "scheduler.json"
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file)]
        words += ["--protocol", "tls"] if security else []
        self.scheduler = self.start("scheduler", [*words, "--no-dashboard"], PROJECT_ROOT)
        (self.address,) = until(self.addresses)

    def addresses(self) -> list[str]:
        """Of the scheduler; none while it is still writing the file."""
        written = self.file.read_text() if self.file.exists() else ""
        return re.findall(r'"address": "([^"]+)"', written)[:1]

    def start(self, name: str, words: list[str], package: Path) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, *self.security],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(package), GATE: str(self.gate)},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def worker(self, name: str, package: Path = PROJECT_ROOT) -> subprocess.Popen[bytes]:
        words = ["worker", self.address, "--name", name, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        place = self.folder / name
        place.mkdir()
        return self.start(name, [*words, "--local-directory", str(place)], package)

    def running(self, name: str, variant: str) -> bool:
        """Whether the worker's kernel is in the middle of the variant."""
        return any((self.folder / name).rglob(f"work/{variant}/progress.json"))

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    yield made
    made.end()


def write(folder: Path) -> Path:
    """A plan of two trainings and a notebook that reads what they left; its path."""
    write_notebook(folder / "reads.ipynb", READS)
    entries = (
        variant("wide", None, "filters = [16, 16], batch_size = 4, epochs = 6", group="batch"),
        notebook("reads", 'needs = ["good"]', 'after = ["batch"]'),
    )
    plan = write_plan(folder, *entries, filters=[8], dropout=0.2, batch_size=16, epochs=3)
    write_gate(folder)
    return shorten(plan)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write(tmp_path)


def finish(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate(timeout=HANG_SECONDS)
    assert "Traceback" not in said
    return said


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the same plan gives on this machine, with a thread a kernel."""
    folder = tmp_path_factory.mktemp("local")
    process = start("all", write(folder), folder / "build", "--jobs", str(os.cpu_count()))
    said = finish(process)
    assert process.returncode == 0, said
    return folder / "build"


def test_a_killed_worker_changes_nothing(cluster: Cluster, plan: Path, tmp_path: Path, local: Path) -> None:
    """Its variant is run on the other worker, and every metric is that of a local run."""
    workers = {name: cluster.worker(name) for name in ("uno", "dos")}
    open_gate(cluster.gate, "good")
    build = tmp_path / "build"
    process = start("all", plan, build, "--scheduler", cluster.address)
    until(lambda: any(cluster.running(name, "wide") for name in workers))
    victim = next(name for name in workers if cluster.running(name, "wide"))
    below = psutil.Process(workers[victim].pid).children(recursive=True)
    workers[victim].send_signal(signal.SIGKILL)
    open_gate(cluster.gate, "wide")
    said = finish(process)
    assert process.returncode == 0, said
    assert "was lost; it is run on another" in said
    assert all_ended(below)
    for name in ("good", "wide"):
        here, there = (read_result(folder / "results" / name) for folder in (local, build))
        assert there.training.environment.threads == here.training.environment.threads == 1
        assert there.training.evaluation == here.training.evaluation
        assert there.result.key == here.result.key
        assert (build / "notebooks" / f"{name}.ipynb").is_file()
    seen = read_result(build / "results" / "reads").values
    assert seen == {"seen": ["good", "wide"], "model": True}
    assert not any((build / "work").glob("*"))
    again = start("all", plan, build, "--scheduler", "tcp://127.0.0.1:1")  # nothing to do: nobody is asked
    assert "up to date" in finish(again)


def test_the_scheduler_gone_in_the_middle(cluster: Cluster, plan: Path, tmp_path: Path) -> None:
    open_gate(cluster.gate, "good")
    cluster.worker("uno")
    build = tmp_path / "build"
    process = start("all", plan, build, "--scheduler", cluster.address)
    until((build / "results" / "good" / "result.json").exists)
    until(lambda: cluster.running("uno", "wide"))
    cluster.scheduler.kill()
    said = finish(process)
    assert process.returncode == 1, said
    assert "the Dask scheduler is gone" in said
    assert cluster.address in said
    assert "run the same command to go on" in said
    assert read_result(build / "results" / "good").result.training is not None
    assert str(build / "report.pdf") in said  # written at the end, or already as it would be
    assert "variante wide Falta: pendiente" in report_text(build)


def test_an_interrupted_run_ends_the_kernels_of_the_workers(
    cluster: Cluster, plan: Path, tmp_path: Path
) -> None:
    worker = cluster.worker("uno")
    build = tmp_path / "build"
    process = start("all", plan, build, "--scheduler", cluster.address)
    until((build / "work" / "good" / "progress.json").exists)  # progress arrives, too
    kernels = psutil.Process(worker.pid).children(recursive=True)
    assert kernels
    process.send_signal(signal.SIGINT)
    said = finish(process)
    assert process.returncode == 130, said
    assert all_ended(kernels)
    assert worker.poll() is None


def test_a_worker_with_other_code_is_refused(cluster: Cluster, plan: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(PROJECT_ROOT / "runner", other / "runner", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "runner" / "practice" / "model.py").open("a") as file:
        file.write("\nOTHER = 1\n")
    cluster.worker("uno", other)
    process = start("all", plan, tmp_path / "build", "--scheduler", cluster.address)
    said = finish(process)
    assert process.returncode == 2, said
    assert "the code differs in runner/practice/model.py" in said


class Unreadable:
    """What arrives of it can't be made into anything."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


def answer_unreadably(order: object) -> Unreadable:
    """In the place of what runs an order on a worker."""
    return Unreadable()


def fail_unreadably(order: object) -> None:
    raise ValueError(Unreadable())


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (
            answer_unreadably,
            "su resultado no llega del clúster: TypeError: Could not serialize",
        ),
        (fail_unreadably, "ValueError"),
    ],
)
def test_a_result_that_can_not_be_read_is_not_asked_for_without_end(
    order: Callable[[object], object],
    words: str,
    cluster: Cluster,
    plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variant fails, with the reason, and its worker is free again."""
    monkeypatch.setattr("runner.cluster.executor.run_order", order)
    monkeypatch.setattr("runner.cluster.executor.POLL_SECONDS", 0.1)
    cluster.worker("uno")
    made = make_plan(plan, "smoke")
    executor = ClusterExecutor(connect(cluster.address), made, print, None, None)
    try:
        for _ in range(2):
            task = Workspace(made, tmp_path / "build").task(made.get("good"), 1, None)
            reason = executor.submit(run_task, task).result(timeout=HANG_SECONDS).reason
            assert words in str(reason)
            failure = read_failure(tmp_path / "build" / "results" / "good")
            assert failure is not None and failure.reason == reason
    finally:
        executor.shutdown()


def test_nobody_at_the_address(plan: Path, tmp_path: Path) -> None:
    with silent_port() as port:
        addresses = (f"tcp://127.0.0.1:{port}", "nonsense://here")
        started = [start("all", plan, tmp_path / a[:3], "--scheduler", a) for a in addresses]
        answers = [(finish(process), process.returncode) for process in started]
    for address, (said, code) in zip(addresses, answers, strict=True):
        assert code == 2, said
        assert "no Dask scheduler answers" in said
        assert address in said
