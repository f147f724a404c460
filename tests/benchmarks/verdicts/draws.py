"""Which trainings are compared: pairs of single ones, and pairs of several seeds drawn from the twenty."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runner.analysis.compare import seeds_needed
from tests.benchmarks.verdicts.records import RECIPES, TWIN

DRAWS = 200  # of several seeds, at random but the same in every run
BASELINE = "baseline"
SEED_COUNTS = (1, 3, 5, seeds_needed(1), 10)
Draw = tuple[tuple[str, str], ...]  # names of the compared trainings and of their references, a pair a seed


@dataclass(frozen=True)
class Design:
    """A recipe against a reference.

    ``same_images``: pairs share their number, and with it images and batches, as variants of a plan do, but
    for the images that a recipe has more; else all are of one recipe, and no two of a draw share a seed.
    """

    recipe: str
    reference: str
    same_images: bool = True

    @property
    def differs(self) -> bool:
        """Whether the two recipes are not the same."""
        return RECIPES[self.recipe] != RECIPES[self.reference]


OTHER_IMAGES = Design(BASELINE, BASELINE, same_images=False)
SAME_IMAGES = Design(TWIN, BASELINE)
BETTER = tuple(name for name in RECIPES if RECIPES[name] != RECIPES[BASELINE])
AGAINST_BASELINE = tuple(Design(name, BASELINE) for name in BETTER)
IMPROVEMENTS = (
    *AGAINST_BASELINE,
    *(
        Design(more, less)
        for less, more in itertools.combinations(BETTER, 2)
        if RECIPES[less].keys() == RECIPES[more].keys()
    ),
)
DESIGNS = (OTHER_IMAGES, SAME_IMAGES, *IMPROVEMENTS)


def draws(design: Design, seeds: int, numbers: Sequence[int]) -> list[Draw]:
    """All pairs of single trainings; of several seeds at most DRAWS different ones, none twice."""
    taken = seeds if design.same_images else 2 * seeds
    if taken > len(numbers):
        return []
    if seeds == 1:
        return [_names(design, each) for each in _singles(design, numbers)]
    rng = np.random.default_rng(seeds)
    found: dict[tuple[tuple[int, int], ...], None] = {}
    for _ in range(10 * DRAWS):  # more tries than draws: few numbers give few different ones
        chosen = rng.choice(numbers, taken, replace=False).tolist()
        ours = sorted(chosen) if design.same_images else chosen[:seeds]
        theirs = ours if design.same_images else chosen[seeds:]
        pairs = tuple(zip(ours, theirs, strict=True))
        found[pairs] = None
        if len(found) == DRAWS:
            break
    return [_names(design, each) for each in found]


def _singles(design: Design, numbers: Sequence[int]) -> list[tuple[tuple[int, int], ...]]:
    if design.same_images:
        return [((each, each),) for each in numbers]
    return [(pair,) for pair in itertools.combinations(numbers, 2)]


def _names(design: Design, pairs: Sequence[tuple[int, int]]) -> Draw:
    return tuple(
        (f"{design.recipe}-{ours + 1}", f"{design.reference}-{theirs + 1}") for ours, theirs in pairs
    )
