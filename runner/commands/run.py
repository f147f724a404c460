"""The ``all`` and ``run`` commands: plan, data, execution, report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from runner import made
from runner.build_folder import FAILURE_FILE, checkpoint_folder, held, result_folder, work_folder
from runner.commands.changes import changed_results, refusing_another_plan
from runner.commands.foreign_code import say_whose_code
from runner.commands.passphrase import identity_of
from runner.commands.precision import refuse_precision
from runner.commands.render import make_outputs, render
from runner.commands.request import Request, open_plan_here, remember, say
from runner.durations import parse_duration
from runner.errors import InputError, RunnerError, WorkersGone
from runner.execute.task import recover
from runner.faults import telling
from runner.gate import REMOVE_IT, kind, remove_file
from runner.packages import write_lock
from runner.plan.practice import data_sets_of, practice_of
from runner.plan.variants import Plan, Variant
from runner.report.characters import refuse_unprintable
from runner.results.awaited import note_awaited, pending
from runner.results.finished import read_failure, read_result
from runner.results.reasons import Reason, english_words

if TYPE_CHECKING:
    from runner.execute.state import VariantState, Workspace


def run_everything(request: Request, only: Sequence[str] = ()) -> int:
    """Run what is not up to date (or ``only`` these), then write notebook and report.

    Returns 0, also if a time budget left something out, or 1 if a variant failed.
    """
    from runner.cluster.connection import Certificates, check_certificates
    from runner.execute.seed_search import Search, is_due, time_limit
    from runner.execute.state import Workspace

    if request.scheduler is not None and request.threads is not None:
        hint = "each worker's own --nthreads says how many threads its kernels have"
        raise InputError("nothing takes it on a cluster", where="--threads", hint=hint)
    check_certificates(request.scheduler, Certificates(request.tls_ca, request.tls_cert, request.tls_key))
    began = monotonic()
    budget = None if request.budget is None else parse_duration(request.budget)
    plan = open_plan_here(request)
    refuse_unprintable(plan)
    limit = time_limit(budget, plan.seeds)
    identity = identity_of(request)  # now: a passphrase is asked for before the hours of training
    for name in only:
        plan.get(name)
    build_dir = request.build_dir.resolve()
    with held(build_dir, request.wait, say), saying_failures() as failed, telling(say):
        recover(build_dir)
        refuse_other_profile(plan, build_dir, request.force)
        workspace = Workspace(plan, build_dir)
        states = workspace.states()
        todo = select(workspace, states, request, only)
        refuse_precision(plan, todo, request)
        say_whose_code(plan.path, plan.templates, notebooks=bool(todo))
        for line in workspace.undeclared():
            say(f"note: {line}")
        refuse_occupied(build_dir, todo)
        forget_failures(build_dir, states)
        make_ready(plan, build_dir, todo, request)
        remember(plan, build_dir)
        if request.force:
            forget_attempts(build_dir, todo)
        note_awaited(build_dir, pending(v.name for v in todo), settled=workspace.finished)
        with refusing_another_plan(plan), reporting_loss(plan, build_dir):
            execute(workspace, todo, request, budget, failed)
            plan = workspace.plan  # with the precision that was decided
            if todo:
                failed.update(changed_results(workspace))
            if not only and is_due(plan.seeds, bool(request.seeds or request.budget)):
                search = Search(plan, build_dir, limit, lambda p: remember(p, build_dir), say, began)
                plan, more = search.run(lambda space, new: execute(space, new, request))
                failed.update(more)
        make_outputs(plan, build_dir, identity)
    return 1 if failed else 0


@contextmanager
def saying_failures() -> Iterator[dict[str, Reason]]:
    """A place for the failed variants and their reasons, said last, whatever else goes wrong."""
    failed: dict[str, Reason] = {}
    try:
        yield failed
    finally:
        for name, reason in failed.items():
            say(f"failed: {name}: {english_words(reason)}")


@contextmanager
def reporting_loss(plan: Plan, build_dir: Path) -> Iterator[None]:
    """If what the variants run on goes away, still write the report of what is finished."""
    try:
        yield
    except WorkersGone:
        make_outputs(plan, build_dir)
        raise


def execute(
    workspace: Workspace,
    todo: Sequence[Variant],
    request: Request,
    budget: float | None = None,
    failed: dict[str, Reason] | None = None,
) -> dict[str, Reason]:
    """Run the variants ``todo`` as far as ``budget`` seconds allow; those that failed, with their reasons.

    They are added to ``failed``.
    """
    failed = {} if failed is None else failed
    if not todo:
        say("every variant is up to date")
        return failed
    refuse_occupied(workspace.build_dir, todo)
    from runner.commands.batch import run_variants

    build_dir = workspace.build_dir
    write_lock(build_dir)
    failed.update(run_variants(workspace, todo, request, render, budget))
    note_awaited(build_dir, unrecorded(failed, build_dir), settled=failed)
    return failed


def refuse_occupied(build_dir: Path, variants: Sequence[Variant]) -> None:
    """Raise InputError for what somebody else put where the variants are to be, before any is trained."""
    for name in (variant.name for variant in variants):
        folders = (folder(build_dir, name) for folder in (result_folder, work_folder, checkpoint_folder))
        work = work_folder(build_dir, name)
        for path in folders:
            found = kind(path, build_dir)
            if found is not None and (found != "folder" or (path == work and not made.has(build_dir, path))):
                what = "stands in the place of a folder of this program's, which did not make it"
                raise InputError(what, where=str(path), hint=REMOVE_IT)


def forget_attempts(build_dir: Path, variants: Sequence[Variant]) -> None:
    """Let the variants begin afresh; what an interrupted run left of them is kept until they got as far."""
    from runner.results import attempts

    for variant in variants:
        attempts.set_aside(checkpoint_folder(build_dir, variant.name))


def forget_failures(build_dir: Path, states: Sequence[VariantState]) -> None:
    """Drop the records of attempts with other inputs than those that finished variants have now."""
    for state in states:
        if state.status == "done":
            remove_file(result_folder(build_dir, state.variant.name) / FAILURE_FILE, build_dir)


def select(
    workspace: Workspace, states: Sequence[VariantState], request: Request, only: Sequence[str]
) -> list[Variant]:
    """The variants to run; raises InputError when one of ``only`` lacks what it needs."""
    if not only:
        return [s.variant for s in states if request.force or s.status != "done"]
    chosen = [s.variant for s in states if s.variant.name in only]
    for variant in chosen:
        lacking = [n for n in variant.needs if n not in workspace.finished and n not in only]
        if lacking:
            hint = f"python -m runner run {' '.join(lacking)} {variant.name}"
            raise InputError(f"'{variant.name}' needs {', '.join(lacking)}", hint=hint)
    return chosen


def unrecorded(failed: Mapping[str, Reason], build_dir: Path) -> dict[str, Reason]:
    """The reasons of what failed without having been run, for want of what it needs."""
    return {n: r for n, r in failed.items() if read_failure(result_folder(build_dir, n)) is None}


def refuse_other_profile(plan: Plan, build_dir: Path, force: bool) -> None:
    """Raise InputError rather than overwrite the results of another profile."""
    if force:
        return
    for variant in plan.variants:
        folder = result_folder(build_dir, variant.name)
        if read_failure(folder) is not None:
            continue  # a later attempt, whose profile was not refused
        try:
            profile = read_result(folder).result.profile
        except RunnerError:
            continue
        if profile != plan.profile:
            raise InputError(
                f"the build folder holds results of profile '{profile}', not '{plan.profile}'",
                where=str(build_dir),
                hint=f"use another folder (--build-dir build-{plan.profile}), or --force to overwrite them",
            )


def make_ready(plan: Plan, build_dir: Path, todo: Sequence[Variant], request: Request) -> None:
    """Have at hand, and tried, what is needed before an hour of training and after it.

    Data that were given are looked at first; they are fetched only where a report could be printed.
    """
    from runner.commands.rehearsal import rehearse_page

    local = request.scheduler is None  # the workers of a cluster have their own data
    if local and request.source is not None:
        obtain_data(todo, request.source)
    if todo:
        rehearse_page(plan, build_dir)
    if local and request.source is None:
        obtain_data(todo, None)


def obtain_data(variants: Sequence[Variant], source: str | None) -> None:
    """Have every data set of this program that the variants read at hand before anything starts."""
    wanted = {(v.practice, name) for v in variants for name in data_sets_of(v.practice, v.parameters)}
    for practice, name in sorted(wanted):
        if (found := practice_of(practice)) is not None:
            found.obtain(name, source, say)
