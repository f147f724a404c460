"""The model written out in plain Keras is the one that the program trains, whatever its parameters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice import BFLOAT16
from runner.practice.parameters import Parameters
from tests.practice.test_training import parameters

pytestmark = pytest.mark.xdist_group("tensorflow")  # one import for all of them

keras = pytest.importorskip("keras")
training = pytest.importorskip("runner.practice.training")
model_module = pytest.importorskip("runner.practice.model")
agreement = pytest.importorskip("runner.practice.agreement")
plain_keras = pytest.importorskip("runner.practice.plain_keras")
fast_layers = pytest.importorskip("runner.practice.fast_layers")
activation = pytest.importorskip("runner.practice.fast_layers.activation")
passing = pytest.importorskip("runner.practice.fast_layers.passing")

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.integers(0, 256, (48, 32, 32, 3), dtype=np.uint8)
LABELS = RANDOM.integers(0, 10, 48)
RECIPE = DEFAULT_PLAN.with_name("recipe.toml")
VARIANTS = {
    v.name: Parameters.model_validate_json(json.dumps(v.parameters))
    for path in (DEFAULT_PLAN, RECIPE)
    for v in make_plan(path, "full").variants
    if v.kind == "training"
}
OTHERS = {
    "deep-elu": parameters(convs_per_block=3, activation="elu", dense=(9, 8), dropout=0.2, output_scale=0.5),
    "silu": parameters(activation="silu", pool_after="first", convs_per_block=2, kernel_size=5),
    "excited": parameters(squeeze_ratio=2, convs_per_block=2, filters=(6, 20), activation="gelu"),
    "muon": parameters(
        squeeze_ratio=2,
        stem="whitening",
        stem_filters=8,
        stem_bias=True,
        batch_norm=True,
        head="global-max",
        dense=(),
        optimizer="muon",
        kernel_rate=0.1,
        bias_rate=8.0,
        momentum=0.85,
        weight_decay=0.01,
        schedule="one-cycle",
        conv_init="identity",
    ),
    "learned-stem": parameters(stem_filters=6, batch_norm=True, head="global-max", dense=()),
}
NETWORKS = {**VARIANTS, **OTHERS}


def network(p: Parameters) -> tuple[str, str, str]:
    """What decides the network, its optimizer and its loss."""
    code = plain_keras.plain_code(p.model_copy(update={"seed": 0}), "v")
    return code.model, code.weights, code.compiling


DIFFERENT = {network(p): name for name, p in reversed(NETWORKS.items())}  # of those written alike, one


def run(*cells: str, **names: Any) -> dict[str, Any]:
    """What the cells leave, run one after the other."""
    space: dict[str, Any] = {"x_train": IMAGES, "y_train": LABELS, **names}
    for cell in cells:
        exec(compile(cell, "<cell>", "exec"), space)
    return space


@pytest.mark.parametrize("name", DIFFERENT.values())
def test_network_optimizer_and_loss_are_the_programs(name: str) -> None:
    p = NETWORKS[name]
    code = plain_keras.plain_code(p, name)
    model = run(code.model, code.weights, code.compiling)["model"]
    keras.utils.set_random_seed(p.seed)
    program = model_module.build_model(p)
    training.initialise(program, p, IMAGES)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    assert model.count_params() == program.count_params()
    trained = [sum(int(np.prod(w.shape)) for w in each.trainable_weights) for each in (model, program)]
    assert trained[0] == trained[1]
    for ours, theirs in zip(model.get_weights(), program.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)  # the same seed, the same first weights
    x = training.normalise(IMAGES[:8])
    np.testing.assert_allclose(model(x, training=False), program(x, training=False), rtol=1e-4, atol=1e-6)
    steps = p.epochs * training.steps_per_epoch(p.train_images, p.batch_size)
    optimizer = training.make_optimizer(p, steps)
    assert type(model.optimizer) in type(optimizer).__mro__
    assert told(model.optimizer) == pytest.approx(told(optimizer))
    assert model.loss.get_config() == training.make_loss(p).get_config()


def test_the_cells_of_all_are_code_that_fits_on_a_page() -> None:
    for name, p in NETWORKS.items():
        code = plain_keras.plain_code(p, name)
        compile(code.fitting, "<cell>", "exec")
        assert max(map(len, "\n".join((code.model, code.compiling, code.fitting)).splitlines())) <= 120


@pytest.mark.parametrize("name", ["baseline", "c-sgd", "c-no-norm", "c-adamw", "learned-stem", "muon"])
def test_the_stand_ins_that_are_shown_are_those_of_the_network(name: str) -> None:
    p = NETWORKS[name]
    shown, own = plain_keras.stand_ins(p), fast_layers.__name__
    program = model_module.build_model(p)
    layers = {type(layer) for layer in program.layers if type(layer).__module__.startswith(own)}
    functions = {getattr(layer, "activation", None) for layer in program.layers}
    given = {each for each in shown if isinstance(each, type) and each.__module__.startswith(own)}
    assert given == layers | {passing.Uncast}
    assert (activation.gelu in shown) == (keras.activations.gelu in functions)
    operation = plain_keras.fused_adam.OneOperation
    assert (operation in shown) == (operation in type(training.make_optimizer(p, 10)).__mro__)


def told(optimizer: Any) -> dict[str, float]:
    """The numbers of an optimizer and of its schedule."""
    form = optimizer.get_config()
    rate = form.pop("learning_rate")
    form |= rate["config"] if isinstance(rate, dict) else {"learning_rate": rate}
    return {name: float(value) for name, value in form.items() if isinstance(value, (int, float))}


@pytest.mark.parametrize("name", ["baseline", "c-dropout", "recipe", "muon"])
def test_a_step_of_training_is_the_programs(name: str) -> None:
    """The stand-ins for Adam, bias, normalisation and GELU change nothing but rounding."""
    p = NETWORKS[name]
    code = plain_keras.plain_code(p, name)
    model = run(code.model, code.weights, code.compiling)["model"]
    before = model.get_weights()
    found = agreement.agreement(model, p, IMAGES, LABELS)
    assert found.same, found
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_comparison_is_in_float32_where_trainings_are_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(BFLOAT16, "1")
    p = NETWORKS["recipe"]
    code = plain_keras.plain_code(p, "recipe")
    model = run(code.model, code.weights, code.compiling)["model"]
    assert agreement.agreement(model, p, IMAGES, LABELS).same


def test_weights_that_only_rounding_moves_are_no_difference() -> None:
    """Adam moves them as far as any, either way: of a trained network some do."""
    before = [np.zeros(1000, np.float32), np.zeros(4, np.float32)]
    one, other = ([np.full(1000, 1e-3, np.float32), before[1]] for _ in range(2))
    one[0][:20] *= -1
    assert agreement._alike(one, other, before) == pytest.approx(984 / 1004)
    assert agreement.Agreement((5, 5), (1.0, 1.0), 0.0, 984 / 1004).same
    one[1] = np.full(4, 1e-6, np.float32)  # in a variable that is not trained, and tiny
    assert agreement._alike(one, other, before) == pytest.approx(980 / 1004)


def test_another_network_is_found_out() -> None:
    """A rate twice as high, weights that are not its own: the comparison says so."""
    p = NETWORKS["baseline"]
    code = plain_keras.plain_code(p, "baseline")
    faster = code.compiling.replace("learning_rate=0.001", "learning_rate=0.002")
    assert faster != code.compiling
    found = agreement.agreement(run(code.model, faster)["model"], p, IMAGES, LABELS)
    assert found.parameters[0] == found.parameters[1] and not found.same
    good = agreement.Agreement((5, 5), (1.0, 1.0), 0.0, 1.0)
    assert good.same
    for bad in ({"parameters": (5, 6)}, {"losses": (1.0, 1.1)}, {"outputs": 1e-3}, {"weights": 0.1}):
        assert not replace(good, **bad).same  # type: ignore[arg-type]
    other = run(code.model.replace("Conv2D(32", "Conv2D(31"), code.compiling)["model"]
    with pytest.raises(ValueError):
        agreement.agreement(other, p, IMAGES, LABELS)


@pytest.mark.parametrize("augmentation", ["none", "flip", "flip-shift"])
def test_the_batches_of_the_cells_are_the_programs(augmentation: str) -> None:
    p = parameters(augmentation=augmentation, epochs=2)
    fitting, _, _ = plain_keras.plain_code(p, "v").fitting.partition("if TRAIN:")
    space = run(fitting, results=Path())
    theirs = list(training.training_batches(IMAGES, LABELS, p))
    ours = [pair for epoch in range(2) for pair in space["batches"](np.int64(epoch))]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one[0], other[0], atol=1e-6)
        np.testing.assert_array_equal(one[1], other[1])


def test_a_training_of_the_cells_ends_as_the_programs(tmp_path: Path) -> None:
    """Without weights the cells train, to the same weights but for rounding; with them, they take them."""
    p = parameters(augmentation="flip-shift", epochs=2)
    code = plain_keras.plain_code(p, "v")
    steps = training.steps_per_epoch(len(IMAGES), p.batch_size)
    planned = training.steps_per_epoch(p.train_images, p.batch_size)
    fitting = code.fitting.replace(f"steps_per_epoch={planned},", f"steps_per_epoch={steps},")
    (tmp_path / "v").mkdir()
    names = {"x_validation": IMAGES[:8], "y_validation": LABELS[:8], "results": tmp_path}
    trained = run(code.model, code.compiling, fitting, **names)
    assert trained["TRAIN"] and len(trained["history"].epoch) == 2
    keras.utils.set_random_seed(p.seed)
    program = model_module.build_model(p)
    training.compile_model(program, p, len(IMAGES))
    program.fit(training.training_batches(IMAGES, LABELS, p), epochs=2, steps_per_epoch=steps, verbose=0)
    for ours, theirs in zip(trained["model"].get_weights(), program.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    again = run(code.model, code.compiling, code.fitting, **names)
    assert not again["TRAIN"]
    for ours, theirs in zip(again["model"].get_weights(), trained["model"].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
