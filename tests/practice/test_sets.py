"""The data sets: what is pinned is what is loaded, and the split is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from runner.errors import InputError
from runner.practice.data import sets, sources


def test_digits_are_what_is_pinned_and_need_no_source() -> None:
    assert sets.load("digits").sha256 == sets.DIGITS_SHA256
    assert sources.ensure("digits").origin == "scikit-learn"
    assert sets.fingerprint("digits") != sets.fingerprint("cifar10")


def test_split_is_stratified_disjoint_and_follows_the_seed() -> None:
    labels = np.repeat(np.arange(10), 5000)
    split = sets.split(labels, validation_fraction=0.25, limit=None, seed=3)
    assert (len(split.train), len(split.validation)) == (37_500, 12_500)
    assert not set(split.train) & set(split.validation)
    assert set(np.bincount(labels[split.validation])) == {1250}
    same = sets.split(labels, validation_fraction=0.25, limit=None, seed=3)
    assert np.array_equal(same.train, split.train)
    other = sets.split(labels, validation_fraction=0.25, limit=None, seed=4)
    assert not np.array_equal(other.train, split.train)
    small = sets.split(labels, validation_fraction=0.25, limit=4000, seed=3)
    assert (len(small.train), len(small.validation)) == (3000, 1000)
    with pytest.raises(InputError):
        sets.split(labels, validation_fraction=1.2, limit=None, seed=3)
    with pytest.raises(InputError):
        sets.split(labels, validation_fraction=0.25, limit=12, seed=3)
