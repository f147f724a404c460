"""The benchmarks: measures the rows that lack rounds, then writes the table from all that was measured.

    python -m tests.benchmarks                            every row, 5 rounds
    python -m tests.benchmarks --only training --rounds 7 one row
    python -m tests.benchmarks --only table               only the table, from what is there

Interrupted, it goes on where it stopped. ``--afresh`` forgets the rounds of the rows that are measured.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from runner import PROJECT_ROOT
from tests.benchmarks.harness import Bench, measure
from tests.benchmarks.raw import RAW, Raw
from tests.benchmarks.rows import ROWS, load_row
from tests.benchmarks.scaling_page import PAGE, write_page
from tests.benchmarks.table import RESULTS, write_table

TABLE = "table"


def say(text: str) -> None:
    """News, on standard error."""
    print(text, file=sys.stderr, flush=True)


@click.command(help="Measures the rows that lack rounds, then writes the table from all that was measured.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Rounds of each case.")
@click.option(
    "--only", "chosen", multiple=True, type=click.Choice((*ROWS, TABLE)), help="Only this row; repeatable."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=PROJECT_ROOT / "build-bench",
    show_default="build-bench",
    help="Work files.",
)
@click.option(
    "--build",
    "full_build",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A finished build of the full profile, for the overhead.",
)
@click.option("--build-seconds", type=float, help="How long the run took that made it, by the clock.")
@click.option(
    "--tools",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="BENCH_TOOLS",
    help="The bin folder of an environment with ploomber and snakemake.",
)
@click.option("--small", is_flag=True, help="Smallest sizes, to try the benchmarks out: no results.")
@click.option("--afresh", is_flag=True, help="Forget the rounds of these rows.")
def main(
    rounds: int,
    chosen: tuple[str, ...],
    folder: Path,
    full_build: Path | None,
    build_seconds: float | None,
    tools: Path | None,
    small: bool,
    afresh: bool,
) -> None:
    folder = folder.resolve()
    kept = folder / "raw" if small else RAW
    raws = {name: Raw(kept / f"{name}.json") for name in ROWS}
    say(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in [n for n in ROWS if not chosen or n in chosen]:
        if afresh:
            raws[name].path.unlink(missing_ok=True)
            shutil.rmtree(folder / "work" / name, ignore_errors=True)
            raws[name] = Raw(raws[name].path)
        work = folder / "work" / name
        work.mkdir(parents=True, exist_ok=True)
        builds = {"full": full_build.resolve()} if full_build else {}
        programs = tools.resolve() if tools else None
        bench = Bench(work, rounds, small, builds, programs, build_seconds)
        row = load_row(name)
        say(f"== {name}: {row.TITLE}")
        measure(row.cases(bench), raws[name], rounds, say)
    if not small:
        write_table(raws, RESULTS)
        say(f"wrote {RESULTS}")
        if write_page(raws, PAGE):
            say(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
