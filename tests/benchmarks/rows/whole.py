"""The whole job from an empty folder: ours, and the same variants in plain notebooks by other tools."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from runner.plan.variants import DEFAULT_PLAN
from tests.benchmarks.data_files import data_file
from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.others import LOOP, Jobs, available, build, prepare
from tests.benchmarks.plain_notebooks import trainings, write_training
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.small_plan import write_small
from tests.benchmarks.summary import median, ratios, spread

TITLE = "the whole job"
TARGETS = {"smoke": 3.0, "quick": 1.6}
DATA = {"smoke": "digits", "quick": "cifar10"}
TOOL_ROUNDS = {"smoke": 2, "quick": 1}  # they take as long as the loop, and are no target


def cases(bench: Bench) -> Iterator[Case]:
    """The two draft profiles."""
    for profile in ("smoke",) if bench.small else ("smoke", "quick"):
        fewer = dict.fromkeys(available(bench.tools), TOOL_ROUNDS[profile])
        yield Case(profile, partial(opened, bench, profile), fewer)


@contextmanager
def opened(bench: Bench, profile: str) -> Iterator[Sides]:
    """Ours makes the report, the hand-in notebook and 5 notebooks more; theirs train and make HTML."""
    plan = write_small(bench.folder / "plan") if bench.small else DEFAULT_PLAN
    jobs = plain_jobs(bench.folder / profile, profile, plan)

    def theirs(tool: str, number: int) -> Measurement:
        prepare(jobs)
        return build(tool, jobs, bench.tools, bench.folder / f"{tool}.log")

    tools = (LOOP, *available(bench.tools))
    sides: dict[str, partial[Measurement]] = {tool: partial(theirs, tool) for tool in tools}
    yield {"ours": partial(ours, bench.folder, profile, plan), **sides}


def ours(folder: Path, profile: str, plan: Path, number: int) -> Measurement:
    """``all`` into an empty build folder, which is left for those who want a finished one."""
    build_dir = folder / f"build-{profile}"
    shutil.rmtree(build_dir, ignore_errors=True)
    command = runner("all", "--profile", profile, "--plan", plan, "--build-dir", build_dir)
    return run(command, folder / "ours.log")


def plain_jobs(folder: Path, profile: str, plan: Path) -> Jobs:
    """The plan's trainings as plain notebooks."""
    (folder / "source").mkdir(parents=True, exist_ok=True)
    notebook = write_training(folder / "source" / "plain.ipynb")
    data = data_file(DATA[profile], folder / "source")
    return Jobs(folder / "jobs", notebook, trainings(profile, data, plan))


def lines(raw: Raw) -> list[Line]:
    """Each tool's time over ours."""
    found = []
    for profile in raw.cases:
        own = f"ours {median(raw.values(profile, 'ours')):.0f} s"
        for tool in sorted({side for each in raw.rounds(profile) for side in each} - {"ours"}):
            times = ratios(raw, profile, tool, "ours")
            target = TARGETS[profile] if tool == LOOP else None
            note = f"{own}, {tool} {median(raw.values(profile, tool)):.0f} s."
            if tool == LOOP:
                note += " Theirs: the trainings and HTML only; ours: five notebooks more, report and hand-in."
            met = None if target is None else median(times) >= target
            what = f"{profile}, {'papermill loop and nbconvert' if tool == LOOP else tool}"
            found.append(Line(what, f"{target}x" if target else "", spread(times, unit="x"), met, note))
    return found
