"""One training of the study in a process of its own, as the practice's notebook trains.

python -m tests.benchmarks.precision.training PARAMETERS

The precision is in the environment, as it is for a kernel; the answer is the last line of standard output.
"""

from __future__ import annotations

import json
import sys

from runner.practice import measure
from runner.practice.parameters import Parameters
from tests.benchmarks.fitting import fit


def main() -> None:
    """Train, and say what came of it."""
    p = Parameters.model_validate_json(sys.argv[1])
    done = fit(p)
    scores, *_ = measure.evaluate(done.model, done.dataset.x_test, done.dataset.y_test)
    images = len(done.split.train)
    found = {
        "accuracy": scores.accuracy,
        "cross_entropy": scores.cross_entropy,
        "epoch_seconds": measure.timing(done.clock, images).epoch_seconds,
        "train_images": images,
        "epochs": p.epochs,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
