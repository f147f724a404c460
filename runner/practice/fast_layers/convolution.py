"""Convolutions that a training computes in bfloat16, and biases that wait for the max-pooling."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from runner.practice.fast_layers.passing import Uncast
from runner.practice.precision import FLOAT32, training_numbers

SHORT = 8  # pixels of a row; in longer ones oneDNN's gradient of a kernel is the faster one
TOGETHER = 64  # filters whose gradient is computed at once; of more, what it needs leaves the cache


class Conv2D(Uncast, keras.layers.Conv2D):  # type: ignore[misc]  # Keras has no types
    """Keras's own of stride 1; images (b, height, width, channels) to maps (b, height, width, filters)."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The maps, in the numbers of the training: images, kernel and bias are rounded to them."""
        numbers = training_numbers(training)
        if numbers == FLOAT32:
            return super().call(inputs)
        images, kernel = tf.cast(inputs, numbers), tf.cast(self.kernel.value, numbers)
        if self.padding == "same" and inputs.shape[2] < SHORT:
            maps = convolved(images, kernel)
        else:
            maps = tf.nn.conv2d(images, kernel, 1, self.padding.upper())
        return tf.nn.bias_add(maps, tf.cast(self.bias.value, numbers)) if self.use_bias else maps


def convolved(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Maps (b, height, width, filters) of images (b, height, width, channels) with a zero border."""

    def with_gradient(
        x: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            by_images = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(x),
                filter=weights,
                out_backprop=upstream,
                strides=[1, 1, 1, 1],
                padding="SAME",
            )
            return by_images, kernel_gradient(x, upstream, weights.shape[0])

        return tf.nn.conv2d(x, weights, 1, "SAME"), gradients

    return tf.custom_gradient(with_gradient)(images, kernel)


def kernel_gradient(images: tf.Tensor, upstream: tf.Tensor, side: int) -> tf.Tensor:
    """The gradient by a kernel (side, side, channels, filters), as a convolution of its own.

    Of ``images`` (b, height, width, channels) each channel becomes an image and the batch its channels;
    ``upstream`` (b, height, width, filters), the gradient by the maps, becomes the kernel. oneDNN's own sums
    over one row of pixels at a time, which for short rows leaves most of what AMX multiplies empty.
    """
    turned, border = tf.transpose(images, [3, 1, 2, 0]), [side // 2, side // 2]
    kernel = tf.transpose(upstream, [1, 2, 0, 3])
    parts = [
        tf.nn.conv2d(turned, kernel[..., first : first + TOGETHER], 1, [[0, 0], border, border, [0, 0]])
        for first in range(0, upstream.shape[3], TOGETHER)
    ]
    return tf.transpose(tf.concat(parts, axis=3), [1, 2, 0, 3])


class Bias(Uncast):
    """Adds a trained number to each channel; any shape (..., channels).

    Apart from its convolution, so that max-pooling can come between them: the maximum of shifted values is
    the shifted maximum, and the rest of the values need no bias and no gradient of it.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """One bias for each channel, zero at first as Keras's."""
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="bias")

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """``values`` and the bias, in the numbers of ``values``."""
        return tf.nn.bias_add(values, tf.cast(self.bias.value, values.dtype))
