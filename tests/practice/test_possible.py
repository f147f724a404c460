"""Whatever the plan accepts can be done: the data is split so, the network is built, and a step trains it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.errors import InputError
from runner.plan.practice import check_parameters
from runner.practice import costs
from runner.practice.data import sets
from runner.practice.parameters import CLASSES, TRAINING_IMAGES, Parameters

pytestmark = pytest.mark.xdist_group("tensorflow")  # one import for all of them

training = pytest.importorskip("runner.practice.training")
model_module = pytest.importorskip("runner.practice.model")

LABELS = {"digits": sets.load("digits").y_train, "cifar10": np.repeat(np.arange(CLASSES), 5_000)}
SHARES = st.one_of(st.floats(1e-6, 0.999999), st.sampled_from([1e-4, 0.007, 0.01, 0.25, 0.5, 0.993, 0.9999]))
LIMITS = st.one_of(st.just(0), st.integers(1, 60), st.sampled_from([1427, 1428, 1436, 1437, 49990, 49991]))
SPLITS = st.fixed_dictionaries(
    {
        "dataset": st.sampled_from(sorted(LABELS)),
        "seed": st.integers(0, 2**31 - 1),
        "validation_fraction": SHARES,
        "train_limit": LIMITS,
    }
)
NETWORKS = st.fixed_dictionaries(
    {
        "filters": st.lists(st.integers(1, 6), min_size=1, max_size=6),
        "stem": st.sampled_from(["learned", "whitening"]),
        "stem_filters": st.sampled_from([0, 2, 3, 24, 25]),
        "filters_scale": st.integers(1, 2),
        "convs_per_block": st.integers(1, 2),
        "kernel_size": st.sampled_from([1, 2, 3, 7]),
        "pool_after": st.sampled_from(["first", "last"]),
        "conv_init": st.sampled_from(["random", "identity"]),
        "activation": st.sampled_from(["relu", "elu", "gelu", "silu"]),
        "batch_norm": st.booleans(),
        "squeeze_ratio": st.sampled_from([0, 1, 2]),
        "dropout": st.sampled_from([0.0, 0.5, 0.999]),
        "head": st.sampled_from(["flatten", "global-max"]),
        "dense": st.lists(st.integers(1, 8), max_size=2),
        "output_scale": st.sampled_from([0.01, 1.0]),
        "loss": st.sampled_from(["categorical_crossentropy", "categorical_focal_crossentropy"]),
        "learning_rate": st.sampled_from([1e-8, 0.01, 10.0]),
        "learning_rate_batch": st.sampled_from([0, 1, 64]),
        "schedule": st.sampled_from(["constant", "one-cycle"]),
        "augmentation": st.sampled_from(["none", "flip", "flip-shift"]),
        "weight_decay": st.sampled_from([0.0, 0.5]),
        "batch_size": st.integers(1, 16),
        "epochs": st.sampled_from([1, 1000]),
    }
)
MUON = {"optimizer": "muon", "kernel_rate": 0.1, "bias_rate": 16.0, "momentum": 0.85, "batch_norm": True}
TOGETHER = st.sampled_from(  # what only some optimizers and stems have
    [
        *({"optimizer": name} for name in ("adam", "adamw", "rmsprop", "sgd")),
        {"optimizer": "sgd", "momentum": 0.85},
        MUON,
        {**MUON, "stem": "whitening", "stem_filters": 24, "stem_bias": True},
    ]
)
USUAL = {
    "dataset": "digits",
    "validation_fraction": 0.25,
    "seed": 7,
    "filters": [4],
    "loss": "categorical_crossentropy",
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 16,
    "epochs": 3,
}


def accepted(values: dict[str, Any]) -> Parameters | None:
    """The parameters, if the plan takes them."""
    try:
        return Parameters.model_validate_json(
            json.dumps(check_parameters("runner.practice", {**USUAL, **values}, "test"))
        )
    except InputError:
        return None


@settings(max_examples=150)
@given(SPLITS)
def test_the_data_is_split_as_the_plan_says(values: dict[str, Any]) -> None:
    p, labels = accepted(values), LABELS[values["dataset"]]
    assume(p is not None)
    assert p is not None
    split = sets.split(
        labels, validation_fraction=p.validation_fraction, limit=p.train_limit or None, seed=p.seed
    )
    assert (len(split.train), len(split.validation)) == (p.train_images, p.validation_images)
    for part in (split.train, split.validation):
        assert len(set(labels[part])) == CLASSES


@settings(max_examples=25)
@given(NETWORKS, TOGETHER)
def test_the_network_trains(values: dict[str, Any], together: dict[str, Any]) -> None:
    p = accepted({**values, **together})
    assume(p is not None)
    assert p is not None
    images = np.random.default_rng(0).integers(0, 256, (p.batch_size, 32, 32, 3), np.uint8)
    model = model_module.build_model(p)
    training.initialise(model, p, images)
    training.compile_model(model, p, len(images))
    model.run_eagerly = True  # to trace a graph would take seconds each
    batch = next(iter(training.training_batches(images, np.arange(len(images)) % CLASSES, p)))
    model.train_on_batch(*batch)
    assert model.predict_on_batch(batch[0]).shape == (p.batch_size, CLASSES)
    cost = costs.parameters(p.model_dump(mode="json"))  # what a calibration asks for
    assert min(costs.case_seconds(cost, 1)) > 0


def test_the_numbers_of_images_are_those_of_the_data() -> None:
    counts = {name: np.bincount(labels) for name, labels in LABELS.items()}
    assert {name: (c.sum(), c.min()) for name, c in counts.items()} == TRAINING_IMAGES
