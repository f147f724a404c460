"""The commands' stages: plan, data, execution, report. What the command line calls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from runner import PROJECT_ROOT
from runner.awaited import note_awaited, pending
from runner.characters import refuse_unprintable
from runner.durations import parse_duration
from runner.errors import InputError, RunnerError, WorkersGone
from runner.faults import telling
from runner.holding import LOCK_FILE, held
from runner.lock import write_lock
from runner.plan import TEMPLATES, Plan, Variant
from runner.request import MADE, RUN_FILE, Request, load_plan, refuse_sources, remember, say
from runner.results import read_failure, read_result

if TYPE_CHECKING:
    from runner.state import Workspace


def run_everything(request: Request, only: Sequence[str] = ()) -> int:
    """Run what is not up to date (or ``only`` these), then write notebook and report.

    Returns 0, also if a time budget left something out, or 1 if a variant failed.
    """
    from runner.rehearsal import rehearse_page
    from runner.seed_search import Search, is_due, time_limit
    from runner.state import Workspace

    began = monotonic()
    budget = None if request.budget is None else parse_duration(request.budget)
    plan = load_plan(request)
    refuse_unprintable(plan)
    limit = time_limit(budget, plan.seeds)
    for name in only:
        plan.get(name)
    build_dir = request.build_dir.resolve()
    with held(build_dir, request.wait, say), saying_failures() as failed, telling(say):
        refuse_other_profile(plan, build_dir, request.force)
        workspace = Workspace(plan, build_dir)
        todo = select(workspace, request, only)
        if todo:
            rehearse_page(plan, build_dir)  # before an hour of training, not after it
        remember(plan, build_dir)
        if request.scheduler is None:  # the workers of a cluster have their own
            obtain_data(todo, request.source)
        if request.force:
            forget_attempts(build_dir, todo)
        fresh = note_awaited(build_dir, pending(v.name for v in todo), settled=workspace.finished)
        with reporting_loss(plan, build_dir):
            execute(workspace, todo, request, budget, failed)
            if not only and is_due(plan.seeds, bool(request.seeds or request.budget)):
                search = Search(plan, build_dir, limit, lambda p: remember(p, build_dir), say, began)
                plan, more = search.run(lambda space, new: execute(space, new, request))
                failed.update(more)
        make_outputs(plan, build_dir, fresh=fresh or bool(todo))
    return 1 if failed else 0


@contextmanager
def saying_failures() -> Iterator[dict[str, str]]:
    """A place for the failed variants and their reasons, said last, whatever else goes wrong."""
    failed: dict[str, str] = {}
    try:
        yield failed
    finally:
        for name, reason in failed.items():
            say(f"failed: {name}: {reason}")


@contextmanager
def reporting_loss(plan: Plan, build_dir: Path) -> Iterator[None]:
    """If what the variants run on goes away, still write the report of what is finished."""
    try:
        yield
    except WorkersGone:
        make_outputs(plan, build_dir, fresh=True)
        raise


def execute(
    workspace: Workspace,
    todo: Sequence[Variant],
    request: Request,
    budget: float | None = None,
    failed: dict[str, str] | None = None,
) -> dict[str, str]:
    """Run the variants ``todo`` as far as ``budget`` seconds allow; those that failed, with their reasons.

    They are added to ``failed``.
    """
    failed = {} if failed is None else failed
    if not todo:
        say("every variant is up to date")
        return failed
    from runner.batch import run_variants

    build_dir = workspace.build_dir
    write_lock(build_dir)
    failed.update(run_variants(workspace, todo, request, render, budget))
    note_awaited(build_dir, unrecorded(failed, build_dir), settled=failed)
    return failed


def forget_attempts(build_dir: Path, variants: Sequence[Variant]) -> None:
    """Let the variants begin afresh, whatever an interrupted run left of them."""
    from runner import attempts

    for variant in variants:
        attempts.forget(build_dir / attempts.CHECKPOINTS / variant.name)


def select(workspace: Any, request: Request, only: Sequence[str]) -> list[Variant]:
    """The variants to run; raises InputError when one of ``only`` lacks what it needs."""
    states = workspace.states()
    if not only:
        return [s.variant for s in states if request.force or s.status != "done"]
    chosen = [s.variant for s in states if s.variant.name in only]
    for variant in chosen:
        lacking = [n for n in variant.needs if n not in workspace.finished and n not in only]
        if lacking:
            hint = f"python -m runner run {' '.join(lacking)} {variant.name}"
            raise InputError(f"'{variant.name}' needs {', '.join(lacking)}", hint=hint)
    return chosen


def unrecorded(failed: Mapping[str, str], build_dir: Path) -> dict[str, str]:
    """The reasons of what failed without having been run, for want of what it needs."""
    return {n: r for n, r in failed.items() if read_failure(build_dir / "results" / n) is None}


def refuse_other_profile(plan: Plan, build_dir: Path, force: bool) -> None:
    """Raise InputError rather than overwrite the results of another profile."""
    if force:
        return
    for variant in plan.variants:
        try:
            profile = read_result(build_dir / "results" / variant.name).result.profile
        except RunnerError:
            continue
        if profile != plan.profile:
            raise InputError(
                f"the build folder holds results of profile '{profile}', not '{plan.profile}'",
                where=str(build_dir),
                hint=f"use another folder (--build-dir build-{plan.profile}), or --force to overwrite them",
            )


def obtain_data(variants: Sequence[Variant], source: str | None) -> None:
    """Have every data set of the variants at hand before anything starts."""
    from runner import sources

    names = {str(v.parameters["dataset"]) for v in variants if "dataset" in v.parameters}
    for name in sorted(names):
        sources.ensure(name, source, say)


def make_outputs(plan: Plan, build_dir: Path, fresh: bool) -> None:
    """Write the notebook to hand in and the report, unless both are newer than all they show."""
    made = [build_dir / name for name in ("report.pdf", "practica5.ipynb", "practica5.html")]
    if not fresh and all(path.exists() for path in made):
        oldest = min(path.stat().st_mtime for path in made)
        if newest(plan, build_dir) < oldest:
            say(f"{made[0]} is up to date")
            return
    render(plan, build_dir)


def newest(plan: Plan, build_dir: Path) -> float:
    """Time of the last change to anything that the report shows."""
    paths = [plan.path, build_dir / RUN_FILE, *(build_dir / "results").glob("*/*.json")]
    paths += (p for p in plan.templates.rglob("*") if p.is_file())
    paths += (PROJECT_ROOT / "runner").glob("*.py")
    return max(p.stat().st_mtime for p in paths)


def render(plan: Plan, build_dir: Path) -> None:
    """Load what is there and write notebook and report."""
    from runner import report
    from runner.handin import write_handin
    from runner.handin_html import write_html
    from runner.loading import load_study

    start = perf_counter()
    handin = build_dir / "practica5.ipynb"
    with telling(say), report.helpers() as helping:
        study = load_study(plan, build_dir)

        def write_notebook() -> None:
            write_handin(study, plan.handin, build_dir, handin)
            write_html(handin, handin.with_suffix(".html"), (plan.templates, TEMPLATES))

        pdf = report.render_with(helping, study, plan, build_dir, plan.templates, meanwhile=write_notebook)
    say(f"wrote {pdf} and {handin} in {perf_counter() - start:.1f} s")


def render_only(request: Request) -> int:
    """The ``report`` command."""
    plan = load_plan(request)
    refuse_unprintable(plan)
    if not request.build_dir.is_dir():
        raise InputError("no such folder", where=str(request.build_dir), hint="run 'all' first")
    build_dir = request.build_dir.resolve()
    with held(build_dir, request.wait, say):
        remember(plan, build_dir)
        render(plan, build_dir)
    return 0


def clean_build(request: Request, yes: bool) -> int:
    """Remove what the runner made in the build folder, and the folder if nothing else is in it."""
    import click

    refuse_sources(request)
    build_dir = request.build_dir
    there = [build_dir / name for name in MADE if (build_dir / name).exists()]
    if not there:
        say(f"nothing to remove in {build_dir}")
        return 0
    if not yes:
        click.confirm(f"Remove {', '.join(p.name for p in there)} from {build_dir}?", abort=True)
    with held(build_dir, request.wait, say):
        for path in there:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (build_dir / LOCK_FILE).unlink(missing_ok=True)
    if not any(build_dir.iterdir()):
        build_dir.rmdir()
    return 0
