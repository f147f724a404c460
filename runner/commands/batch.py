"""Runs variants for a command: calibration, budget, report in the background, and what came of it all."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from time import monotonic

from rich.console import Console
from rich.table import Table

from runner import made
from runner.build_folder import KERNELS_LOG
from runner.commands.precision import BOTH, decide, described, open_precisions, practice_has_choice
from runner.commands.rehearsal import rehearse_notebook
from runner.commands.request import Request, say
from runner.execute.calibration import (
    LEAST_BUDGET_SECONDS,
    calibrate,
    former_seconds,
    of_precision,
    read_samples,
)
from runner.execute.estimate import Estimator
from runner.execute.likely import likely
from runner.execute.live_report import FIRST_SECONDS, LiveReport, Render
from runner.execute.progress import duration, make_display
from runner.execute.schedule import Schedule
from runner.execute.state import Workspace
from runner.gate import remove_file
from runner.machine.capacity import Capacity, Limits, default_limits, warnings
from runner.machine.gpus import unusable_gpu
from runner.plan.practice import costs_of
from runner.plan.variants import Variant
from runner.processes.pool import end_at_once, make_executor
from runner.results.awaited import note_awaited, over_budget
from runner.results.reasons import PENDING, Reason

RENDER_SECONDS = 30.0  # of a budget, kept for the report at the end; at most a tenth of it


def run_variants(
    workspace: Workspace, todo: Sequence[Variant], request: Request, render: Render, budget: float | None
) -> dict[str, Reason]:
    """Run ``todo`` as far as ``budget`` seconds allow; the failed variants with their reasons.

    ``render`` makes the report, in the background whenever a variant ends.
    """
    deadline = None if budget is None else monotonic() + budget - min(RENDER_SECONDS, budget / 10)
    crew = gather(workspace, todo, request, budget)
    with make_display() as display:
        crew.tell(display.say)
        left = None if deadline is None else max(0.0, deadline - monotonic())
        again = (lambda: crew.executor) if request.scheduler else None
        schedule = Schedule(workspace, todo, crew.capacity, display, crew.estimator, left, again)
        if budget is not None:
            say_plan(schedule, budget, display.say)
            note_cut(schedule, budget)
        paused = not crew.renders_beside
        build = workspace.build_dir
        with LiveReport(workspace.plan, build, render, display.say, paused, FIRST_SECONDS) as live:
            failed = schedule.run(*hooks(schedule, None if paused else live, budget), crew.executor)
    show_times(schedule.expected, schedule.actual)
    if budget is not None:
        note_cut(schedule, budget)
        if schedule.waiting:
            say(
                f"cut, as they did not fit into the budget of {duration(budget)}: "
                f"{', '.join(schedule.waiting)}; run 'all' again to go on with them"
            )
    return failed


@dataclass(frozen=True)
class Crew:
    """What variants run on, how much of it there is, and how long they should take there.

    ``renders_beside``: there is room for a report in the making beside them.
    """

    capacity: Capacity
    executor: Executor
    estimator: Estimator
    tell: Callable[[Callable[[str], None]], None] = lambda say: None  # how what it runs on is to speak
    renders_beside: bool = True


def gather(workspace: Workspace, todo: Sequence[Variant], request: Request, budget: float | None) -> Crew:
    """Processes of this machine or, with a scheduler, the workers of its cluster."""
    costs = costs_of(workspace.plan.practice)
    log = workspace.build_dir / KERNELS_LOG
    made.record(workspace.build_dir, log)
    if request.scheduler is not None:
        from runner.cluster.connection import Certificates, connect
        from runner.cluster.executor import ClusterExecutor

        certificates = Certificates(request.tls_ca, request.tls_cert, request.tls_key)
        say_precision(workspace, request, budget)
        client = connect(request.scheduler, certificates)
        cluster = ClusterExecutor(client, workspace.plan, say, request.jobs, request.source)
        side_by_side = min(cluster.jobs, len(todo))
        say(f"{len(todo)} variants to run, {side_by_side} side by side on {request.scheduler}")

        def tell(speak: Callable[[str], None]) -> None:
            cluster.say = speak

        return Crew(cluster, cluster, Estimator(costs, (), former_seconds(workspace.build_dir, todo)), tell)
    limits = default_limits(request.jobs, request.threads)
    for warning in filter(None, (*warnings(limits), unusable_gpu())):
        say(f"warning: {warning}")
    say(f"{len(todo)} variants to run, {min(limits.jobs, len(todo))} side by side")
    if limits.is_tight:
        say("little memory is free: the report is rendered when they have ended, not beside them")
    remove_file(log, workspace.build_dir)
    executor = make_executor(limits.jobs, log, limits.gpus)
    try:
        side_by_side = min(limits.jobs, len(todo))
        rehearse_notebook(workspace.plan, workspace.build_dir, executor, side_by_side, log)
        estimator = prepare_estimates(workspace, todo, limits, executor, budget, request)
    except BaseException:
        end_at_once(executor)
        raise
    return Crew(limits, executor, estimator, renders_beside=not limits.is_tight)


def hooks(
    schedule: Schedule, live: LiveReport | None, budget: float | None
) -> tuple[Callable[[str], None], Callable[[Variant], None]]:
    """What to do when a variant ends, and before one starts, to keep the report, if live, up to date."""

    def end(name: str) -> None:
        if budget is not None:
            note_cut(schedule, budget)
        if live is not None:
            live.resume()
            live.want()

    def start(variant: Variant) -> None:
        if live is not None and schedule.is_alone(variant):
            live.pause()

    return end, start


def prepare_estimates(
    workspace: Workspace,
    todo: Sequence[Variant],
    limits: Limits,
    executor: Executor,
    budget: float | None,
    request: Request,
) -> Estimator:
    """An estimator for the variants, calibrated if there is much to do and the time for it."""
    build_dir, practice = workspace.build_dir, workspace.plan.practice
    costs = costs_of(practice)
    former = former_seconds(build_dir, todo)
    is_open = say_precision(workspace, request, budget) and not limits.gpus
    used = workspace.plan.precision.name
    if budget is not None and budget < LEAST_BUDGET_SECONDS:
        return Estimator(costs, read_samples(build_dir, limits.jobs, practice, used), former)

    choosing = [v for v in todo if v.choose]  # what waits for all the others; if it is one, it runs alone

    def threads(variant: Variant) -> int:
        return limits.whole if [variant] == choosing else limits.share

    pending = [v.name for v in todo]
    resolved = [(v, likely(v, workspace.finished, pending, workspace.plan)) for v in todo]
    wanted = BOTH if is_open else (used,)
    samples = calibrate(build_dir, resolved, threads, limits.jobs, executor, say, wanted)
    if is_open:
        return Estimator(costs, decide(workspace, samples, resolved, threads), former)
    return Estimator(costs, of_precision(samples, used), former)


def say_precision(workspace: Workspace, request: Request, budget: float | None) -> bool:
    """Say in which precision is trained, unless that is still to be measured, which is returned."""
    why, is_open = open_precisions(workspace, request, budget)
    if practice_has_choice(workspace.plan) and not is_open:
        text = f"float32 ({why})" if why else described(workspace.plan.precision)
        say(f"precision: {text}")
    return is_open


def say_plan(schedule: Schedule, budget: float, say: Callable[[str], None]) -> None:
    """What fits into the budget, and what does not."""
    packing = schedule.packing
    if packing is None:
        return
    cut = [name for name in schedule.waiting if name not in packing.chosen]
    complete = ", ".join(map(str, packing.questions)) or "none"
    say(
        f"budget {duration(budget)}: {len(packing.chosen)} of {schedule.total} variants fit, "
        f"expected to take {duration(packing.seconds)}; questions answered by then: {complete}"
    )
    if cut:
        say(f"left out: {', '.join(cut)}")


def note_cut(schedule: Schedule, budget: float) -> None:
    """Note for the report what waits, and what the budget leaves out as things stand."""
    chosen = schedule.packing.chosen if schedule.packing else ()
    reasons = {n: PENDING if n in chosen else over_budget(budget) for n in schedule.waiting}
    note_awaited(schedule.workspace.build_dir, reasons)


def show_times(expected: Mapping[str, float], actual: Mapping[str, float]) -> None:
    """Expected and actual times of what ended well, on standard error."""
    if not actual:
        return
    table = Table(title="expected and actual times", title_justify="left")
    for column in ("variant", "expected", "actual", "error"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    errors = []
    for name, seconds in actual.items():
        error = expected[name] / seconds - 1
        errors.append(abs(error))
        table.add_row(name, duration(expected[name]), duration(seconds), f"{100 * error:+.0f} %")
    console = Console(file=sys.stderr, markup=False, emoji=False)
    console.print(table)
    console.print(
        f"median error of the expected times: {100 * statistics.median(errors):.0f} %", highlight=False
    )
