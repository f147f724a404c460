"""Layers that compute what Keras's own do in fewer passes over the images, which take most of a step's time.

They are for training only: ``model.standard_model`` makes the network that Keras alone can load.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import keras
import tensorflow as tf

BLOCK = 16  # oneDNN's batch normalisation in bfloat16 is slow unless channels come in such blocks
_one_by_one = ContextVar("one_by_one", default=False)


class Bias(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Adds a trained number to each channel; any shape (..., channels).

    Apart from its convolution, so that max-pooling can come between them: the maximum of shifted values is
    the shifted maximum, and the rest of the values need no bias and no gradient of it.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """One bias for each channel, zero at first as Keras's."""
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="bias")

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """``values`` and the bias."""
        return tf.nn.bias_add(values, self.bias.value)


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Keras's batch normalisation of images (b, height, width, channels), in one operation while training."""

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalise, and let the moving mean and variance follow the batch's."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        normalise = normalised if inputs.shape[-1] % BLOCK == 0 else normalised_in_float32
        outputs, mean, variance = normalise(inputs, self.gamma.value, self.beta.value, self.epsilon)
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), variance.dtype)
        biased = variance * ((count - 1) / count)  # the operation gives the unbiased one, Keras keeps this
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        self.moving_variance.assign(self.moving_variance * self.momentum + biased * (1 - self.momentum))
        return outputs


def normalised(
    images: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """``images`` (b, height, width, channels) normalised; their mean and unbiased variance (channels,)."""
    unused = tf.constant([], tf.float32)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images,
        scale=scale,
        offset=offset,
        mean=unused,
        variance=unused,
        epsilon=epsilon,
        is_training=True,
    )
    return outputs, mean, variance


# A function that is not inlined keeps its numbers when those of the graph around it become bfloat16.
normalised_in_float32 = tf.function(normalised, autograph=False, experimental_attributes={"_noinline": True})


def gelu(values: tf.Tensor) -> tf.Tensor:
    """Each value times the share of a standard normal distribution that lies below it; any shape.

    Hendrycks and Gimpel 2016, arXiv:1606.08415, without the approximation by tanh.
    """

    def with_gradient(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return in_one_pass(gelu_values)(x), lambda upstream: in_one_pass(gelu_gradient)(x, upstream)

    return tf.custom_gradient(with_gradient)(values)


def gelu_values(x: tf.Tensor) -> tf.Tensor:
    """What ``gelu`` gives."""
    return x * (0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5)))


def gelu_gradient(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    """``upstream`` times the derivative of ``gelu`` at ``x``."""
    below = 0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5))
    density = tf.exp(-0.5 * tf.square(x)) * (1 / math.sqrt(2 * math.pi))
    return upstream * (below + x * density)


def in_one_pass(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """``function`` of numbers, in one pass over them; as it is where TensorFlow has no compiler.

    One pass for each operation takes four times as long, and longer than a convolution in bfloat16.
    """
    return _compiled(function) if has_compiler() and not _one_by_one.get() else function


@contextmanager
def one_by_one() -> Iterator[None]:
    """Within it graphs show each operation, for those who count them."""
    token = _one_by_one.set(True)
    try:
        yield
    finally:
        _one_by_one.reset(token)


@cache
def _compiled(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    found: Callable[..., tf.Tensor] = tf.function(function, jit_compile=True, autograph=False)
    return found


@cache
def has_compiler() -> bool:
    """Whether this TensorFlow can compile functions for the device that it computes on.

    Not on every system, and for a GPU only where CUDA's own library of functions is found.
    """
    with tf.init_scope():
        try:
            tf.function(gelu_gradient, jit_compile=True, autograph=False)(tf.zeros(1), tf.zeros(1))
        except tf.errors.OpError:
            return False
    return True
