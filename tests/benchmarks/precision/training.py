"""One training of the study in a process of its own, as the practice's notebook trains.

python -m tests.benchmarks.precision.training PARAMETERS

The precision is in the environment, as it is for a kernel; the answer is the last line of standard output.
"""

from __future__ import annotations

import json
import sys

from runner.practice import measure, training
from runner.practice import model as cnn
from runner.practice.data import sets
from runner.practice.parameters import Parameters
from runner.practice.precision import Float32Validation

THREADS = 1


def main() -> None:
    """Train, and say what came of it."""
    p = Parameters.model_validate_json(sys.argv[1])
    training.prepare(p, THREADS)
    dataset = sets.load(p.dataset)
    split = sets.split(
        dataset.y_train, validation_fraction=p.validation_fraction, limit=p.train_limit or None, seed=p.seed
    )
    x, y = dataset.x_train[split.train], dataset.y_train[split.train]
    shown = training.evaluation_batches(dataset.x_train[split.validation], dataset.y_train[split.validation])
    model = cnn.build_model(p)
    training.initialise(model, p, x)
    training.compile_model(model, p, len(x))
    clock = training.EpochClock()
    model.fit(
        training.training_batches(x, y, p),
        epochs=p.epochs,
        steps_per_epoch=training.steps_per_epoch(len(x), p.batch_size),
        validation_data=shown,
        callbacks=[clock, Float32Validation()],
        verbose=0,
    )
    scores, *_ = measure.evaluate(model, dataset.x_test, dataset.y_test)
    found = {
        "accuracy": scores.accuracy,
        "cross_entropy": scores.cross_entropy,
        "epoch_seconds": measure.timing(clock, len(x)).epoch_seconds,
        "train_images": len(x),
        "epochs": p.epochs,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
