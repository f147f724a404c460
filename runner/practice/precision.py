"""Training in bfloat16: TensorFlow's rewrite of the graph, and where it is in force.

Weights, loss, normalisation and the optimizer stay in float32; convolutions, their gradients and matrix
products of a training step go to bfloat16. What is evaluated, within the training and after it, is computed
in float32, so that curves and tables agree, and the same weights give the same predictions everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
import tensorflow as tf

from runner.practice import BFLOAT16

REWRITE = "auto_mixed_precision_onednn_bfloat16"


def is_bfloat16() -> bool:
    """Whether this kernel was asked to train in bfloat16."""
    return os.environ.get(BFLOAT16) == "1"


def train_as_asked() -> None:
    """Switch the rewrite on if it was asked for; otherwise TensorFlow is left as it is."""
    if is_bfloat16():
        _rewrite(True)


def _rewrite(on: bool) -> None:
    tf.config.optimizer.set_experimental_options({REWRITE: on})


@contextmanager
def in_float32() -> Iterator[None]:
    """A block that computes in float32, whatever the training does."""
    if is_bfloat16():
        _rewrite(False)
    try:
        yield
    finally:
        train_as_asked()


class Float32Validation(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Validation within a training is computed in float32."""

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Switch the rewrite off."""
        if is_bfloat16():
            _rewrite(False)

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Train on as asked."""
        train_as_asked()
