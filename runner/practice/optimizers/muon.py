"""Muon for the kernels of convolutions, and SGD with Nesterov's momentum for all other weights."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

KERNEL_MOMENTUM = 0.6
ITERATIONS = 3  # as in that code: enough to bring most singular values near 1
COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of a polynomial that drives values in 0..1 to about 1


class Muon(keras.optimizers.SGD):  # type: ignore[misc]  # Keras has no types
    """Steps of a kernel are its momentum with all singular values at about 1, and its length is held.

    A kernel (height, width, inputs, filters) counts as a matrix of a row a filter; its length, the root of
    the sum of squares, is held at the root of ``filters``. ``kernel_rate`` is its learning rate over that of
    the other weights, ``bias_rate`` that of biases. Jordan and others 2024, "Muon: an optimizer for hidden
    layers in neural networks"; the held length is that of the code to Jordan
    2024, arXiv:2404.00498. Keras's own Muon leaves kernels to Adam.
    """

    def __init__(
        self, learning_rate: Any, momentum: float, kernel_rate: float, bias_rate: float, **more: Any
    ) -> None:
        super().__init__(learning_rate, momentum, nesterov=True, **more)
        self.kernel_rate, self.bias_rate = kernel_rate, bias_rate

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Update ``variable``, which has the form of its ``gradient``."""
        if len(variable.shape) == 4:
            self._turn(gradient, variable, learning_rate * self.kernel_rate)
        else:
            is_bias = variable.name.rpartition("/")[2].startswith(("bias", "beta"))
            super().update_step(gradient, variable, learning_rate * (self.bias_rate if is_bias else 1.0))

    def _turn(self, gradient: tf.Tensor, kernel: tf.Variable, rate: tf.Tensor) -> None:
        *inside, filters = kernel.shape
        place = self.momentums[self._get_variable_index(kernel)]
        momentum = KERNEL_MOMENTUM * place + gradient
        self.assign(place, momentum)
        ahead = tf.reshape(gradient + KERNEL_MOMENTUM * momentum, (-1, filters))
        step = tf.reshape(orthogonal(ahead), (*inside, filters))
        held = tf.convert_to_tensor(kernel) * (filters**0.5 / tf.norm(kernel))
        self.assign(kernel, held - rate * step)

    def get_config(self) -> dict[str, Any]:
        """What makes this optimizer again."""
        form: dict[str, Any] = super().get_config()
        form.pop("nesterov")
        return form | {"kernel_rate": self.kernel_rate, "bias_rate": self.bias_rate}


def orthogonal(matrix: tf.Tensor) -> tf.Tensor:
    """The matrix (n, m) with its singular vectors and singular values of about 1, by Newton and Schulz."""
    first, third, fifth = COEFFICIENTS
    is_high = matrix.shape[0] > matrix.shape[1]
    x = tf.transpose(matrix) if is_high else matrix  # its products with itself are the smaller ones
    x /= tf.norm(x) + 1e-7
    for _ in range(ITERATIONS):
        square = tf.matmul(x, x, transpose_b=True)
        x = first * x + tf.matmul(third * square + fifth * tf.matmul(square, square), x)
    return tf.transpose(x) if is_high else x
