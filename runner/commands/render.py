"""The ``report`` command, and the end of the others: report, notebook and page made from what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from runner.build_folder import REPORT_FILE, held
from runner.commands.foreign_code import say_whose_code
from runner.commands.passphrase import identity_of
from runner.commands.request import Request, open_plan_here, remember, say
from runner.errors import InputError, RunnerError
from runner.execute.state import save_indices
from runner.execute.task import recover
from runner.faults import telling
from runner.file_index import save_program
from runner.gate import kind
from runner.plan.variants import TEMPLATES, Plan
from runner.processes.garbage import no_collection
from runner.report.characters import refuse_unprintable
from runner.report.signing import Identity


def make_outputs(plan: Plan, build_dir: Path, identity: Identity | None = None) -> None:
    """Write report, notebook to hand in and page, unless they are what a rendering would give now.

    With an ``identity``, they are made in any case: whether a report is signed by it is not known.
    """
    from runner.report.freshness import outdated

    if identity is not None or outdated(plan, build_dir):
        render(plan, build_dir, identity)
    else:
        say(f"{build_dir / REPORT_FILE} is up to date")
    save_indices(build_dir)


def render(plan: Plan, build_dir: Path, identity: Identity | None = None) -> None:
    """Load what is there and write notebook and report, signed by ``identity``; all of them, or none."""
    from runner.analysis.kept_statistics import remembering
    from runner.analysis.loading import load_study
    from runner.report import render as report
    from runner.report.freshness import former_page, inputs, note, page_inputs
    from runner.report.handin import write_handin
    from runner.report.handin_page import write_html
    from runner.report.program import keep_program

    start, page_from = perf_counter(), ""
    handin = build_dir / plan.outputs.handin
    with telling(say), keeping_former(plan, build_dir), remembering(), report.helpers() as helping:
        if plan.practice:
            keep_program(build_dir)
        with no_collection():
            made_from = inputs(plan, build_dir)
            study = load_study(plan, build_dir)

        def write_notebook(notebook: Path, page: Path) -> None:
            nonlocal page_from
            write_handin(study, plan.handin, build_dir, notebook)
            page_from = page_inputs(plan, notebook, made_from)
            if former := former_page(plan, build_dir, page_from):
                page.write_bytes(former)
            else:
                write_html(notebook, page, (plan.templates, TEMPLATES))

        others = handin, build_dir / plan.outputs.page
        read = report.render_with(
            helping, study, plan, build_dir, plan.templates, others, write_notebook, identity
        )
        note(plan, build_dir, made_from, read, page_from)
        save_program()
    say(f"wrote {build_dir / REPORT_FILE} and {handin} in {perf_counter() - start:.1f} s")
    if identity is not None:
        say(f"signed by {identity.name}")


@contextmanager
def keeping_former(plan: Plan, build_dir: Path) -> Iterator[None]:
    """Say, where rendering fails, that there are still the report and the others that were made before."""
    try:
        yield
    except (RunnerError, OSError):
        there = [name for name in plan.outputs.rendered if kind(build_dir / name, build_dir) is not None]
        if there:
            say(f"{', '.join(there)} in {build_dir} stay as they were")
        raise


def render_only(request: Request) -> int:
    """The ``report`` command."""
    plan = open_plan_here(request)
    refuse_unprintable(plan)
    identity = identity_of(request)
    if not request.build_dir.is_dir():
        raise InputError("no such folder", where=str(request.build_dir), hint="run 'all' first")
    build_dir = request.build_dir.resolve()
    with held(build_dir, request.wait, say):
        say_whose_code(plan.path, plan.templates, notebooks=False)
        recover(build_dir)
        remember(plan, build_dir)
        render(plan, build_dir, identity)
        save_indices(build_dir)
    return 0
