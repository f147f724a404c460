"""The layers that are faster than Keras's give Keras's values and gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from runner.practice import fast_layers, model, training
from runner.practice.flops import flops_per_image
from runner.practice.parameters import Parameters
from tests.practice.test_training import labelled, parameters

NETWORKS = {
    "bias after pooling": parameters(filters=(4, 8), convs_per_block=2, dense=(16,)),
    "normalised": parameters(filters=(4, 8), batch_norm=True, activation="gelu", head="global-max", dense=()),
    "normalised in blocks": parameters(filters=(16, 32), batch_norm=True, activation="gelu"),
    "whitening": parameters(stem="whitening", stem_filters=8, filters=(8,), activation="gelu"),
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
    assert any(kind.__module__ == fast_layers.__name__ for kind in kinds) or name == "whitening"
    assert all(type(layer).__module__.startswith("keras.") for layer in standard.layers)
    x = images()
    np.testing.assert_allclose(fast(x, training=False), standard(x, training=False), rtol=1e-4, atol=1e-6)
    pairs = list(zip(gradients(fast, x), gradients(standard, x), strict=True))
    assert max(np.abs(g).max() for g, _ in pairs) > 1e-3
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5 * max(1, np.abs(theirs).max()))
    for ours, theirs in zip(fast.get_weights(), standard.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


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
    has_compiler = there and fast_layers.has_compiler()
    monkeypatch.setattr(fast_layers, "has_compiler", lambda: has_compiler)
    x = tf.constant(np.linspace(-6, 6, 200, dtype=np.float32))
    found = []
    for function in (fast_layers.gelu, keras.activations.gelu):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = function(x) if function is fast_layers.gelu else function(x, approximate=False)
        found.append((values, tape.gradient(values, x)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_what_is_compiled_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    network = model.build_model(NETWORKS["whitening"])
    usual = flops_per_image(network)
    monkeypatch.setattr(fast_layers, "has_compiler", lambda: False)
    assert flops_per_image(network) == usual
