"""What ``all`` takes beyond training and evaluation, worked out from a finished build's records.

A record has the wall time of its notebook, and the seconds of training and validation; how long the cell took
that evaluates the three sets is in the executed notebook. What is left of the notebook's time is overhead:
starting the kernel, reading data, drawing, saving, publishing. To it comes the time of ``all`` while no
notebook runs at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import nbformat

from runner.errors import RunnerError
from runner.plan.variants import DEFAULT_PLAN
from runner.results.finished import read_result
from runner.results.records import Result, Training
from tests.benchmarks.harness import Bench, Case, Line, ready
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.small_plan import write_small
from tests.benchmarks.summary import median, spread
from tests.benchmarks.workers import CORES

TITLE = "overhead"
SECONDS, SHARE = 3.0, 0.02
RECORDS = "records of a full build"
EVALUATES = "measure.measure("


def cases(bench: Bench) -> Iterator[Case]:
    """A whole smoke run each round; the full profile's build, if one is given, is read once."""
    yield Case("smoke", partial(ready, {"ours": partial(smoke, bench)}))
    if "full" in bench.builds:
        side = partial(from_records, bench.builds["full"], bench.build_seconds)
        yield Case(RECORDS, partial(ready, {"ours": side}), {"ours": 1})


def smoke(bench: Bench, number: int) -> Measurement:
    """``all`` from an empty folder."""
    plan = write_small(bench.folder / "plan") if bench.small else DEFAULT_PLAN
    build_dir = bench.folder / "build-smoke"
    shutil.rmtree(build_dir, ignore_errors=True)
    command = runner("all", "--profile", "smoke", "--plan", plan, "--build-dir", build_dir)
    wall = run(command, bench.folder / "ours.log")["seconds"]
    return from_records(build_dir, wall, number)


def from_records(build_dir: Path, wall: float | None, number: int) -> Measurement:
    """Overhead per trained variant, and of the whole run as a share of the processor's time.

    Where the run's ``wall`` seconds are not known, those without a notebook are left out.
    """
    records = read_records(build_dir)
    trained = [r for r in records if r.training is not None and not r.training.interruptions]
    beyond = [r.wall_seconds - working(r.training, build_dir, r.variant) for r in trained if r.training]
    ran = covered([(r.started, r.finished) for r in records])
    whole = wall or ran
    idle = whole - ran
    threads = [r.training.environment.threads for r in trained if r.training]
    spent = sum(b * n for b, n in zip(beyond, threads, strict=True)) + idle * CORES
    return {
        "seconds": whole,
        "per_variant": median(beyond),
        "variants": len(trained),
        "outside": idle,
        "share": spent / (whole * CORES),
    }


def read_records(build_dir: Path) -> list[Result]:
    """All finished variants' records."""
    found = []
    for folder in sorted((build_dir / "results").iterdir()):
        try:
            found.append(read_result(folder).result)
        except RunnerError:
            continue  # a failure, which says nothing of a variant that ends well
    return found


def working(training: Training, build_dir: Path, variant: str) -> float:
    """Seconds of training, validation and evaluation."""
    notebook = nbformat.read(build_dir / "notebooks" / f"{variant}.ipynb", as_version=4)
    cells = [c for c in notebook.cells if c.cell_type == "code" and EVALUATES in c.source]
    evaluation = sum(float(cell.metadata["papermill"]["duration"]) for cell in cells)
    return training.timing.train_seconds + training.timing.validation_seconds + evaluation


def covered(spans: Sequence[tuple[datetime, datetime]]) -> float:
    """Seconds during which at least one notebook ran."""
    total, end = 0.0, None
    for start, stop in sorted(spans):
        begin = start if end is None or start > end else end
        total += max(0.0, (stop - begin).total_seconds())
        end = stop if end is None else max(end, stop)
    return total


def lines(raw: Raw) -> list[Line]:
    """Seconds a variant, and the share of the whole."""
    found = []
    for case in raw.cases:
        each, share = raw.values(case, "ours", "per_variant"), raw.values(case, "ours", "share")
        outside, whole = median(raw.values(case, "ours", "outside")), median(raw.values(case, "ours"))
        variants = raw.values(case, "ours", "variants")[-1]
        note = f"median of {variants:.0f} trained variants."
        told = spread(each, unit=" s")
        found.append(Line(f"{case}, a variant", f"{SECONDS:.0f} s", told, median(each) <= SECONDS, note))
        target = f"{SHARE:.0%}" if case == RECORDS else ""
        met = median(share) <= SHARE if target else None
        idle = (
            f"{outside:.0f} of {whole:.0f} s with no notebook running" if outside else "within notebooks only"
        )
        note = f"of the processor's time; {idle}."
        told = spread([100 * s for s in share], 1, " %")
        found.append(Line(f"{case}, of the run", target, told, met, note))
    return found
