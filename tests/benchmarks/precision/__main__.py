"""Runs what is missing of the study, a training a process, and writes docs/precision.md.

    python -m tests.benchmarks.precision --seeds 10
    python -m tests.benchmarks.precision --only baseline --only batch-256 --seeds 2
    python -m tests.benchmarks.precision --seeds 10 --most 4     # four trainings, then the page
    python -m tests.benchmarks.precision --seeds 0               # the page alone

Interrupted, the same command goes on with the trainings that are missing.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import click
import psutil

from runner.errors import InputError
from runner.machine.bfloat16 import lack_of_bfloat16
from runner.practice.data.sources import ensure
from tests.benchmarks.machine import described
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.precision.page import write_page
from tests.benchmarks.precision.records import (
    MOST_SEEDS,
    VARIANTS,
    Measured,
    Profile,
    Trained,
    keep,
    read,
    wanted,
)

MODULE = "tests.benchmarks.precision.training"


@click.command(help="Trains each variant in float32 and in bfloat16, and writes docs/precision.md.")
@click.option("--seeds", type=click.IntRange(0, MOST_SEEDS), default=10, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(VARIANTS), help="This variant; repeat for several.")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--most", type=click.IntRange(1), help="So many trainings now, the others another time.")
def main(seeds: int, only: tuple[str, ...], profile: Profile, most: int | None) -> None:
    missing = [each for each in wanted(profile, only or VARIANTS, seeds) if read(each) is None]
    if missing and (lack := lack_of_bfloat16()):
        raise InputError(lack, hint="a study of bfloat16 needs a machine that has it")
    if missing:
        ensure("cifar10")
    for each in missing[:most]:
        keep(each, train(each))
        print(" ".join(map(str, each)), file=sys.stderr, flush=True)
    print(f"wrote {write_page()}", file=sys.stderr)


def train(training: Trained) -> Measured:
    """One training in a process of its own, with the variables of a kernel."""
    parameters = training.parameters().model_dump_json()
    found = json.loads(in_own_process(MODULE, parameters, precision=training.precision))
    now, load = datetime.now(UTC).date().isoformat(), round(psutil.getloadavg()[0], 2)
    return Measured(**found, date=now, machine=described(), load=load)


if __name__ == "__main__":
    main()
