"""Runs what is missing of the study, a training a process, and writes docs/cpu-speedrun.md.

    python -m tests.benchmarks.speedrun --seeds 2 --published TORCH/bin/python
    python -m tests.benchmarks.speedrun --seeds 2 --only recipe --epochs 10
    python -m tests.benchmarks.speedrun --seeds 0                # the page alone

The machine must have nothing else to do. Interrupted, the same command goes on with the trainings that are
missing. TORCH is an environment with ``torch`` and ``airbench``, as tests/benchmarks/README.md says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import psutil

from runner.machine.bfloat16 import lack_of_bfloat16
from runner.plan.records import PrecisionName
from runner.practice.data import sets
from runner.practice.data.sources import ensure
from runner.practice.parameters import Parameters
from tests.benchmarks.machine import described
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.speedrun.page import write_page
from tests.benchmarks.speedrun.records import EPOCHS, OWN, RECIPES, Measured, Trained, keep, read, wanted

MODULE = "tests.benchmarks.speedrun.training"
SCRIPT = Path(__file__).with_name("published.py")
THREADS = 2


@click.command(help="Trains each recipe for several numbers of epochs, and writes docs/cpu-speedrun.md.")
@click.option("--seeds", type=click.IntRange(0, 50), default=2, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(RECIPES), help="This recipe; repeat for several.")
@click.option("--epochs", multiple=True, type=click.Choice(EPOCHS), help="So many; repeat for several.")
@click.option("--published", type=click.Path(exists=True, dir_okay=False), help="A Python with airbench.")
@click.option("--most", type=click.IntRange(1), help="So many trainings now, the others another time.")
def main(
    seeds: int, only: tuple[str, ...], epochs: tuple[int, ...], published: str | None, most: int | None
) -> None:
    recipes = only or (RECIPES if published else OWN)
    missing = [each for each in wanted(recipes, epochs or EPOCHS, seeds) if read(each) is None]
    if missing:
        ensure("cifar10")
    for each in missing[:most]:
        keep(each, train(each, published))
        print(" ".join(map(str, each)), file=sys.stderr, flush=True)
    print(f"wrote {write_page()}", file=sys.stderr)


def train(training: Trained, published: str | None) -> Measured:
    """One training in a process of its own; bfloat16 where the processor has it."""
    precision: PrecisionName = "float32" if lack_of_bfloat16() else "bfloat16"
    load = round(psutil.getloadavg()[0], 2)
    if training.recipe in OWN:
        parameters = Parameters.model_validate(training.parameters(), strict=False).model_dump_json()
        line = in_own_process(MODULE, parameters, str(THREADS), precision=precision, threads=THREADS)
    elif published is None:
        raise click.UsageError(f"{training.recipe} needs --published")
    else:
        line = elsewhere(training, published, precision)
    today = datetime.now(UTC).date().isoformat()
    return Measured(**json.loads(line), precision=precision, date=today, machine=described(), load=load)


def elsewhere(training: Trained, python: str, precision: PrecisionName) -> str:
    """The answer of a published recipe's training by another Python, on the images that ours get."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sets.npz"
        write_sets(training, path)
        words = [
            str(path),
            training.recipe,
            str(training.epochs),
            str(training.seed),
            str(THREADS),
            precision,
        ]
        done = subprocess.run([python, str(SCRIPT), *words], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def write_sets(training: Trained, path: Path) -> None:
    """The same three sets as a training of ours with this seed has."""
    p = Parameters.model_validate(training.parameters(), strict=False)
    data = sets.load(p.dataset)
    split = sets.split(
        data.y_train, validation_fraction=p.validation_fraction, limit=p.train_limit or None, seed=p.seed
    )
    parts = {
        "train": (data.x_train[split.train], data.y_train[split.train]),
        "validation": (data.x_train[split.validation], data.y_train[split.validation]),
        "test": (data.x_test, data.y_test),
    }
    arrays = {
        f"{part}_{kind}": array
        for part, pair in parts.items()
        for kind, array in zip(("images", "labels"), pair, strict=True)
    }
    np.savez(path, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
