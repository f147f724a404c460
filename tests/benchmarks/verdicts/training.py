"""Trainings of the study, one after the other in a process of their own, as the practice's notebook trains.

python -m tests.benchmarks.verdicts.training FOLDER baseline-1 twin-1 ...

Each leaves its record and its images' hits and losses in FOLDER before the next begins.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from runner.files import write_bytes, write_json
from runner.practice import measure
from tests.benchmarks.fitting import fit
from tests.benchmarks.machine import described
from tests.benchmarks.verdicts.records import SPLITS, Cases, Measured, Trained, packed


def main() -> None:
    """Train what is named."""
    folder = Path(sys.argv[1])
    for name in sys.argv[2:]:
        train(Trained.named(name), folder)
        print(name, file=sys.stderr, flush=True)
    print("done")


def train(training: Trained, folder: Path) -> None:
    """Train, and leave the arrays and then the record."""
    p = training.parameters()
    done = fit(p, training.first_weights)
    new = measure.evaluate_new(done.model, done.dataset, done.split)
    arrays = new.predictions.arrays
    cases = {}
    for split in SPLITS:
        predicted = arrays[f"{split}_probabilities"].argmax(axis=1)
        hits = predicted == arrays[f"{split}_labels"]
        cases[split] = Cases(hits, arrays[f"{split}_cross_entropy"])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **packed(cases))  # type: ignore[arg-type]  # a stub takes them for options
    write_bytes(training.arrays(folder), buffer.getvalue())
    measured = Measured(
        seed=p.seed,
        first_weights=training.first_weights,
        filters=p.filters,
        train_images=len(done.split.train),
        validation_images=new.validation.images,
        test_images=new.test.images,
        epochs=p.epochs,
        validation_accuracy=new.validation.accuracy,
        validation_cross_entropy=new.validation.cross_entropy,
        test_accuracy=new.test.accuracy,
        test_cross_entropy=new.test.cross_entropy,
        date=datetime.now(UTC).date().isoformat(),
        machine=described(),
    )
    write_json(training.record(folder), measured)


if __name__ == "__main__":
    main()
