"""Runs the variants of a plan that are not up to date: side by side, in order, to the end.

A failed variant stops nothing but what needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from time import monotonic
from typing import Any

from runner.build_folder import KERNELS_LOG, result_folder
from runner.errors import InputError, RunnerError
from runner.execute.budget import Packer, Packing
from runner.execute.estimate import Estimator
from runner.execute.likely import likely
from runner.execute.progress import Display, Seen, State
from runner.execute.state import Workspace
from runner.execute.task import Outcome, Task, record_failure, run_task
from runner.gate import read_bytes
from runner.machine.capacity import Capacity
from runner.plan.practice import costs_of
from runner.plan.records import repetition
from runner.plan.variants import Variant
from runner.processes.pool import end, end_at_once, make_executor
from runner.results.finished import read_result
from runner.results.reasons import PROCESS_DIED, Reason, english_words, said

POLL_SECONDS = 0.5
LEARNED_SHARE = 0.02


class Schedule:
    """The variants still to run, and those that are running.

    ``executors`` makes what they run on; left out, it is processes of this machine. A variant that died,
    perhaps for want of memory, or before it began, is run once more, alone and after the others.
    """

    def __init__(
        self,
        workspace: Workspace,
        todo: Iterable[Variant],
        limits: Capacity,
        display: Display,
        estimator: Estimator | None = None,
        budget_seconds: float | None = None,
        executors: Callable[[], Executor] | None = None,
    ) -> None:
        self.workspace, self.limits, self.display = workspace, limits, display
        self.estimator = estimator or Estimator(costs_of(workspace.plan.practice))
        self.waiting = {variant.name: variant for variant in todo}
        self.total = len(self.waiting)
        self.running: dict[Future[Outcome], Variant] = {}
        self.began: dict[str, float] = {}
        self.threads: dict[str, int] = {}
        self.failed: dict[str, Reason] = {}
        self.on_start: Callable[[Variant], None] = lambda variant: None
        self.costs: dict[tuple[str, int], float] = {}
        self.expected: dict[str, float] = {}
        self.actual: dict[str, float] = {}
        self.done = 0
        self.deadline = None if budget_seconds is None else monotonic() + budget_seconds
        self.packing: Packing | None = None
        self.again: set[str] = set()  # run once more, alone
        self.make_executor = executors or self._local_executor
        self.learned = 0  # how many were finished then
        self._learn()
        self.plan_ahead()

    def _local_executor(self) -> Executor:
        log = self.workspace.build_dir / KERNELS_LOG
        return make_executor(self.limits.jobs, log, getattr(self.limits, "gpus", ()))

    def run(
        self,
        on_end: Callable[[str], None] = lambda name: None,
        on_start: Callable[[Variant], None] = lambda variant: None,
        executor: Executor | None = None,
    ) -> dict[str, Reason]:
        """Run everything that fits; returns the failed variants with their reasons.

        ``on_start`` is called before a variant starts, ``on_end`` after each. What the budget left out stays
        in ``waiting``. Raises KeyboardInterrupt once the kernels have ended.
        """
        executor = executor or self.make_executor()
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
            end_at_once(executor)
            raise
        end(executor)
        self._drop_impossible()
        return self.failed

    def _fill(self, executor: Executor) -> Executor:
        """Submit what can run now; a pool that broke with a worker's death is replaced."""
        while len(self.running) < self.limits.jobs:
            ready = self._ready()
            if not ready:
                break
            if self.running and any(map(self.is_alone, (ready[0], *self.running.values()))):
                break
            variant = ready[0]
            threads = self._threads(variant, len(ready))
            found = self._task_or_reason(variant, threads)
            if isinstance(found, Reason):
                del self.waiting[variant.name]
                self._fail(variant.name, found)
                continue
            self.on_start(variant)
            try:
                future = executor.submit(run_task, found)
            except BrokenProcessPool:
                if self.running:
                    break  # their futures fail next; then a new pool takes over
                executor = self.make_executor()
                future = executor.submit(run_task, found)
            del self.waiting[variant.name]
            self.running[future] = variant
            self.began[variant.name] = monotonic()
            self.threads[variant.name] = threads
            self.costs.pop((variant.name, threads), None)  # its choices are made now
            self.expected[variant.name] = self._cost(variant, threads)
            self.display.start(variant.name)
        return executor

    def _task_or_reason(self, variant: Variant, threads: int) -> Task | Reason:
        """The variant's task, or why there is none: its data is gone, say, which need not stop the others."""
        try:
            if self.workspace.is_code_changed(variant):
                return Reason.of("code_changed")
            return self._task(variant, threads)
        except InputError as error:
            return Reason.of("unreadable_input", reason=error.what)

    def _task(self, variant: Variant, threads: int = 1) -> Task:
        return self.workspace.task(variant, threads, self.limits.timeout_seconds)

    def _ready(self) -> list[Variant]:
        """What waits for nothing: the baseline, then the longest first; repetitions, then what runs alone."""
        self._drop_impossible()
        allowed = self._allowed()
        busy = allowed.keys() | {v.name for v in self.running.values()}
        ready = [v for v in allowed.values() if not busy & {*v.needs, *v.after}]
        baseline, chosen = self.workspace.plan.baseline, self.packing.chosen if self.packing else ()
        rank = {name: place for place, name in enumerate(chosen)}  # with a budget, its order

        def place(v: Variant) -> tuple[bool, int, bool, int, float]:
            return (
                self.is_alone(v),
                repetition(v.name),
                v.name != baseline,
                rank.get(v.name, 0),
                -self._cost(v),
            )

        return sorted(ready, key=place)

    def is_alone(self, variant: Variant) -> bool:
        """Whether nothing may run beside it."""
        return variant.alone or variant.name in self.again

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
                if need in self.failed and need not in self.workspace.finished:  # none is left from before
                    del self.waiting[variant.name]
                    self._fail(variant.name, Reason.of("need_failed", need=need))
                    break

    def _threads(self, variant: Variant, ready: int) -> int:
        """A kernel's share of the cores; one that nothing can run beside gets them all."""
        alone = not self.running and (self.is_alone(variant) or ready == 1)  # what else waits, waits for it
        return self.limits.whole if alone else self.limits.share

    def _cost(self, variant: Variant, threads: int | None = None) -> float:
        """Expected seconds; worked out again only when something was learned from what ended."""
        threads = threads or self.limits.share
        key = (variant.name, threads)
        if key not in self.costs:
            parameters = self._likely(variant)
            self.costs[key] = self.estimator.seconds(variant.name, variant.kind, parameters, threads)
        return self.costs[key]

    def _likely(self, variant: Variant) -> dict[str, Any]:
        """Parameters, with the choices that are still open as they will probably be made."""
        running = {v.name for v in self.running.values()}
        pending = () if variant.name in running else self.waiting.keys() | running
        return likely(variant, self.workspace.finished, pending, self.workspace.plan)

    def _learn(self) -> None:
        """Take what is finished into the expectations: each, and of hundreds when there are 2 % more.

        It costs as much as there are variants, so that doing it for each of thousands would never end.
        """
        finished = self.workspace.finished
        if len(finished) - self.learned >= self.learned * LEARNED_SHARE:
            self.learned = len(finished)
            self.costs.clear()
            self.estimator.learn(finished.values())

    def _collect(self, future: Future[Outcome]) -> str:
        """Take in an ended variant; its name."""
        variant = self.running.pop(future)
        try:
            outcome = future.result()
        except BrokenProcessPool:
            outcome = Outcome(variant.name, PROCESS_DIED, 0.0, exhausted=True)
            record_failure(self._task(variant), PROCESS_DIED)
        if outcome.reason and self._deserves_another(outcome):
            self.again.add(variant.name)
            self.waiting[variant.name] = variant
            words = english_words(outcome.reason)
            self.display.end(variant.name, f"{words}; it will be tried once more, alone")
            return variant.name
        if outcome.reason:
            self._fail(variant.name, outcome.reason)
            return variant.name
        try:
            found = read_result(result_folder(self.workspace.build_dir, variant.name))
        except RunnerError as error:
            self._fail(variant.name, said(error.what))
            return variant.name
        self.workspace.finished[variant.name] = found
        self.actual[variant.name] = outcome.wall_seconds
        self._learn()
        self.done += 1
        self.display.end(variant.name, summary(found.result.training, outcome.wall_seconds))
        return variant.name

    def _deserves_another(self, outcome: Outcome) -> bool:
        """Whether what ended it may not do so again, alone; nothing gets a third try.

        Where memory runs out depends on what else runs: other variants, a report in the making, a browser.
        """
        return (outcome.exhausted or outcome.unstarted) and outcome.name not in self.again

    def _fail(self, name: str, reason: Reason) -> None:
        self.failed[name] = reason
        self.done += 1
        self.display.end(name, f"FAILED: {english_words(reason)}")

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
            seen = Seen.model_validate_json(read_bytes(path, self.workspace.build_dir))
        except (OSError, ValueError, RunnerError):
            return State(0.0, "starting", max(0.0, expected - elapsed))
        share = min(seen.epoch / seen.epochs, 1.0)
        own = share - (seen.first or 0) / seen.epochs  # without what earlier attempts did
        left = elapsed / own * (1 - share) if own > 0 else expected
        shown = [f"{n} {seen.metrics[n]:.3f}" for n in ("loss", "accuracy") if n in seen.metrics]
        epoch = min(int(seen.epoch) + 1, seen.epochs)
        return State(share, " ".join([f"epoch {epoch}/{seen.epochs}", *shown]), left)


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
