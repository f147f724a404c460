"""The records of the study: what each training got right and its losses, image by image, and how it was made.

Beside a small JSON file lies an archive of arrays: hits a bit each, cross-entropies (nats) in float16, whose
rounding moves the mean of a set by less than a hundred-thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from runner import PROJECT_ROOT
from runner.errors import RunnerError
from runner.files import Record
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice.parameters import Parameters
from runner.results.arrays import read_arrays

KEPT = PROJECT_ROOT / "docs" / "verdicts"
FIRST_SEED = 2026
SEEDS = 20
SPLITS = ("validation", "test")
TWIN = "twin"
RECIPES: Mapping[str, Mapping[str, Any]] = {  # what each changes of the baseline
    "baseline": {},
    TWIN: {},
    "filters-110": {"filters": (35, 70)},
    "filters-125": {"filters": (40, 80)},
    "filters-150": {"filters": (48, 96)},
    "images-120": {"train_limit": 4800},  # a quarter of which is for validation
    "images-150": {"train_limit": 6000},
}


@cache
def _baseline() -> dict[str, Any]:
    """Its parameters in the quick profile; working a plan out takes a while."""
    return dict(make_plan(DEFAULT_PLAN, "quick").get("baseline").parameters)


class Trained(NamedTuple):
    """Which training: ``number`` of its seed, from 0."""

    recipe: str
    number: int

    @property
    def name(self) -> str:
        """How its files are called; the seeds are counted from 1 there."""
        return f"{self.recipe}-{self.number + 1}"

    @classmethod
    def named(cls, name: str) -> Trained:
        """The training of that name."""
        recipe, _, number = name.rpartition("-")
        return cls(recipe, int(number) - 1)

    def record(self, folder: Path) -> Path:
        """How it was made; there once all of it is."""
        return folder / f"{self.name}.json"

    def arrays(self, folder: Path) -> Path:
        """What it came to, image by image."""
        return self.record(folder).with_suffix(".npz")

    def parameters(self) -> Parameters:
        """The baseline's of the quick profile, with what the recipe changes and the seed."""
        given = _baseline() | dict(RECIPES[self.recipe]) | {"seed": FIRST_SEED + self.number}
        return Parameters.model_validate(given, strict=False)

    @property
    def first_weights(self) -> int:
        """The seed of the first weights: a twin has the images and batches of its seed, and other weights."""
        return FIRST_SEED + self.number + (1000 if self.recipe == TWIN else 0)


class Measured(Record):
    """How a training was made, and its means, from numbers that are not rounded."""

    seed: int
    first_weights: int
    filters: tuple[int, ...]
    train_images: int
    validation_images: int
    test_images: int
    epochs: int
    validation_accuracy: float
    validation_cross_entropy: float
    test_accuracy: float
    test_cross_entropy: float
    date: str
    machine: str


@dataclass(frozen=True)
class Cases:
    """``hits`` (bool) and ``losses`` (float64, nats) of the same images, (n,) each."""

    hits: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Kept:
    """A training that is there whole: its record and its images, by the name of their set."""

    training: Trained
    measured: Measured
    cases: Mapping[str, Cases]


def wanted(seeds: int, recipes: tuple[str, ...] = tuple(RECIPES)) -> Iterator[Trained]:
    """All trainings of the study, a seed of every recipe before the next."""
    for number in range(seeds):
        yield from (Trained(recipe, number) for recipe in recipes)


def packed(cases: Mapping[str, Cases]) -> dict[str, np.ndarray]:
    """The arrays as they are kept."""
    found = {}
    for split, each in cases.items():
        found[f"{split}_hits"] = np.packbits(each.hits)
        found[f"{split}_losses"] = each.losses.astype(np.float16)
    return found


def read(training: Trained, folder: Path = KEPT) -> Kept | None:
    """What is kept of a training, if it is there and whole."""
    try:
        measured = Measured.model_validate_json(training.record(folder).read_bytes())
        arrays = read_arrays(training.arrays(folder))
        return Kept(training, measured, {split: _unpacked(arrays, split) for split in SPLITS})
    except (OSError, ValidationError, RunnerError, KeyError):
        return None


def _unpacked(arrays: Mapping[str, np.ndarray], split: str) -> Cases:
    losses = arrays[f"{split}_losses"].astype(np.float64)
    hits = np.unpackbits(arrays[f"{split}_hits"], count=len(losses)).astype(bool)
    return Cases(hits, losses)
