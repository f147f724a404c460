"""``plan`` and ``report`` on made-up builds of more and more finished variants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.harness import Bench, Case, Line, ready
from tests.benchmarks.many_finished import make
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.summary import median, spread

TITLE = "many finished variants"
COUNTS = (10, 100, 1000, 10_000)


def cases(bench: Bench) -> Iterator[Case]:
    """The command ``plan``, then ``report``, by number of variants."""
    counts = (5, 20) if bench.small else COUNTS
    for command in ("plan", "report"):
        sides = {f"{count} variants": partial(command_on, bench.folder, command, count) for count in counts}
        yield Case(command, partial(ready, sides))


def command_on(folder: Path, command: str, count: int, number: int) -> Measurement:
    """The whole process; the build folder is made first, if it is not there."""
    plan, build_dir = make(folder / str(count), count)
    words = runner(command, "--plan", plan, "--build-dir", build_dir)
    measured = dict(run(words, folder / f"{command}.log"))
    if command == "report":
        measured["pdf_megabytes"] = (build_dir / "report.pdf").stat().st_size / 2**20
    return measured


def lines(raw: Raw) -> list[Line]:
    """Seconds and memory by number of variants."""
    found = []
    for command in raw.cases:
        for side in raw.rounds(command)[0]:
            note = f"{median(raw.values(command, side, 'megabytes')):.0f} MB of memory"
            if command == "report":
                note += f", PDF of {median(raw.values(command, side, 'pdf_megabytes')):.1f} MB"
            told = spread(raw.values(command, side), unit=" s")
            found.append(Line(f"`{command}`, {side}", "", told, None, f"{note}."))
    return found
