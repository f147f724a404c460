"""``plan`` and ``report`` on made-up builds of more and more finished variants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

from tests.benchmarks.harness import Bench, Case, Line, ready
from tests.benchmarks.many_finished import make
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.summary import median, spread

TITLE = "many finished variants"
COUNTS = (10, 100, 1000, 10_000)
TARGETS = {"plan": 5.0, "report": 15.0}  # seconds for the most variants
HASH, HASHED = "sha256", 64  # megabytes


def cases(bench: Bench) -> Iterator[Case]:
    """The command ``plan``, then ``report``, by number of variants; and how fast files are hashed.

    The made-up variants have no weights, the largest of a real one's files, which each command hashes.
    """
    counts = (5, 20) if bench.small else COUNTS
    for command in ("plan", "report"):
        sides = {f"{count} variants": partial(command_on, bench.folder, command, count) for count in counts}
        yield Case(command, partial(ready, sides))
    yield Case(HASH, partial(ready, {"file": partial(hashing, bench.folder)}))


def hashing(folder: Path, number: int) -> Measurement:
    """A file that is in the system's cache, as those of a run of minutes ago are."""
    path = folder / "hashed"
    path.write_bytes(bytes(HASHED * 2**20))
    start = perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256").hexdigest()
    return {"seconds": perf_counter() - start, "megabytes": HASHED}


def command_on(folder: Path, command: str, count: int, number: int) -> Measurement:
    """The whole process; the build folder is made first, if it is not there, and looked at once."""
    plan, build_dir = make(folder / str(count), count)
    words = runner(command, "--plan", plan, "--build-dir", build_dir)
    if number == 0:
        run(words, folder / f"{command}.log")
    measured = dict(run(words, folder / f"{command}.log"))
    if command == "report":
        measured["pdf_megabytes"] = (build_dir / "report.pdf").stat().st_size / 2**20
    return measured


def lines(raw: Raw) -> list[Line]:
    """Seconds and memory by number of variants."""
    found = []
    for command in (name for name in raw.cases if name != HASH):
        for side in raw.rounds(command)[0]:
            note = f"{median(raw.values(command, side, 'megabytes')):.0f} MB of memory"
            if command == "report":
                note += f", PDF of {median(raw.values(command, side, 'pdf_megabytes')):.1f} MB"
            seconds = raw.values(command, side)
            target = TARGETS[command] if side == f"{COUNTS[-1]} variants" else None
            met = None if target is None else median(seconds) <= target
            wanted = f"{target} s" if target else ""
            found.append(Line(f"`{command}`, {side}", wanted, spread(seconds, unit=" s"), met, f"{note}."))
    return found
