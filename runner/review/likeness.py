"""Trainings that are more alike than independent ones are, though not identical.

Two networks of one recipe find the same images hard: their losses correlate, far from 1. How much, the class
itself shows: pairs of the same recipe with other seeds make a distribution of Fisher's z of that correlation.
Its median and its median deviation stay what they are as long as most pairs are independent. A pair is
suspicious if its z is so far above that chance would give one such pair in a thousand classes (Bonferroni's
correction for all pairs), and if at most a quarter as much of its variance is unshared as usual: the first
alone would count trifles where many pairs are much the same. Pairs of other recipes have less in common;
they are held to the same limit. With fewer pairs than ``LEAST_PAIRS`` there is no distribution, and nothing
is said.

Losses of single images that are the same to the last digit are found whatever the rest was replaced by: of
independent trainings, about one image in 10 ** 8 is.

Trainings of the same recipe and seed begin alike, and how far they part hangs on machine and epochs: nothing
is said of these.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from runner.review.findings import Shared
from runner.review.records import SEED, Run

FALSE_ALARMS = 0.001  # classes with a pair that is suspicious by chance, if z is normally distributed
UNSHARED = 0.25  # of the usual variance that is not shared
LEAST_PAIRS = 10
NORMAL = 1.4826  # times the median deviation is the standard deviation of normal numbers
SMALLEST = 1e-3  # nats: what is below counts as this
TELLING = 1e-2  # nats: above, a float32 loss has millions of values
LEAST_DISTINCT = 0.9  # of the losses above: else they are of few values, and chance makes them equal
LEAST_EQUAL = 3  # images
MOST = 0.9999999  # of a correlation, for z to be finite

Indices = tuple[int, int]


@dataclass(frozen=True)
class Block:
    """Runs of one variant on the same images, and which report each is of.

    ``correlations`` (runs, runs) are of their losses, ``equal`` (runs, runs) how many of these are the same.
    """

    reports: tuple[int, ...]
    runs: tuple[Run, ...]
    correlations: np.ndarray
    equal: np.ndarray
    images: int


def alike(reports: Sequence[Mapping[str, Run]]) -> Iterator[tuple[Indices, Shared]]:
    """Pairs of reports with trainings of the same name that are too alike, and not identical."""
    blocks = list(_blocks(reports))
    pairs = sum(len(block.runs) * (len(block.runs) - 1) // 2 for block in blocks)
    for block in blocks:
        limit = _limit(block, pairs)
        for first, second in combinations(range(len(block.runs)), 2):
            shared = _judged(block, first, second, limit)
            if shared is not None:
                yield (block.reports[first], block.reports[second]), shared


def _blocks(reports: Sequence[Mapping[str, Run]]) -> Iterator[Block]:
    """The runs of each name whose test labels are the same, where there are several."""
    known: dict[tuple[str, str], list[tuple[int, Run]]] = defaultdict(list)
    for number, runs in enumerate(reports):
        for name, run in runs.items():
            if run.losses is not None and len(run.losses) > 2:
                known[name, run.cases].append((number, run))
    for found in known.values():
        if len(found) > 1:
            together = tuple(run for _, run in found)
            losses = np.stack([run.losses for run in together if run.losses is not None])
            owners = tuple(number for number, _ in found)
            yield Block(owners, together, _correlations(losses), _equal(losses), losses.shape[1])


def _correlations(losses: np.ndarray) -> np.ndarray:
    """Pearson's correlations (runs, runs) of the logarithms of losses (runs, n); 0 for constant ones."""
    logs = np.log(np.maximum(losses, SMALLEST)).astype(np.float64)
    logs -= logs.mean(axis=1, keepdims=True)
    spread = np.sqrt((logs**2).sum(axis=1, keepdims=True))
    logs /= np.where(spread > 0, spread, np.inf)
    return np.asarray(logs @ logs.T)


def _equal(losses: np.ndarray) -> np.ndarray:
    """How many images (runs, runs) have the same loss, of those whose loss can tell trainings apart."""
    told = losses > TELLING
    rows = zip(losses, told, strict=True)
    distinct = np.array([len(np.unique(row[used])) >= LEAST_DISTINCT * used.sum() for row, used in rows])
    counts = np.zeros((len(losses), len(losses)), dtype=int)
    for number, row in enumerate(losses):
        if distinct[number]:
            counts[number] = ((losses == row) & told[number]).sum(axis=1) * distinct
    return counts


def _limit(block: Block, tests: int) -> float | None:
    """The correlation up to which independent pairs go; None if too few pairs can show it."""
    from scipy.stats import norm

    size = len(block.runs)
    pairs = (pair for pair in combinations(range(size), 2) if _is_independent(block, *pair))
    values = np.array([block.correlations[pair] for pair in pairs])
    if len(values) < LEAST_PAIRS:
        return None
    z = np.arctanh(np.clip(values, -MOST, MOST))
    middle = float(np.median(z))
    deviation = NORMAL * float(np.median(np.abs(z - middle)))
    spread = max(deviation, 1 / math.sqrt(max(1, block.images - 3)))  # the latter is by images alone
    by_chance = math.tanh(middle + float(norm.isf(FALSE_ALARMS / tests)) * spread)
    by_variance = math.sqrt(1 - UNSHARED * (1 - math.tanh(middle) ** 2))
    return max(by_chance, by_variance)


def _is_independent(block: Block, first: int, second: int) -> bool:
    """Whether a pair is of one recipe and of other seeds, as it says of itself."""
    ours, theirs = block.runs[first], block.runs[second]
    return ours.recipe == theirs.recipe and ours.settings.get(SEED) != theirs.settings.get(SEED)


def _judged(block: Block, first: int, second: int, limit: float | None) -> Shared | None:
    """What the pair shares without a reason.

    None for a pair that is identical, which its hash tells, or of the same seed and recipe.
    """
    ours, theirs = block.runs[first], block.runs[second]
    equal, likeness = int(block.equal[first, second]), float(block.correlations[first, second])
    alike = limit is not None and likeness > limit
    if not alike and equal < LEAST_EQUAL:
        return None
    if ours.predictions.get("test") == theirs.predictions.get("test"):
        return None
    if ours.recipe == theirs.recipe and ours.settings.get(SEED) == theirs.settings.get(SEED):
        return None
    found = Shared("likeness", ours.variant, theirs.variant, likeness=likeness, usual=limit or 0.0)
    if equal >= LEAST_EQUAL:
        return replace(found, what="losses", count=equal, cases=block.images)
    return replace(found, agreement=_agreement(ours, theirs))


def _agreement(ours: Run, theirs: Run) -> float:
    """The share of test images that both put into the same class."""
    assert ours.predicted is not None and theirs.predicted is not None
    return float((ours.predicted == theirs.predicted).mean())
