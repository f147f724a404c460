"""The whole job from an empty folder: ours, and the same variants in plain notebooks by other tools.

The full profile takes hours: ours is a run that was timed, theirs are worked out from a run with one epoch
of each variant and one with two, on a fifth of the images. What the second takes longer is a fifth of an
epoch; no tool loses time between epochs, and the one that works on all cores is taken to lose none at the
end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from runner.plan.variants import DEFAULT_PLAN
from tests.benchmarks.data_files import data_file
from tests.benchmarks.harness import Bench, Case, Line, Sides, ready
from tests.benchmarks.others import LOOP, Jobs, available, build, prepare
from tests.benchmarks.plain_notebooks import trainings, write_training
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.small_plan import write_small
from tests.benchmarks.summary import median, ratios, spread
from tests.benchmarks.workers import CORES

TITLE = "the whole job"
FULL = "full"
TARGETS = {"smoke": 3.0, "quick": 1.6}
DATA = {"smoke": "digits", "quick": "cifar10", FULL: "cifar10"}
FULL_TOOLS = ("snakemake",)  # one that works on all cores will do
FULL_IMAGES, PART = 50_000, 5  # of which theirs are worked out from one part
FULL_MINUTES = 28  # with bfloat16 in hardware; 45 without
TOOL_ROUNDS = {"smoke": 2, "quick": 1}  # they take as long as the loop, and are no target


def cases(bench: Bench) -> Iterator[Case]:
    """The two draft profiles; the full one, if a timed run of it is given."""
    for profile in ("smoke",) if bench.small else ("smoke", "quick"):
        fewer = dict.fromkeys(available(bench.tools), TOOL_ROUNDS[profile])
        yield Case(profile, partial(opened, bench, profile), fewer)
    if bench.build_seconds is not None:
        sides = {tool: partial(worked_out, bench, tool) for tool in (LOOP, *full_tools(bench))}
        yield Case(FULL, partial(ready, {"ours": partial(timed, bench.build_seconds), **sides}), once(sides))


def full_tools(bench: Bench) -> list[str]:
    """Those that are timed for the full profile, of those installed."""
    return [tool for tool in available(bench.tools) if tool in FULL_TOOLS]


def once(sides: Mapping[str, Any]) -> dict[str, int]:
    """One round of each: what was timed before does not change, the others take half an hour."""
    return dict.fromkeys(("ours", *sides), 1)


def timed(seconds: float, number: int) -> Measurement:
    """A run of the full profile that was timed by the clock."""
    return {"seconds": seconds}


def worked_out(bench: Bench, tool: str, number: int) -> Measurement:
    """Seconds that a tool would take for all epochs, from those for one and for two short ones of each."""
    plan = write_small(bench.folder / "plan") if bench.small else DEFAULT_PLAN
    jobs = plain_jobs(bench.folder / FULL, FULL, plan)
    wanted = {name: given["p"]["epochs"] for name, given in jobs.parameters.items()}
    walls, notebooks = [], []
    for epochs in (1, 2):
        few = replace(jobs, parameters={n: limited(given, epochs) for n, given in jobs.parameters.items()})
        prepare(few)
        walls.append(build(tool, few, bench.tools, bench.folder / f"{tool}.log")["seconds"])
        notebooks.append({name: duration(few.folder / "out" / f"{name}.ipynb") for name in wanted})
    epoch = {name: max(notebooks[1][name] - notebooks[0][name], 0.0) for name in wanted}
    more = sum((wanted[name] * PART - 1) * epoch[name] for name in wanted)
    at_once = 1 if tool == LOOP else CORES
    return {"seconds": walls[0] + more / at_once, "one_epoch": walls[0], "two_epochs": walls[1]}


def limited(given: Mapping[str, Any], epochs: int) -> dict[str, Any]:
    """A notebook's parameters with so many epochs of a part of the images."""
    return {**given, "p": {**given["p"], "epochs": epochs, "train_limit": FULL_IMAGES // PART}}


def duration(path: Path) -> float:
    """Seconds that papermill took for a notebook."""
    return float(nbformat.read(path, as_version=4).metadata["papermill"]["duration"])


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
        if profile == FULL:
            found.append(full_line(raw))
        own = f"ours {median(raw.values(profile, 'ours')):.0f} s"
        for tool in sorted({side for each in raw.rounds(profile) for side in each} - {"ours"}):
            times = ratios(raw, profile, tool, "ours")
            target = TARGETS.get(profile) if tool == LOOP else None
            note = f"{own}, {tool} {median(raw.values(profile, tool)):.0f} s."
            if tool == LOOP:
                note += " Theirs: the trainings and HTML only; ours: five notebooks more, report and hand-in."
            if profile == FULL:
                note += (
                    f" Theirs worked out from one and two epochs of each variant on 1/{PART} of the images;"
                    " ours timed as a whole."
                )
            met = None if target is None else median(times) >= target
            what = f"{profile}, {'papermill loop and nbconvert' if tool == LOOP else tool}"
            found.append(Line(what, f"{target}x" if target else "", spread(times, unit="x"), met, note))
    return found


def full_line(raw: Raw) -> Line:
    """Minutes of ours for the full profile."""
    minutes = median(raw.values(FULL, "ours")) / 60
    note = f"One run; the target is {FULL_MINUTES} min with bfloat16 in hardware, and 45 min without."
    return Line("full, ours", f"{FULL_MINUTES} min", f"{minutes:.1f} min", minutes <= FULL_MINUTES, note)
