"""Batch normalisation in one operation."""

from __future__ import annotations

import keras
import tensorflow as tf

from runner.practice.fast_layers.passing import Uncast

BLOCK = 16  # oneDNN's batch normalisation in bfloat16 is slow unless channels come in such blocks


class BatchNormalization(Uncast, keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Keras's own of images (b, height, width, channels), in one operation while training.

    Mean, variance, scale and offset are in float32, whatever the images are in.
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalise, and let the moving mean and variance follow the batch's."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        images = tf.cast(inputs, tf.float32) if inputs.shape[-1] % BLOCK else inputs
        outputs, mean, variance = normalised(images, self.gamma.value, self.beta.value, self.epsilon)
        count = tf.cast(tf.reduce_prod(tf.shape(images)[:-1]), variance.dtype)
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
