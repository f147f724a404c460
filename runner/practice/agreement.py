"""Whether a network written in plain Keras is the one that the program trains: measured, not claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from runner.practice import training
from runner.practice.model import build_model
from runner.practice.parameters import CLASSES, Parameters
from runner.practice.precision import in_float32

CHANGES_NO_DIGIT = True  # of a training: see code_closure
IMAGES = 64


@dataclass(frozen=True)
class Agreement:
    """Two networks with the same weights: of plain Keras first, then the program's.

    ``outputs`` is the largest difference of probabilities; ``weights`` is the share of weights that one step
    of training from there leaves alike: no further apart than ``STEP`` of the largest change in their
    variable. It need not be all of them: Adam divides a gradient by its own size, so that one which is
    nothing but rounding moves its weight as far as any other, and either way.
    """

    OUTPUTS: ClassVar[float] = 1e-5  # that they may differ: single precision, and other orders of summation
    LOSSES: ClassVar[float] = 1e-4
    STEP: ClassVar[float] = 1e-3
    WEIGHTS: ClassVar[float] = 0.95

    parameters: tuple[int, int]
    losses: tuple[float, float]
    outputs: float
    weights: float

    @property
    def same(self) -> bool:
        """Whether all is the same, but for rounding."""
        plain, program = self.losses
        return (
            self.parameters[0] == self.parameters[1]
            and self.outputs < self.OUTPUTS
            and abs(plain - program) < self.LOSSES * max(1.0, abs(program))
            and self.weights > self.WEIGHTS
        )


def agreement(model: keras.Model, p: Parameters, images: np.ndarray, labels: np.ndarray) -> Agreement:
    """Compare ``model``, compiled, with the network that ``p`` stands for in the program.

    ``images`` are bytes (n, 32, 32, 3), of which the first ones are taken, ``labels`` integers (n,). Both are
    given the weights of ``model``, and it has them again afterwards. Raises ValueError for a model whose
    weights have other shapes.
    """
    x = training.normalise(images[:IMAGES])
    y = keras.utils.to_categorical(labels[:IMAGES], CLASSES)
    weights = model.get_weights()
    keras.utils.set_random_seed(p.seed)  # the same dropout in both, if there is any
    program = build_model(p)
    program.set_weights(weights)
    steps = p.epochs * training.steps_per_epoch(p.train_images, p.batch_size)
    program.compile(optimizer=training.make_optimizer(p, steps), loss=training.make_loss(p))
    outputs = keras.ops.max(keras.ops.abs(model(x, training=False) - program(x, training=False)))
    with in_float32():
        losses = _loss(model, x, y), _loss(program, x, y)
    after = model.get_weights(), program.get_weights()
    model.set_weights(weights)
    return Agreement(
        parameters=(model.count_params(), program.count_params()),
        losses=losses,
        outputs=float(outputs),
        weights=_alike(*after, weights),
    )


def _loss(network: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """That of one step of training, which it makes; for one alone no graph is worth its building."""
    network.run_eagerly = True
    loss = float(np.ravel(network.train_on_batch(x, y))[0])
    network.run_eagerly, network.train_function = False, None
    return loss


def _alike(one: Sequence[np.ndarray], other: Sequence[np.ndarray], before: Sequence[np.ndarray]) -> float:
    """The share of weights that moved alike; those of a variable that is not trained must not move at all."""
    alike = [
        np.abs(a - b) <= Agreement.STEP * np.abs(b - old).max()
        for a, b, old in zip(one, other, before, strict=True)
    ]
    return float(np.mean(np.concatenate([each.ravel() for each in alike])))
