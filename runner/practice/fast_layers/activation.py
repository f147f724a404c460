"""GELU in one pass over the images each way."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from runner.practice.fast_layers.one_pass import in_one_pass
from runner.practice.fast_layers.passing import Uncast
from runner.practice.precision import FLOAT32, training_numbers


class Activation(Uncast, keras.layers.Activation):  # type: ignore[misc]  # Keras has no types
    """Keras's own, which passes on bfloat16; GELU of this module's. Any shape."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The function's values."""
        if self.activation is keras.activations.gelu:
            return gelu(inputs, training_numbers(training))
        return super().call(inputs)


def gelu(values: tf.Tensor, numbers: str = FLOAT32) -> tf.Tensor:
    """Each value times the share of a standard normal distribution that lies below it; any shape.

    Hendrycks and Gimpel 2016, arXiv:1606.08415, without the approximation by tanh. It is computed in
    float32, and given in ``numbers``.
    """

    def with_gradient(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return in_one_pass(gelu_values)(x, numbers), lambda upstream: in_one_pass(gelu_gradient)(x, upstream)

    return tf.custom_gradient(with_gradient)(values)


def gelu_values(x: tf.Tensor, numbers: str) -> tf.Tensor:
    """What ``gelu`` gives."""
    x = tf.cast(x, FLOAT32)
    return tf.cast(x * (0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5))), numbers)


def gelu_gradient(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    """``upstream`` times the derivative of ``gelu`` at ``x``, in the numbers of ``x``."""
    exact = tf.cast(x, FLOAT32)
    below = 0.5 + 0.5 * tf.math.erf(exact * math.sqrt(0.5))
    density = tf.exp(-0.5 * tf.square(exact)) * (1 / math.sqrt(2 * math.pi))
    return tf.cast(tf.cast(upstream, FLOAT32) * (below + exact * density), x.dtype)
