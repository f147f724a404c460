"""Runs the variants of a plan that are not up to date: side by side, in order, to the end.

A failed variant stops nothing but what needs it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.queues import Queue
from pathlib import Path
from time import monotonic
from typing import Protocol

import psutil

from runner.errors import RunnerError
from runner.estimate import expected_seconds, machine_factor
from runner.execute import Outcome, Task, record_failure, run_task
from runner.gpus import only_gpu, visible_gpus
from runner.plan import Variant
from runner.progress import Display, State
from runner.results import read_result
from runner.state import Workspace

BYTES_PER_KERNEL = 3 * 2**30
POLL_SECONDS = 0.5
CELL_TIMEOUT_SECONDS = 6 * 3600  # a cell that hangs is ended; training is one cell


PROCESS_DIED = "el proceso que lo ejecutaba murió"


class Capacity(Protocol):
    """How much to use: kernels side by side, cores in all, seconds per cell."""

    @property
    def jobs(self) -> int:
        """Variants at once; a cluster's changes with its workers."""

    @property
    def cores(self) -> int:
        """Cores in all."""

    @property
    def timeout_seconds(self) -> int | None:
        """Longest time of one cell."""


@dataclass(frozen=True)
class Limits:
    """The capacity of this machine; with ``gpus``, each kernel gets one of them."""

    jobs: int
    cores: int
    timeout_seconds: int | None = CELL_TIMEOUT_SECONDS
    gpus: tuple[str, ...] = ()


def default_limits(jobs: int | None) -> Limits:
    """``jobs`` kernels, or as many as cores and free memory allow: one core each is fastest.

    With GPUs, no more than one kernel for each.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    fitting = max(1, psutil.virtual_memory().available // BYTES_PER_KERNEL)
    gpus = visible_gpus()
    if gpus:
        return Limits(min(jobs or fitting, fitting, len(gpus)), cores, gpus=gpus)
    return Limits(jobs or min(cores, fitting), cores)


class Schedule:
    """The variants still to run, and those that are running.

    ``executors`` makes what they run on; left out, it is processes of this machine. A variant that died
    beside others, perhaps for want of memory, is run once more, alone and after the others.
    """

    def __init__(
        self,
        workspace: Workspace,
        todo: Iterable[Variant],
        limits: Capacity,
        display: Display,
        executors: Callable[[], Executor] | None = None,
    ) -> None:
        self.workspace, self.limits, self.display = workspace, limits, display
        self.waiting = {variant.name: variant for variant in todo}
        self.total = len(self.waiting)
        self.running: dict[Future[Outcome], Variant] = {}
        self.began: dict[str, float] = {}
        self.threads: dict[str, int] = {}
        self.failed: dict[str, str] = {}
        self.costs: dict[tuple[str, int], float] = {}
        self.done = 0
        self.log = workspace.build_dir / "kernels.log"
        self.accompanied: set[str] = set()  # ran beside others
        self.again: set[str] = set()  # run once more, alone
        self.make_executor = executors or self._local_executor

    def _local_executor(self) -> Executor:
        return make_executor(self.limits.jobs, self.log, getattr(self.limits, "gpus", ()))

    def run(self, on_end: Callable[[str], None] = lambda name: None) -> dict[str, str]:
        """Run everything; returns the failed variants with their reasons.

        ``on_end`` is called after each variant. Raises KeyboardInterrupt once the kernels have ended.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        executor = self.make_executor()
        try:
            while self.waiting or self.running:
                executor = self._fill(executor)
                finished, _ = wait(self.running, POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    on_end(self._collect(future))
                self._show()
        except BaseException:
            end_children()
            raise
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        return self.failed

    def _fill(self, executor: Executor) -> Executor:
        """Submit what can run now; a pool that broke with a worker's death is replaced."""
        while len(self.running) < self.limits.jobs:
            ready = self._ready()
            if not ready:
                break
            if self.running and any(map(self._is_alone, (ready[0], *self.running.values()))):
                break
            variant = ready[0]
            threads = self._threads(variant, len(ready))
            task = self._task(variant, threads)
            try:
                future = executor.submit(run_task, task)
            except BrokenProcessPool:
                if self.running:
                    break  # their futures fail next; then a new pool takes over
                executor = self.make_executor()
                future = executor.submit(run_task, task)
            del self.waiting[variant.name]
            self.running[future] = variant
            self.began[variant.name] = monotonic()
            self.threads[variant.name] = threads
            if len(self.running) > 1:
                self.accompanied.update(v.name for v in self.running.values())
            self.display.start(variant.name)
        return executor

    def _task(self, variant: Variant, threads: int = 1) -> Task:
        return self.workspace.task(variant, threads, self.limits.timeout_seconds)

    def _ready(self) -> list[Variant]:
        """What waits for nothing: the baseline, then the longest first; what runs alone comes last."""
        self._drop_impossible()
        busy = self.waiting.keys() | {v.name for v in self.running.values()}
        ready = [v for v in self.waiting.values() if not busy & {*v.needs, *v.after}]
        baseline = self.workspace.plan.baseline
        return sorted(ready, key=lambda v: (self._is_alone(v), v.name != baseline, -self._cost(v)))

    def _is_alone(self, variant: Variant) -> bool:
        return variant.alone or variant.name in self.again

    def _drop_impossible(self) -> None:
        """Fail what needs a variant that failed."""
        for variant in list(self.waiting.values()):
            for need in variant.needs:
                if need in self.failed:
                    del self.waiting[variant.name]
                    self._fail(variant.name, f"necesita «{need}», que falló")
                    break

    def _threads(self, variant: Variant, ready: int) -> int:
        """A kernel's share of the cores; one that nothing can run beside gets them all."""
        alone = not self.running and (self._is_alone(variant) or ready == 1)  # what else waits, waits for it
        return self.limits.cores if alone else max(1, self.limits.cores // self.limits.jobs)

    def _cost(self, variant: Variant, threads: int = 1) -> float:
        """Expected seconds; worked out again only when another variant has ended."""
        key = (variant.name, threads)
        if key not in self.costs:
            factor = machine_factor(self.workspace.finished.values())
            parameters = self.workspace.parameters(variant)
            self.costs[key] = expected_seconds(parameters, variant.kind, threads, factor)
        return self.costs[key]

    def _collect(self, future: Future[Outcome]) -> str:
        """Take in an ended variant; its name."""
        variant = self.running.pop(future)
        self.costs.clear()
        try:
            outcome = future.result()
        except BrokenProcessPool:
            outcome = Outcome(variant.name, PROCESS_DIED, 0.0, exhausted=True)
            record_failure(self._task(variant), PROCESS_DIED, PROCESS_DIED)
        if outcome.exhausted and variant.name in self.accompanied - self.again:
            self.again.add(variant.name)
            self.waiting[variant.name] = variant
            self.display.end(variant.name, f"{outcome.reason}; it will be tried once more, alone")
            return variant.name
        if outcome.reason:
            self._fail(variant.name, outcome.reason)
            return variant.name
        try:
            found = read_result(self.workspace.build_dir / "results" / variant.name)
        except RunnerError as error:
            self._fail(variant.name, error.what)
            return variant.name
        self.workspace.finished[variant.name] = found
        self.done += 1
        self.display.end(variant.name, summary(found.result.training, outcome.wall_seconds))
        return variant.name

    def _fail(self, name: str, reason: str) -> None:
        self.failed[name] = reason
        self.done += 1
        self.display.end(name, f"FAILED: {reason}")

    def _show(self) -> None:
        states = {v.name: self._state(v) for v in self.running.values()}
        waiting = sum(self._cost(v) for v in self.waiting.values()) / self.limits.jobs
        running = [s.remaining_seconds for s in states.values() if s.remaining_seconds is not None]
        left = waiting + max(running, default=0.0)
        self.display.update(states, self.done, self.total, left)

    def _state(self, variant: Variant) -> State:
        """How far a running variant is, from the file that its kernel writes."""
        elapsed = monotonic() - self.began[variant.name]
        expected = self._cost(variant, self.threads[variant.name])
        try:
            path = self.workspace.progress_file(variant.name)
            seen = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return State(0.0, "starting", max(0.0, expected - elapsed))
        share = seen["epoch"] / seen["epochs"]
        left = elapsed / share * (1 - share) if share > 0 else expected
        metrics = seen["metrics"]
        shown = [f"{name} {metrics[name]:.3f}" for name in ("loss", "accuracy") if name in metrics]
        epoch = min(int(seen["epoch"]) + 1, seen["epochs"])
        return State(share, " ".join([f"epoch {epoch}/{seen['epochs']}", *shown]), left)


def make_executor(jobs: int, log: Path, gpus: tuple[str, ...] = ()) -> Executor:
    """Processes that each run one variant at a time; what they and their kernels print goes to ``log``.

    Each takes one of ``gpus`` for itself; there are at least as many of them as jobs, or none.
    """
    context = get_context("spawn")
    queue = context.Queue() if gpus else None
    for gpu in gpus:
        assert queue is not None
        queue.put(gpu)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=settle, initargs=(log, queue))


def settle(log: Path, gpus: Queue[str] | None = None) -> None:
    """Leave Ctrl-C, which reaches every process of the terminal, to the runner; print to ``log``.

    A worker outlives its runner by no more than a moment: another run may be started at once.
    """
    if gpus is not None:
        os.environ.update(only_gpu(gpus.get()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end, with all its children."""
    parent = parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        end_children(grace_seconds=0.5)
        os._exit(1)


def end_children(grace_seconds: float = 5.0) -> None:
    """Terminate every process below this one, kernels included.

    Only multiprocessing's resource tracker is spared: it ends by itself, and complains if it is killed.
    """
    children = [c for c in psutil.Process().children(recursive=True) if not is_tracker(c)]
    for child in children:
        _quietly(child.terminate)
    _, alive = psutil.wait_procs(children, timeout=grace_seconds)
    for child in alive:
        _quietly(child.kill)


def is_tracker(process: psutil.Process) -> bool:
    """Whether this is multiprocessing's resource tracker."""
    try:
        return any("resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _quietly(action: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        action()


def summary(training: object, wall_seconds: float) -> str:
    """A finished variant in one line."""
    evaluation = getattr(training, "evaluation", None)
    if evaluation is None:
        return f"done in {wall_seconds:.0f} s"
    validation = evaluation.validation
    return (
        f"done in {wall_seconds:.0f} s, validation loss {validation.cross_entropy:.4f}, "
        f"accuracy {validation.accuracy:.4f}"
    )
