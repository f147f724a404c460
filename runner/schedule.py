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
from pathlib import Path
from time import monotonic

import psutil

from runner.budget import Packer, Packing
from runner.errors import RunnerError
from runner.estimate import Estimator
from runner.execute import Outcome, run_task
from runner.plan import Variant
from runner.progress import Display, State
from runner.results import read_result
from runner.state import Workspace
from runner.study import repetition

BYTES_PER_KERNEL = 3 * 2**30
POLL_SECONDS = 0.5
CELL_TIMEOUT_SECONDS = 6 * 3600  # a cell that hangs is ended; training is one cell


@dataclass(frozen=True)
class Limits:
    """How much of the machine to use: kernels side by side, cores in all, seconds per cell.

    ``threads``, if given, is what each kernel gets, whatever else runs.
    """

    jobs: int
    cores: int
    timeout_seconds: int | None = CELL_TIMEOUT_SECONDS
    threads: int | None = None

    @property
    def share(self) -> int:
        """Cores of a kernel that others may run beside."""
        return self.threads or max(1, self.cores // self.jobs)

    @property
    def whole(self) -> int:
        """Cores of a kernel that nothing can run beside."""
        return self.threads or self.cores


def default_limits(jobs: int | None, threads: int | None = None) -> Limits:
    """``jobs`` kernels, or as many as cores and free memory allow: one core each is fastest.

    ``threads`` gives every kernel so many cores, however many run: results don't depend on ``jobs`` then.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    fitting = max(1, psutil.virtual_memory().available // BYTES_PER_KERNEL)
    side_by_side = max(1, min(cores // (threads or 1), fitting))
    return Limits(jobs or side_by_side, cores, threads=threads)


class Schedule:
    """The variants still to run, and those that are running."""

    def __init__(
        self,
        workspace: Workspace,
        todo: Iterable[Variant],
        limits: Limits,
        display: Display,
        estimator: Estimator | None = None,
        budget_seconds: float | None = None,
    ) -> None:
        self.workspace, self.limits, self.display = workspace, limits, display
        self.estimator = estimator or Estimator()
        self.waiting = {variant.name: variant for variant in todo}
        self.total = len(self.waiting)
        self.running: dict[Future[Outcome], Variant] = {}
        self.began: dict[str, float] = {}
        self.threads: dict[str, int] = {}
        self.failed: dict[str, str] = {}
        self.on_start: Callable[[Variant], None] = lambda variant: None
        self.costs: dict[tuple[str, int], float] = {}
        self.expected: dict[str, float] = {}
        self.actual: dict[str, float] = {}
        self.done = 0
        self.deadline = None if budget_seconds is None else monotonic() + budget_seconds
        self.packing: Packing | None = None
        self.estimator.learn(workspace.finished.values())
        self.plan_ahead()
        self.log = workspace.build_dir / "kernels.log"

    def run(
        self,
        on_end: Callable[[str], None] = lambda name: None,
        on_start: Callable[[Variant], None] = lambda variant: None,
        executor: Executor | None = None,
    ) -> dict[str, str]:
        """Run everything that fits; returns the failed variants with their reasons.

        ``on_start`` is called before a variant starts, ``on_end`` after each. What the budget left out stays
        in ``waiting``. Raises KeyboardInterrupt once the kernels have ended.
        """
        executor = executor or make_executor(self.limits.jobs, self.log)
        self.on_start = on_start
        try:
            while self._allowed() or self.running:
                executor = self._fill(executor)
                finished, _ = wait(self.running, POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    name = self._collect(future)
                    self.plan_ahead()
                    on_end(name)
                self._show()
        except BaseException:
            end_children()
            raise
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        self._drop_impossible()
        return self.failed

    def _fill(self, executor: Executor) -> Executor:
        """Submit what can run now; a pool that broke with a worker's death is replaced."""
        while len(self.running) < self.limits.jobs:
            ready = self._ready()
            if not ready:
                break
            if self.running and any(v.alone for v in (ready[0], *self.running.values())):
                break
            variant = ready[0]
            threads = self._threads(variant, len(ready))
            task = self.workspace.task(variant, threads, self.limits.timeout_seconds)
            self.on_start(variant)
            try:
                future = executor.submit(run_task, task)
            except BrokenProcessPool:
                if self.running:
                    break  # their futures fail next; then a new pool takes over
                executor = make_executor(self.limits.jobs, self.log)
                future = executor.submit(run_task, task)
            del self.waiting[variant.name]
            self.running[future] = variant
            self.began[variant.name] = monotonic()
            self.threads[variant.name] = threads
            self.expected[variant.name] = self._cost(variant, threads)
            self.display.start(variant.name)
        return executor

    def _ready(self) -> list[Variant]:
        """What waits for nothing: the baseline, then the longest first; repetitions, then what runs alone."""
        self._drop_impossible()
        allowed = self._allowed()
        busy = allowed.keys() | {v.name for v in self.running.values()}
        ready = [v for v in allowed.values() if not busy & {*v.needs, *v.after}]
        baseline, chosen = self.workspace.plan.baseline, self.packing.chosen if self.packing else ()
        rank = {name: place for place, name in enumerate(chosen)}  # with a budget, its order

        def place(v: Variant) -> tuple[bool, int, bool, int, float]:
            return (v.alone, repetition(v.name), v.name != baseline, rank.get(v.name, 0), -self._cost(v))

        return sorted(ready, key=place)

    def _allowed(self) -> dict[str, Variant]:
        """What waits and, if there is a budget, fits into it."""
        if self.packing is None:
            return self.waiting
        return {name: self.waiting[name] for name in self.packing.chosen if name in self.waiting}

    def plan_ahead(self) -> None:
        """Work out anew what fits into the time that is left of the budget, if there is one."""
        if self.deadline is None:
            return
        running = {v.name: self._state(v).remaining_seconds or 0.0 for v in self.running.values()}
        self.packing = Packer(
            plan=self.workspace.plan,
            waiting=self.waiting,
            done=self.workspace.finished.keys(),
            running=running,
            cost=lambda v, whole: self._cost(v, self.limits.whole if whole else self.limits.share),
            jobs=self.limits.jobs,
            budget=self.deadline - monotonic(),
        ).pack()

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
        alone = not self.running and (variant.alone or ready == 1)  # what else waits, waits for it
        return self.limits.whole if alone else self.limits.share

    def _cost(self, variant: Variant, threads: int | None = None) -> float:
        """Expected seconds; worked out again only when another variant has ended."""
        threads = threads or self.limits.share
        key = (variant.name, threads)
        if key not in self.costs:
            parameters = self.workspace.parameters(variant)
            self.costs[key] = self.estimator.seconds(variant.name, variant.kind, parameters, threads)
        return self.costs[key]

    def _collect(self, future: Future[Outcome]) -> str:
        """Take in an ended variant; its name."""
        variant = self.running.pop(future)
        self.costs.clear()
        try:
            outcome = future.result()
        except BrokenProcessPool:
            outcome = Outcome(variant.name, "el proceso que lo ejecutaba murió", 0.0)
        if outcome.reason:
            self._fail(variant.name, outcome.reason)
            return variant.name
        try:
            found = read_result(self.workspace.build_dir / "results" / variant.name)
        except RunnerError as error:
            self._fail(variant.name, error.what)
            return variant.name
        self.workspace.finished[variant.name] = found
        self.actual[variant.name] = outcome.wall_seconds
        self.estimator.learn(self.workspace.finished.values())
        self.done += 1
        self.display.end(variant.name, summary(found.result.training, outcome.wall_seconds))
        return variant.name

    def _fail(self, name: str, reason: str) -> None:
        self.failed[name] = reason
        self.done += 1
        self.display.end(name, f"FAILED: {reason}")

    def _show(self) -> None:
        states = {v.name: self._state(v) for v in self.running.values()}
        waiting = sum(self._cost(v) for v in self._allowed().values()) / self.limits.jobs
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
        own = share - (seen.get("first") or 0) / seen["epochs"]  # without what earlier attempts did
        left = elapsed / own * (1 - share) if own > 0 else expected
        metrics = seen["metrics"]
        shown = [f"{name} {metrics[name]:.3f}" for name in ("loss", "accuracy") if name in metrics]
        epoch = min(int(seen["epoch"]) + 1, seen["epochs"])
        return State(share, " ".join([f"epoch {epoch}/{seen['epochs']}", *shown]), left)


def make_executor(jobs: int, log: Path) -> Executor:
    """Processes that each run one variant at a time; what they and their kernels print goes to ``log``."""
    context = get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=settle, initargs=(log,))


def settle(log: Path) -> None:
    """Leave Ctrl-C, which reaches every process of the terminal, to the runner; print to ``log``.

    A worker outlives its runner by no more than a moment: another run may be started at once.
    """
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
