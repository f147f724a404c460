"""The records of the study: one small JSON file for each training, the same whoever runs it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from runner import PROJECT_ROOT
from runner.files import Record
from runner.plan.records import PrecisionName
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice.parameters import Parameters
from tests.benchmarks.kept_records import keep_record, read_record

KEPT = PROJECT_ROOT / "docs" / "precision"
PLANS = {"recipe": PROJECT_ROOT / "notebooks" / "recipe.toml"}  # the others are of the practice's own plan
VARIANTS = ("baseline", "batch-4", "batch-256", "layers-x2", "recipe")
PRECISIONS: tuple[PrecisionName, ...] = ("float32", "bfloat16")
FIRST_SEED = 2026
MOST_SEEDS = 200  # that the command takes and the page looks for
QUICK = {"train_limit": 4000, "epochs": 2}  # as the practice's own profile of that name
Profile = Literal["quick", "full"]


class Trained(NamedTuple):
    """Which training: ``number`` of its seed, from 0."""

    profile: Profile
    variant: str
    number: int
    precision: PrecisionName

    def path(self, folder: Path) -> Path:
        """Where its record is."""
        return folder / self.profile / f"{self.variant}-{self.number + 1}-{self.precision}.json"

    def parameters(self) -> Parameters:
        """Those of the plan, with the seed."""
        plan = make_plan(PLANS.get(self.variant, DEFAULT_PLAN), "full")  # the recipe's has no quick one
        given = dict(plan.get(self.variant).parameters) | {"seed": FIRST_SEED + self.number}
        given |= QUICK if self.profile == "quick" else {}
        return Parameters.model_validate(given, strict=False)


class Measured(Record):
    """What a training came to. ``epoch_seconds`` is its typical epoch without validation; one thread."""

    accuracy: float
    cross_entropy: float
    epoch_seconds: float
    train_images: int
    epochs: int
    date: str
    machine: str
    load: float


def wanted(profile: Profile, variants: tuple[str, ...], seeds: int) -> Iterator[Trained]:
    """All trainings of the study, a seed of every variant before the next, both precisions in turn."""
    for number in range(seeds):
        order = PRECISIONS if number % 2 == 0 else PRECISIONS[::-1]
        for variant in variants:
            yield from (Trained(profile, variant, number, precision) for precision in order)


def read(training: Trained, folder: Path = KEPT) -> Measured | None:
    """The record, if it is there and whole."""
    return read_record(training.path(folder), Measured)


def keep(training: Trained, measured: Measured, folder: Path = KEPT) -> None:
    """Write the record down, whole or not at all."""
    keep_record(training.path(folder), measured)
