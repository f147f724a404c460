"""The layers that are faster than Keras's give Keras's values and gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from runner.practice import BFLOAT16, fast_layers, model, precision, training
from runner.practice.fast_layers import activation, convolution, one_pass
from runner.practice.flops import flops_per_image
from runner.practice.parameters import Parameters
from tests.practice.test_training import labelled, parameters

NETWORKS = {
    "bias after pooling": parameters(filters=(4, 8), convs_per_block=2, dense=(16,)),
    "normalised": parameters(filters=(4, 8), batch_norm=True, activation="gelu", head="global-max", dense=()),
    "normalised in blocks": parameters(filters=(16, 32), batch_norm=True, activation="gelu"),
    "whitening": parameters(stem="whitening", stem_filters=8, filters=(8,), activation="gelu"),
    "excitation": parameters(filters=(8, 16), batch_norm=True, activation="gelu", squeeze_ratio=8),
    "small maps": parameters(filters=(8, 8, 16, 100), convs_per_block=2, activation="gelu"),
}


def images(n: int = 20) -> np.ndarray:
    """Floats (n, 32, 32, 3) of images that differ."""
    return np.random.default_rng(0).normal(size=(n, 32, 32, 3)).astype(np.float32)


def pair(p: Parameters) -> tuple[keras.Model, keras.Model]:
    """The network and its standard form, with weights that are not their first ones."""
    keras.utils.set_random_seed(0)
    fast = model.build_model(p)
    generator = np.random.default_rng(1)
    weights = [w + generator.uniform(-0.1, 0.1, w.shape).astype(np.float32) for w in fast.get_weights()]
    fast.set_weights(weights)
    return fast, model.standard_model(fast, p)


def gradients(network: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """Of a loss that tells the outputs apart, by all trained weights, while training."""
    wanted = np.random.default_rng(2).uniform(size=(len(x), 10)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(x, training=True) - wanted))
    return [g.numpy() for g in tape.gradient(loss, [v.value for v in network.trainable_variables])]


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_gradients_and_moving_averages_are_those_of_the_standard_network(name: str) -> None:
    fast, standard = pair(NETWORKS[name])
    kinds = {type(layer) for layer in fast.layers}
    assert any(kind.__module__.startswith(fast_layers.__name__) for kind in kinds)
    assert all(type(layer).__module__.startswith("keras.") for layer in standard.layers)
    x = images()
    np.testing.assert_allclose(fast(x, training=False), standard(x, training=False), rtol=1e-4, atol=1e-6)
    pairs = list(zip(gradients(fast, x), gradients(standard, x), strict=True))
    assert max(np.abs(g).max() for g, _ in pairs) > 1e-3
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5 * max(1, np.abs(theirs).max()))
    for ours, theirs in zip(fast.get_weights(), standard.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_in_bfloat16_has_the_gradients_but_for_rounding(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, standard = pair(NETWORKS[name])
    x = images()
    monkeypatch.setenv(BFLOAT16, "1")
    ours, theirs = gradients(fast, x), gradients(standard, x)
    assert all(g.dtype == np.float32 for g in ours)
    together = [np.concatenate([g.ravel() for g in found]) for found in (ours, theirs)]
    distance = np.linalg.norm(together[0] - together[1]) / np.linalg.norm(together[1])
    print(distance)
    assert 1e-4 < distance < 0.2  # of two gradients that have nothing in common it is above 1
    for one, other in zip(fast.get_weights(), standard.get_weights(), strict=True):  # moving averages too
        np.testing.assert_allclose(one, other, rtol=0.02, atol=0.01)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_evaluated_is_in_float32(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, _ = pair(NETWORKS[name])
    x = images()
    usual = fast(x, training=False).numpy()
    monkeypatch.setenv(BFLOAT16, "1")
    np.testing.assert_array_equal(fast(x, training=False), usual)
    assert np.abs(fast(x, training=True) - usual).max() > 1e-4 * usual.max()


def test_a_block_in_float32_trains_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, _ = pair(NETWORKS["small maps"])
    x = images()
    usual = gradients(fast, x)
    monkeypatch.setenv(BFLOAT16, "1")
    with precision.in_float32():
        again = gradients(fast, x)
    for one, other in zip(again, usual, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((one != other).any() for one, other in zip(gradients(fast, x), usual, strict=True))


@pytest.mark.parametrize("side", [1, 3, 5, 7])
@pytest.mark.parametrize("filters", [3, 64, 130])
def test_the_gradient_of_a_kernel_is_tensorflows(side: int, filters: int) -> None:
    random = np.random.default_rng(side)
    x = tf.constant(random.normal(size=(5, 6, 6, 4)), tf.float32)
    upstream = tf.constant(random.normal(size=(5, 6, 6, filters)), tf.float32)
    theirs = tf.raw_ops.Conv2DBackpropFilter(
        input=x, filter_sizes=[side, side, 4, filters], out_backprop=upstream, strides=[1] * 4, padding="SAME"
    )
    ours = convolution.kernel_gradient(x, upstream, side)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_pooled_convolutions_leave_their_bias_for_later() -> None:
    network = model.build_model(NETWORKS["bias after pooling"])
    late = [layer.name for layer in network.layers if isinstance(layer, fast_layers.Bias)]
    assert late == ["conv1_2_sesgo", "conv2_2_sesgo"]
    biased = [x.name for x in network.layers if isinstance(x, keras.layers.Conv2D) and x.use_bias]
    assert biased == ["conv1_1", "conv2_1"]


def test_a_training_ends_like_one_of_the_standard_network() -> None:
    """Same seeds and batches: what differs is rounding."""
    p = parameters(filters=(4, 8), batch_norm=True, activation="gelu", epochs=3)
    x, y = labelled(64)
    keras.utils.set_random_seed(0)  # from some first weights a short training gets nowhere
    fast, standard = pair(p)
    losses = []
    for network in (fast, standard):
        training.compile_model(network, p, len(x))
        steps = training.steps_per_epoch(len(x), p.batch_size)
        batches = training.training_batches(x, y, p)
        losses.append(network.fit(batches, epochs=3, steps_per_epoch=steps, verbose=0).history["loss"])
    assert losses[0][-1] < 0.97 * losses[0][0]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


@pytest.mark.parametrize("there", [True, False])
def test_gelu_and_its_gradient_are_kerass(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one pass where TensorFlow has the compiler for it, and where it has none."""
    has_compiler = there and one_pass.has_compiler()
    monkeypatch.setattr(one_pass, "has_compiler", lambda: has_compiler)
    x = tf.constant(np.linspace(-6, 6, 200, dtype=np.float32))
    found = []
    for function in (activation.gelu, keras.activations.gelu):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = function(x) if function is activation.gelu else function(x, approximate=False)
        found.append((values, tape.gradient(values, x)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_what_is_compiled_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    network = model.build_model(NETWORKS["whitening"])
    usual = flops_per_image(network)
    monkeypatch.setattr(one_pass, "has_compiler", lambda: False)
    assert flops_per_image(network) == usual
