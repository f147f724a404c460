"""A few real training steps of one variant, timed; runs in a process of its own, which has TensorFlow."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from runner.practice.parameters import CLASSES, IMAGE_SIDE, Parameters
from runner.processes.pool import end_with_parent

IMAGES = 4096  # made up: the seconds don't depend on what is in a picture
PREDICTED = 1000
TIMED_SECONDS = 1.0
CALL_IMAGES = 512  # at most, of one call; a training's has more, which would only take longer here


def time_steps(parameters: str, train_images: int, threads: int, sender: Connection) -> None:
    """Send the seconds for one image, to train and to predict, or in words what went wrong.

    ``parameters`` as JSON; ``train_images`` is how many the variant's epoch has. Ends with the worker that
    asked: a fork is no child of it, and would go on for nobody.
    """
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        sender.send(measure(Parameters.model_validate_json(parameters), train_images, threads))
    except Exception as error:  # the calibration is a help: without it the rough model serves
        sender.send(f"{type(error).__name__}: {error}")


def measure(p: Parameters, train_images: int, threads: int) -> tuple[float, float]:
    """Seconds for one image, to train and to predict, after a first call that compiles the graph."""
    from runner.practice import model as cnn
    from runner.practice import training

    training.prepare(p, threads)
    p, train_images = p.model_copy(update={"epochs": 10_000}), min(train_images, CALL_IMAGES)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, IMAGE_SIDE, IMAGE_SIDE, 3), dtype=np.uint8)
    labels = random.integers(0, CLASSES, IMAGES)
    model = cnn.build_model(p)
    training.compile_model(model, p, train_images)
    steps = training.steps_per_call(training.steps_per_epoch(train_images, p.batch_size), p.batch_size)
    endless = training.training_batches(images, labels, p)
    model.fit(endless, epochs=1, steps_per_epoch=steps, shuffle=False, verbose=0)
    batches = iter(endless)

    def train() -> None:
        logs: Mapping[str, Any] = model.train_function(batches)
        float(next(iter(logs.values())))  # waits for the computation's end

    def predict() -> None:
        model.predict(training.evaluation_batches(images[:PREDICTED], labels[:PREDICTED]), verbose=0)

    next(batches)  # the pipeline has started
    calls, train_seconds = _timed(train)
    predict()  # compiles
    passes, forward_seconds = _timed(predict)
    return train_seconds / (calls * steps * p.batch_size), forward_seconds / (passes * PREDICTED)


def _timed(action: Any) -> tuple[int, float]:
    """Repeat until ``TIMED_SECONDS`` have gone by; how often, and the seconds."""
    start, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < TIMED_SECONDS or not count:
        action()
        count += 1
    return count, elapsed
