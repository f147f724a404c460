"""Muon: what a step of it does to kernels, to biases and to the other weights."""

from __future__ import annotations

import numpy as np
import pytest

from tests.practice.test_training import parameters

pytestmark = pytest.mark.xdist_group("tensorflow")  # one import for all of them

keras = pytest.importorskip("keras")
muon = pytest.importorskip("runner.practice.optimizers.muon")
training = pytest.importorskip("runner.practice.training")
model_module = pytest.importorskip("runner.practice.model")

RANDOM = np.random.default_rng(5)
MUON = {
    "optimizer": "muon", "kernel_rate": 0.1, "bias_rate": 8.0, "momentum": 0.85, "weight_decay": 0.01,
    "learning_rate": 0.05, "batch_norm": True, "head": "global-max", "dense": (),
}  # fmt: skip


@pytest.mark.parametrize("shape", [(72, 16), (16, 72), (20, 20)])
def test_the_singular_vectors_stay_and_the_values_come_near_one(shape: tuple[int, int]) -> None:
    matrix = RANDOM.normal(size=shape).astype(np.float32)
    found = muon.orthogonal(keras.ops.convert_to_tensor(matrix)).numpy()
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    inside = left.T @ found @ right.T
    values = np.diag(inside)
    np.testing.assert_allclose(inside, np.diag(values), atol=1e-4)
    assert values.max() < 1.3
    assert (values > 0.6).mean() > 0.8  # three iterations leave the smallest of a random matrix behind


def test_a_kernel_is_turned_and_keeps_its_length() -> None:
    kernel = keras.Variable(RANDOM.normal(size=(3, 3, 4, 6)).astype(np.float32), name="kernel")
    before = kernel.numpy() * 6**0.5 / np.linalg.norm(kernel.numpy())
    gradient = RANDOM.normal(size=(3, 3, 4, 6)).astype(np.float32)
    optimizer = muon.Muon(0.2, 0.85, kernel_rate=0.5, bias_rate=8.0)
    optimizer.apply([keras.ops.convert_to_tensor(gradient)], [kernel])
    step = before - kernel.numpy()
    wanted = 0.1 * muon.orthogonal(keras.ops.convert_to_tensor(gradient.reshape(36, 6))).numpy()
    np.testing.assert_allclose(step.reshape(36, 6), wanted, atol=1e-5)
    optimizer.apply([keras.ops.zeros_like(kernel)], [kernel])
    optimizer.momentums[0].assign(keras.ops.zeros_like(kernel))
    optimizer.apply([keras.ops.zeros_like(kernel)], [kernel])
    assert np.linalg.norm(kernel.numpy()) == pytest.approx(6**0.5, rel=1e-5)


@pytest.mark.parametrize(("name", "factor"), [("bias", 8), ("beta", 8), ("gamma", 1), ("kernel", 1)])
def test_other_weights_move_as_with_momentum_and_biases_faster(name: str, factor: int) -> None:
    gradients = RANDOM.normal(size=(6, 5)).astype(np.float32)
    ours, theirs = (keras.Variable(np.ones(5, np.float32), name=name) for _ in range(2))
    optimizer = muon.Muon(0.02, 0.85, kernel_rate=0.5, bias_rate=8.0)
    reference = keras.optimizers.SGD(0.02 * factor, 0.85, nesterov=True)
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [ours])
        reference.apply([keras.ops.convert_to_tensor(gradient)], [theirs])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5)


def test_of_the_whitening_only_the_bias_is_trained_if_that_is_asked_for() -> None:
    p = parameters(**MUON, stem="whitening", stem_filters=8, stem_bias=True, conv_init="identity")
    images = RANDOM.integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
    labels = RANDOM.integers(0, 10, 64)
    model = model_module.build_model(p)
    training.initialise(model, p, images)
    kernel, bias = (each.numpy() for each in model.get_layer("conv0").weights)
    training.compile_model(model, p, len(images))
    model.fit(training.training_batches(images, labels, p), epochs=1, steps_per_epoch=4, verbose=0)
    after_kernel, after_bias = (each.numpy() for each in model.get_layer("conv0").weights)
    np.testing.assert_array_equal(after_kernel, kernel)
    assert not np.array_equal(after_bias, bias)
    standard = model_module.standard_model(model, p)
    x = training.normalise(images[:4])
    np.testing.assert_allclose(standard(x, training=False), model(x, training=False), rtol=1e-4, atol=1e-6)


def test_the_optimizer_tells_what_makes_it_again() -> None:
    p = parameters(**MUON)
    optimizer = training.make_optimizer(p, 10)
    again = muon.Muon.from_config(optimizer.get_config())
    assert again.kernel_rate * p.peak_learning_rate == pytest.approx(p.kernel_rate)
    assert again.get_config() == optimizer.get_config()
