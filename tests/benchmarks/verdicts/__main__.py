"""Runs what is missing of the study and writes docs/verdicts.md.

    python -m tests.benchmarks.verdicts
    python -m tests.benchmarks.verdicts --most 4     # four trainings, and the page once none is missing
    python -m tests.benchmarks.verdicts --seeds 0    # the page of what is there

Interrupted, the same command goes on with the trainings that are missing.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

import click

from runner.practice.data.sources import ensure
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.verdicts.page import write_page
from tests.benchmarks.verdicts.rates import RATES, count, fingerprint, kept, read_rates
from tests.benchmarks.verdicts.records import KEPT, SEEDS, read, wanted

MODULE = "tests.benchmarks.verdicts.training"
OTHERS = ("autorank", "baycomp", "deepsig")


@click.command(help="Trains what is missing, counts the verdicts, and writes docs/verdicts.md.")
@click.option("--seeds", type=click.IntRange(0, SEEDS), default=SEEDS, show_default=True)
@click.option("--most", type=click.IntRange(1), help="So many trainings now, the others another time.")
def main(seeds: int, most: int | None) -> None:
    missing = [each.name for each in wanted(seeds) if read(each) is None]
    if missing:
        ensure("cifar10")
        KEPT.mkdir(parents=True, exist_ok=True)
        in_own_process(MODULE, str(KEPT), *missing[:most])
    left = missing[most:] if most else []
    print(write() if not left else f"{len(left)} trainings are missing", file=sys.stderr)


def write() -> str:
    """Count, unless it is done, and write the page; says so."""
    there = kept()
    if not there:
        raise click.ClickException(f"{KEPT}: there are no trainings")
    if not (KEPT / RATES).is_file() or read_rates().trainings != fingerprint(KEPT, list(there)):
        if lacks := [name for name in OTHERS if find_spec(name) is None]:
            raise click.ClickException(f"{', '.join(lacks)}: not installed; tox -e verdicts does it")
        count()
    return f"wrote {write_page()}"


if __name__ == "__main__":
    main()
