"""One training of a recipe of ours in a process of its own, as the practice's notebook trains.

python -m tests.benchmarks.speedrun.training PARAMETERS THREADS

The precision is in the environment, as it is for a kernel; the answer is the last line of standard output.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

from runner.practice import measure
from runner.practice.parameters import Parameters
from tests.benchmarks.fitting import fit, loaded


def main() -> None:
    """Train, and say what came of it."""
    p, threads = Parameters.model_validate_json(sys.argv[1]), int(sys.argv[2])
    loaded(p.dataset)
    start = time.perf_counter()
    done = fit(p, threads=threads)
    seconds = time.perf_counter() - start - sum(done.clock.validation)
    new = measure.evaluate_new(done.model, done.dataset, done.split)
    found = {
        "validation": new.validation.accuracy,
        "test": new.test.accuracy,
        "seconds": seconds,
        "megaflops": measure.summarise_model(done.model).flops_per_image / 1e6,
        "train_images": len(done.split.train),
        "software": ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras")),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
