"""What the program takes before it does anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

from runner.plan.variants import DEFAULT_PLAN
from tests.benchmarks.harness import Bench, Case, Line, Side, ready
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Raw
from tests.benchmarks.rows.whole import ours as build_ours
from tests.benchmarks.small_plan import write_small
from tests.benchmarks.summary import median, spread

TITLE = "startup"
PROFILE = "smoke"
TARGETS = {"all, nothing to do": 1.0, "report": 6.0}


def cases(bench: Bench) -> Iterator[Case]:
    """The commands in turn, on one finished build; Python alone for comparison."""
    plan = write_small(bench.folder / "plan") if bench.small else DEFAULT_PLAN
    build_dir = bench.folder / f"build-{PROFILE}"
    if not (build_dir / "report.pdf").exists():
        build_ours(bench.folder, PROFILE, plan, 0)
    options = ("--profile", PROFILE, "--plan", plan, "--build-dir", build_dir)
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "--help": runner("--help"),
        "plan": runner("plan", *options),
        "all, nothing to do": runner("all", *options),
        "report": runner("report", *options),
    }
    run(commands["report"], bench.folder / "ours.log")

    def side(name: str) -> Side:
        return lambda number: run(commands[name], bench.folder / "ours.log")

    yield Case("commands", partial(ready, {name: side(name) for name in commands}))


def lines(raw: Raw) -> list[Line]:
    """Seconds of each."""
    found = []
    for name in raw.rounds("commands")[0]:
        seconds, target = raw.values("commands", name), TARGETS.get(name)
        met = None if target is None else median(seconds) <= target
        note = f"{median(raw.values('commands', name, 'megabytes')):.0f} MB."
        found.append(Line(name, f"{target} s" if target else "", spread(seconds, unit=" s"), met, note))
    return found
