"""Floating-point operations: those of a model, and how many a second this machine can do at most."""

from __future__ import annotations

import math
from time import perf_counter

import keras
import tensorflow as tf

from runner.practice.fast_layers.one_pass import one_by_one

PEAK_SIDE = 2048  # of the square matrices that are multiplied: large enough for the most that the cores give


def flops_per_image(model: keras.Model) -> int:
    """Floating-point operations of one forward pass of one image, counted on the model's graph.

    A multiplication and an addition count as two.
    """
    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    forward = tf.function(lambda x: model(x, training=False), autograph=False)
    with one_by_one():
        graph = forward.get_concrete_function(spec).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    profile = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    return int(profile.total_float_ops)


def training_flops_per_image(model: keras.Model) -> int:
    """Operations of one training step for one image.

    A forward pass, and as much again for the gradients by weights and by inputs; but convolutions whose
    kernels are not trained need neither, if nothing before them is trained, and the first that is trained
    needs no second.
    """
    total = 3 * flops_per_image(model)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            _, height, width, _ = layer.output.shape
            forward = 2 * height * width * math.prod(layer.kernel.shape)
            if layer.kernel.trainable:
                return int(total - forward)
            total -= 2 * forward
            if layer.trainable:  # its bias, for which the next one needs both gradients
                return int(total)
    return int(total)


def peak_gflops(seconds: float = 1.0) -> float:
    """GFLOP/s of a large float32 matrix product, repeated for ``seconds`` with this process's threads."""
    matrix = tf.random.stateless_uniform((PEAK_SIDE, PEAK_SIDE), (0, 0))
    product = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
    float(product())
    start, count = perf_counter(), 0
    while perf_counter() - start < seconds:
        float(product())
        count += 1
    return count * 2 * PEAK_SIDE**3 / (perf_counter() - start) / 1e9
