"""The records of the study: one small JSON file for each training, the same whoever runs it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from runner import PROJECT_ROOT
from runner.files import Record
from runner.plan.variants import make_plan
from tests.benchmarks.kept_records import keep_record, read_record

KEPT = PROJECT_ROOT / "docs" / "speedrun"
PLAN = PROJECT_ROOT / "notebooks" / "recipe.toml"
OWN = ("recipe", "with-muon", "with-excitation", "best-large", "large-excitation")  # of that plan
PUBLISHED = ("airbench93", "airbench94")  # of the package airbench
RECIPES = OWN + PUBLISHED
EPOCHS = (5, 7, 10, 14)
FIRST_SEED = 2026


class Trained(NamedTuple):
    """Which training: ``number`` of its seed, from 0."""

    recipe: str
    epochs: int
    number: int

    @property
    def seed(self) -> int:
        """Of first weights and batches."""
        return FIRST_SEED + self.number

    def path(self, folder: Path) -> Path:
        """Where its record is."""
        return folder / f"{self.recipe}-{self.epochs}-{self.number + 1}.json"

    def parameters(self) -> dict[str, Any]:
        """Those of the plan; of a published recipe they are only what says which images it gets."""
        variant = self.recipe if self.recipe in OWN else OWN[0]
        given = make_plan(PLAN, "full").get(variant).parameters
        return dict(given) | {"epochs": self.epochs, "seed": self.seed}


class Measured(Record):
    """What a training came to. ``seconds`` are those from the model's making to its last step.

    They are without reading the data and without any evaluation. ``megaflops`` are of a forward pass of one
    image, ``software`` what trained.
    """

    validation: float
    test: float
    seconds: float
    megaflops: float
    train_images: int
    precision: str
    software: str
    date: str
    machine: str
    load: float


def wanted(recipes: Sequence[str], epochs: Sequence[int], seeds: int) -> Iterator[Trained]:
    """All trainings of the study, a seed of all before the next: whatever drifts is in every recipe."""
    for number in range(seeds):
        for length in epochs:
            yield from (Trained(recipe, length, number) for recipe in recipes)


def read(training: Trained, folder: Path = KEPT) -> Measured | None:
    """The record, if it is there and whole."""
    return read_record(training.path(folder), Measured)


def keep(training: Trained, measured: Measured, folder: Path = KEPT) -> None:
    """Write the record down, whole or not at all."""
    keep_record(training.path(folder), measured)
