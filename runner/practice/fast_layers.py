"""Layers that compute what Keras's own do in fewer passes over the images: 5 to 15 % of a step.

They are for training only: ``model.standard_model`` makes the network that Keras alone can load.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf


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
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=tf.constant([], tf.float32),
            variance=tf.constant([], tf.float32),
            epsilon=self.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), variance.dtype)
        biased = variance * ((count - 1) / count)  # the operation gives the unbiased one, Keras keeps this
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        self.moving_variance.assign(self.moving_variance * self.momentum + biased * (1 - self.momentum))
        return outputs


def gelu(values: tf.Tensor) -> tf.Tensor:
    """Each value times the share of a standard normal distribution that lies below it; any shape.

    Hendrycks and Gimpel 2016, arXiv:1606.08415, without the approximation by tanh. The gradient takes up
    the share that was computed on the way forward.
    """

    def forward(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        below = 0.5 * tf.math.erfc(x * -math.sqrt(0.5))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            density = tf.exp(-0.5 * tf.square(x)) * (1 / math.sqrt(2 * math.pi))
            return upstream * (below + x * density)

        return x * below, gradient

    return tf.custom_gradient(forward)(values)
