"""A second time: nothing to do, and only the look changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from runner.plan.variants import DEFAULT_PLAN
from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.others import Jobs, available, build, prepare
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.rows.whole import ours as build_ours
from tests.benchmarks.rows.whole import plain_jobs
from tests.benchmarks.small_plan import write_small
from tests.benchmarks.summary import median, spread

TITLE = "again"
NOTHING, LOOK = "nothing to do", "a template changed"
TARGETS = {NOTHING: 1.0, LOOK: 7.0}
PROFILE = "smoke"


def cases(bench: Bench) -> Iterator[Case]:
    """Both share what was made before, if an earlier call left it."""
    yield Case(NOTHING, partial(opened, bench, NOTHING))
    yield Case(LOOK, partial(opened, bench, LOOK))


@contextmanager
def opened(bench: Bench, case: str) -> Iterator[Sides]:
    """Everything is made once, unmeasured; then each side is asked again."""
    plan = write_small(bench.folder / "plan") if bench.small else DEFAULT_PLAN
    build_dir = bench.folder / f"build-{PROFILE}"
    if not (build_dir / "report.pdf").exists():
        build_ours(bench.folder, PROFILE, plan, 0)
    options = ("--profile", PROFILE, "--plan", plan, "--build-dir", build_dir)
    command = runner("all" if case == NOTHING else "report", *options)
    run(command, bench.folder / "ours.log")  # what a first time writes is written
    yield {
        "ours": lambda number: run(command, bench.folder / "ours.log"),
        **theirs(bench, case, plain_jobs(bench.folder / "plain", PROFILE, plan)),
    }


def theirs(bench: Bench, case: str, jobs: Jobs) -> Sides:
    """The tools once more; for a changed look, their pages are out of date and their notebooks are not.

    Ploomber makes page and notebook in one step: a new look costs it everything, and it is left out there.
    """
    tools = [t for t in available(bench.tools) if case == NOTHING or t != "ploomber"]
    folders = {tool: Jobs(bench.folder / tool, jobs.notebook, jobs.parameters) for tool in tools}

    def again(tool: str, number: int) -> Measurement:
        if case == LOOK:
            for page in folders[tool].folder.glob("out/*.html"):
                page.unlink()
        return build(tool, folders[tool], bench.tools, bench.folder / f"{tool}.log")

    for tool, own in folders.items():
        if not list(own.folder.glob("out/*.html")):
            prepare(own)
        build(tool, own, bench.tools, bench.folder / f"{tool}.log")
    sides: dict[str, partial[Measurement]] = {tool: partial(again, tool) for tool in tools}
    return sides


def lines(raw: Raw) -> list[Line]:
    """Seconds; a loop of papermill begins from nothing each time, as in the whole job."""
    found = []
    for case in raw.cases:
        others = sorted({side for each in raw.rounds(case) for side in each} - {"ours"})
        times = [f"{tool} {median(raw.values(case, tool)):.1f} s" for tool in others]
        target, seconds = TARGETS[case], raw.values(case, "ours")
        note = "; ".join([*times, "a papermill loop does everything again"]) + "."
        told = spread(seconds, unit=" s")
        found.append(Line(case, f"{target} s", told, median(seconds) <= target, note))
    return found
