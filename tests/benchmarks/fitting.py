"""One training as the practice's notebook trains, for studies that need many of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import keras

from runner.practice import model as cnn
from runner.practice import training
from runner.practice.data import sets
from runner.practice.parameters import Parameters
from tests.benchmarks.own_process import THREADS


@dataclass(frozen=True)
class Fitted:
    """A model with its final weights, what it was trained on, and how long its epochs took."""

    model: keras.Model
    dataset: sets.Dataset
    split: sets.Split
    clock: training.EpochClock


@cache
def loaded(name: str) -> sets.Dataset:
    """The data set, read once in a process."""
    return sets.load(name)


def fit(p: Parameters, first_weights: int | None = None, threads: int = THREADS) -> Fitted:
    """Train; images and batches are of the seed of ``p``, and first weights unless they have their own."""
    keras.backend.clear_session()  # what was trained before in this process leaves memory
    start = p.seed if first_weights is None else first_weights
    training.prepare(p.model_copy(update={"seed": start}), threads)
    dataset = loaded(p.dataset)
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
        callbacks=[clock],
        verbose=0,
    )
    return Fitted(model, dataset, split, clock)
