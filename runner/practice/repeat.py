"""Trains the beginning of a run twice, in two processes, and says whether every bit came out the same.

``python -m runner.practice.repeat IN.json OUT.npz`` is one of the two processes.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runner.errors import RunnerError
from runner.practice.parameters import Parameters
from runner.processes.callers import end_with_caller

VALIDATION_IMAGES = 500
LABEL = "batches_sha256"
NUMBERED = 8  # cases whose order is looked at


def twice(parameters: Mapping[str, Any], batches: int, threads: int) -> dict[str, Any]:
    """How far two trainings of the first ``batches`` batches agree (see ``differences``).

    Raises RunnerError with the last words of one that fails.
    """
    with tempfile.TemporaryDirectory(prefix="repeat-") as folder:
        given = Path(folder) / "in.json"
        given.write_text(
            json.dumps({"parameters": dict(parameters), "batches": batches, "threads": threads}),
            encoding="utf-8",
        )
        runs = []
        for number in ("1", "2"):
            left = Path(folder) / f"{number}.npz"
            command = [sys.executable, "-P", "-m", "runner.practice.repeat", str(given), str(left)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
                raise RunnerError(f"a repeated training failed: {said[0]}")
            with np.load(left, allow_pickle=False) as arrays:
                runs.append(dict(arrays))
    return {"batches": int(runs[0].pop("batches")), "threads": threads} | differences(*runs)


def differences(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, Any]:
    """Numbers compared, how many differ in any bit, and the largest difference of each kind.

    ``one`` and ``other`` hold ``metrics`` (calls, 3), ``probabilities`` (n, 10), ``weight...`` of any shape,
    and the hash of the batches.
    """
    names = sorted(one.keys() - {LABEL, "batches"})
    unlike = {name: int((_bits(one[name]) != _bits(other[name])).sum()) for name in names}
    far = {name: float(np.abs(one[name].astype(float) - other[name]).max(initial=0.0)) for name in names}
    same_batches = str(one[LABEL]) == str(other[LABEL])
    different = sum(unlike.values())
    return {
        "compared": sum(one[name].size for name in names),
        "different": different,
        "identical": different == 0 and same_batches,
        "same_batches": same_batches,
        "largest_metric": far["metrics"],
        "largest_probability": far["probabilities"],
        "largest_weight": max(far[name] for name in names if name.startswith("weight")),
    }


def _bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).view(f"u{array.itemsize}")


def begin(p: Parameters, batches: int, threads: int) -> dict[str, np.ndarray]:
    """Train about the first ``batches`` batches of a run as it is trained; what came of them.

    Their number is rounded down to whole calls of the training function.
    """
    import keras

    from runner.practice import model as cnn
    from runner.practice import training
    from runner.practice.data import sets

    training.prepare(p, threads)
    dataset = sets.load(p.dataset)
    split = sets.split(
        dataset.y_train, validation_fraction=p.validation_fraction, limit=p.train_limit or None, seed=p.seed
    )
    x, y = dataset.x_train[split.train], dataset.y_train[split.train]
    model = cnn.build_model(p)
    training.initialise(model, p, x)
    training.compile_model(model, p, len(x))
    steps = training.steps_per_epoch(len(x), p.batch_size)
    call = training.steps_per_call(steps, p.batch_size)
    batches = min(max(batches // call, 1), steps // call) * call
    seen: list[list[float]] = []

    class Keep(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        """Keeps the metrics of every call."""

        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            """Note them."""
            seen.append([float(value) for _, value in sorted((logs or {}).items())])

    feed = training.training_batches(x, y, p)
    model.fit(feed, epochs=1, steps_per_epoch=batches, callbacks=[Keep()], verbose=0)
    chosen = split.validation[:VALIDATION_IMAGES]
    shown = training.evaluation_batches(dataset.x_train[chosen], dataset.y_train[chosen])
    digest = hashlib.sha256()
    for images, labels in feed.take(batches):
        digest.update(images.numpy().tobytes() + labels.numpy().tobytes())
    return {
        "metrics": np.array(seen, dtype=np.float64),
        "probabilities": model.predict(shown, verbose=0),
        **{f"weight{place}": weight for place, weight in enumerate(model.get_weights())},
        "batches": np.array(batches),
        LABEL: np.array(digest.hexdigest()),
    }


def fit_orders(seed: int, epochs: int = 2) -> list[list[int]]:
    """The order in which ``fit(shuffle=True)`` gives cases numbered from 1, epoch by epoch, after a seed."""
    import keras

    seen: list[int] = []

    class Listener(keras.Model):  # type: ignore[misc]  # Keras has no types
        """Notes each case that it is given, and learns nothing."""

        def train_step(self, data: Any) -> dict[str, Any]:
            """Note the cases of a batch."""
            given = data[0] if isinstance(data, tuple | list) else data
            seen.extend(int(each) for each in keras.ops.convert_to_numpy(given).ravel())
            return {"loss": keras.ops.zeros(())}

    keras.utils.set_random_seed(seed)
    model = Listener()
    model.compile(run_eagerly=True)
    cases = np.arange(1, NUMBERED + 1, dtype=np.float32)[:, None]
    model.fit(cases, cases, batch_size=1, epochs=epochs, shuffle=True, verbose=0)
    return [seen[start : start + NUMBERED] for start in range(0, len(seen), NUMBERED)]


def main(given: Path, left: Path) -> None:
    """One of the two processes."""
    end_with_caller()
    asked = json.loads(given.read_text(encoding="utf-8"))
    p = Parameters.model_validate_json(json.dumps(asked["parameters"]))
    np.savez(left, **begin(p, asked["batches"], asked["threads"]))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
