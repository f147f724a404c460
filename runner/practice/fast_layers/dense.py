"""Dense layers that a training computes in bfloat16."""

from __future__ import annotations

import keras
import tensorflow as tf

from runner.practice.fast_layers.passing import Uncast
from runner.practice.precision import FLOAT32, training_numbers


class Dense(Uncast, keras.layers.Dense):  # type: ignore[misc]  # Keras has no types
    """Keras's own, with a bias; vectors (b, inputs) to (b, units)."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The product in the numbers of the training, the rest in float32."""
        numbers = training_numbers(training)
        if numbers == FLOAT32:
            return super().call(inputs)
        product = tf.cast(inputs, numbers) @ tf.cast(self.kernel.value, numbers)
        return self.activation(tf.cast(product, FLOAT32) + self.bias.value)
