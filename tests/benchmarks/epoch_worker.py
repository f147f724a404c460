"""One training in a process of its own, an epoch whenever a line arrives: ours, or plain Keras's.

    python -m tests.benchmarks.epoch_worker ours|plain '{"parameters": ..., "threads": 2, "peak": true}'

It is one ``fit`` that waits before each epoch, so that what a training pays once is not paid again in each
round. The first epoch is the warm-up. With ``final`` nothing waits, and the test set is evaluated at the end.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import keras
import numpy as np
import tensorflow as tf

from runner.practice import checkpoints, flops, precision, training
from runner.practice import model as cnn
from runner.practice.data import sets
from runner.practice.parameters import Parameters
from tests.benchmarks import plain_keras
from tests.benchmarks.data_files import data_file


class Gate(keras.callbacks.Callback):
    """Waits for a line before each epoch but the first, and tells afterwards what it took."""

    def __init__(self, orders: IO[str], answers: IO[str], more: Any = dict) -> None:
        super().__init__()
        self.orders, self.answers, self.more = orders, answers, more

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if epoch and not self.orders.readline():
            os._exit(0)  # nobody wants another epoch
        self.found = self.more() if epoch else {}
        self.start = perf_counter()

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self.split = perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        end = perf_counter()
        took = {"seconds": end - self.start, "train_seconds": self.split - self.start}
        print(json.dumps(took | self.found), file=self.answers, flush=True)


def main() -> None:
    """Train as told; answers go to standard output, what Keras prints to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    order = json.loads(sys.argv[2])
    p = Parameters.model_validate_json(json.dumps(order["parameters"]))
    gates = [] if order.get("final") else [Gate(sys.stdin, answers, peak if order.get("peak") else dict)]
    keras.config.set_dtype_policy(order.get("policy", "float32"))
    train = {"ours": train_ours, "plain": train_plain}[sys.argv[1]]
    if order.get("seeded"):
        keras.utils.set_random_seed(p.seed)
    started = perf_counter()
    accuracy, entropy = train(p, order.get("threads"), gates)
    found = {"seconds": perf_counter() - started, "accuracy": accuracy, "cross_entropy": entropy}
    print(json.dumps(found), file=answers, flush=True)


def train_ours(p: Parameters, threads: int | None, gates: list[Gate]) -> tuple[float, float]:
    """As the practice's notebook does it, checkpoints and progress file included."""
    training.prepare(p, threads or os.cpu_count() or 1)
    dataset = sets.load(p.dataset)
    split = sets.split(
        dataset.y_train, validation_fraction=p.validation_fraction, limit=p.train_limit or None, seed=p.seed
    )
    x, y = dataset.x_train[split.train], dataset.y_train[split.train]
    model = cnn.build_model(p)
    training.initialise(model, p, x)
    training.compile_model(model, p, len(x))
    if gates:
        note_flops(model, len(x), gates[0])
    steps, clock = training.steps_per_epoch(len(x), p.batch_size), training.EpochClock()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = checkpoints.EpochCheckpoint(model, clock, Path(folder) / "checkpoint", "benchmark")
        progress = training.ProgressFile(Path(folder) / "progress.json", steps, p.epochs)
        model.fit(
            training.training_batches(x, y, p),
            epochs=p.epochs,
            steps_per_epoch=steps,
            validation_data=training.evaluation_batches(
                dataset.x_train[split.validation], dataset.y_train[split.validation]
            ),
            callbacks=[
                clock,
                keras.callbacks.TerminateOnNaN(),
                progress,
                checkpoint,
                *gates,
            ],
            verbose=2,
        )
    probabilities = model.predict(training.evaluation_batches(dataset.x_test, dataset.y_test), verbose=0)
    return scores(probabilities, dataset.y_test)


def train_plain(p: Parameters, threads: int | None, gates: list[Gate]) -> tuple[float, float]:
    """``fit`` on NumPy arrays with ``validation_split``; everything else Keras's defaults.

    One line an epoch is printed in place of the progress bar, whose cost is thus left out.
    """
    parameters = p.model_dump(mode="json")
    with tempfile.TemporaryDirectory() as folder:
        x, y, x_test, y_test = plain_keras.load_data(data_file(p.dataset, Path(folder)), p.train_limit)
    model = plain_keras.build_model(parameters)
    images = len(x) - int(len(x) * p.validation_fraction)
    plain_keras.compile_model(model, parameters, p.epochs * training.steps_per_epoch(images, p.batch_size))
    model.fit(
        x,
        y,
        batch_size=p.batch_size,
        epochs=p.epochs,
        validation_split=p.validation_fraction,
        callbacks=gates,
        verbose=2,
    )
    return scores(model.predict(x_test, verbose=0), y_test.argmax(axis=1))


def scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy and cross-entropy (nats)."""
    true = np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1)
    return float((probabilities.argmax(axis=1) == labels).mean()), float(-np.log(true).mean())


def peak() -> dict[str, float]:
    """GFLOP/s of a large matrix product in the training's precision, with its threads, right now."""
    found = bfloat16_gflops() if precision.is_bfloat16() else flops.peak_gflops()
    return {"peak_gflops": found} | FLOPS


def bfloat16_gflops(seconds: float = 1.0) -> float:
    """As ``flops.peak_gflops``, of matrices that are in bfloat16 before and after."""
    side = flops.PEAK_SIDE
    matrix = tf.cast(tf.random.stateless_uniform((side, side), (0, 0)), tf.bfloat16)
    product = tf.function(lambda: (matrix @ matrix)[0, 0])
    float(product())
    start, count = perf_counter(), 0
    while perf_counter() - start < seconds:
        float(product())
        count += 1
    return count * 2 * side**3 / (perf_counter() - start) / 1e9


FLOPS: dict[str, float] = {}  # of one epoch's training


def note_flops(model: keras.Model, images: int, gate: Gate) -> None:
    """Count the operations of an epoch's training, if its rate is wanted."""
    if gate.more is peak:
        FLOPS["train_flops"] = float(images * flops.training_flops_per_image(model))


if __name__ == "__main__":
    main()
