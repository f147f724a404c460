"""Adam and AdamW with one TensorFlow operation for each variable's update.

Keras's own take a dozen, each of which passes over all the weights: with small batches, half of a step.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class OneOperation:
    """Replaces the update of Keras's Adam by the operation that computes the same formula.

    Kingma and Ba 2015, arXiv:1412.6980, with the order of computation that ends its section 2.
    """

    beta_1: float
    beta_2: float
    epsilon: float

    def update_step(self: Any, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Update ``variable`` and its two moments, all of one shape."""
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class Adam(OneOperation, keras.optimizers.Adam):  # type: ignore[misc]  # Keras has no types
    """Keras's Adam."""


class AdamW(OneOperation, keras.optimizers.AdamW):  # type: ignore[misc]  # Keras has no types
    """Keras's AdamW."""
