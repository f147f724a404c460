"""The scaling of maps by one number each."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from runner.practice.fast_layers.one_pass import in_one_pass
from runner.practice.fast_layers.passing import Uncast


class Scaling(Uncast):
    """Maps (b, height, width, channels) times numbers (b, 1, 1, channels), as ``keras.layers.Multiply``."""

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """The scaled maps, in the numbers that the maps are in."""
        maps, scale = inputs
        return tf.multiply(maps, scale) if maps.dtype == scale.dtype else scaled(maps, scale)


def scaled(maps: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """``maps`` times ``scale``; what the gradient by ``scale`` (float32) sums up it sums up in float32."""

    def with_gradient(
        x: tf.Tensor, factor: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            by_factor = tf.reduce_sum(
                in_one_pass(product)(x, upstream, "float32"), axis=[1, 2], keepdims=True
            )
            return in_one_pass(product)(upstream, factor, x.dtype.name), by_factor

        return in_one_pass(product)(x, factor, x.dtype.name), gradients

    return tf.custom_gradient(with_gradient)(maps, scale)


def product(one: tf.Tensor, other: tf.Tensor, numbers: str) -> tf.Tensor:
    """Of two tensors, computed in float32 and given in ``numbers``."""
    return tf.cast(tf.cast(one, tf.float32) * tf.cast(other, tf.float32), numbers)
