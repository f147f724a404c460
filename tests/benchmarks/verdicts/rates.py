"""How often each rule says what: counted from the kept trainings, and kept itself in rates.json.

A share's interval is the delete-one jackknife's over the trainings' seeds (Efron and Stein 1981, Annals of
Statistics 9, 586-596): draws share trainings, so that they are not independent. Where they share none, and
where a jackknife has no width, it is Wilson's, with as many cases as there are draws without a common seed.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from runner.analysis.intervals import accuracy_interval
from runner.files import Record, write_json
from tests.benchmarks.verdicts.draws import (
    AGAINST_BASELINE,
    DESIGNS,
    OTHER_IMAGES,
    SAME_IMAGES,
    SEED_COUNTS,
    Design,
    Draw,
    draws,
)
from tests.benchmarks.verdicts.records import KEPT, RECIPES, Kept, Trained, read, wanted
from tests.benchmarks.verdicts.rules import METRICS, OTHERS, Answer, Run, ours, run_of

OURS = "ours"
RATES = "rates.json"
DECIDED = ("better", "worse")
SLOW = {"deep-significance": 10}  # so many draws: it resamples for ten seconds each
NORMAL = 1.96  # of the interval of 95 %


class Rate(Record):
    """What one rule said of the draws of one kind: ``answers`` by how often, refusals left out.

    ``low`` and ``high`` are the interval of the share of better or worse, None without an answer.
    """

    rule: str
    recipe: str
    reference: str
    same_images: bool
    split: str
    metric: str
    seeds: int
    draws: int
    answers: dict[str, int]
    low: float | None
    high: float | None

    @property
    def design(self) -> Design:
        """What was compared."""
        return Design(self.recipe, self.reference, self.same_images)

    @property
    def share(self) -> float | None:
        """How often a difference was called, in either direction."""
        given = sum(self.answers.values())
        return sum(self.answers.get(each, 0) for each in DECIDED) / given if given else None

    def of(self, answer: str) -> float | None:
        """The share of one answer."""
        given = sum(self.answers.values())
        return self.answers.get(answer, 0) / given if given else None


class Rates(Record):
    """All that was counted, and the fingerprint of what it was counted from."""

    trainings: str
    rates: tuple[Rate, ...]


def kept(folder: Path = KEPT, seeds: int = 50) -> dict[str, Kept]:
    """All trainings that are there, by name."""
    found = (read(each, folder) for each in wanted(seeds))
    return {each.training.name: each for each in found if each is not None}


def fingerprint(folder: Path, names: Sequence[str]) -> str:
    """SHA-256 of the kept files of these trainings."""
    found = hashlib.sha256()
    for name in sorted(names):
        for path in (Trained.named(name).record(folder), Trained.named(name).arrays(folder)):
            found.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def count(
    folder: Path = KEPT, others: Collection[str] = tuple(OTHERS), designs: Sequence[Design] = DESIGNS
) -> Rates:
    """Ask our rule, and those ``others``, of all draws of the designs, and keep what they say."""
    there = kept(folder)
    runs = {name: run_of(each, folder) for name, each in there.items()}
    found = []
    for design in designs:
        for seeds in SEED_COUNTS:
            drawn = draws(design, seeds, common(design, runs))
            for split in splits(design):
                for metric in METRICS:
                    asked = [rule for rule in rules(design, split, metric) if rule in (OURS, *others)]
                    found += [rate(rule, design, split, metric, drawn, runs) for rule in asked if drawn]
            print(design.recipe, design.reference, seeds, file=sys.stderr, flush=True)
    rates = Rates(trainings=fingerprint(folder, list(runs)), rates=tuple(found))
    write_json(folder / RATES, rates)
    return rates


def read_rates(folder: Path = KEPT) -> Rates:
    """What was counted last."""
    return Rates.model_validate_json((folder / RATES).read_bytes())


def splits(design: Design) -> tuple[str, ...]:
    """The sets on which a design's pairs have the same images."""
    alike = "train_limit" not in RECIPES[design.recipe]
    return ("test", "validation") if design.same_images and alike else ("test",)


def rules(design: Design, split: str, metric: str) -> tuple[str, ...]:
    """Others are asked where recipes are the same, and of the better ones against the baseline."""
    if split != "test" or design not in (OTHER_IMAGES, SAME_IMAGES, *AGAINST_BASELINE):
        return (OURS,)
    quick = tuple(name for name in OTHERS if name not in SLOW)
    slow = tuple(SLOW) if design == SAME_IMAGES and metric == "accuracy" else ()
    return (OURS, *quick, *slow)


def common(design: Design, runs: Mapping[str, Run]) -> list[int]:
    """Numbers of which both recipes have a training."""
    found = []
    for number in range(len(runs)):
        if all(Trained(recipe, number).name in runs for recipe in (design.recipe, design.reference)):
            found.append(number)
    return found


def rate(
    rule: str, design: Design, split: str, metric: str, drawn: Sequence[Draw], runs: Mapping[str, Run]
) -> Rate:
    """What one rule says of the draws."""
    asked = drawn[: SLOW.get(rule)]
    tell = ours if rule == OURS else OTHERS[rule]
    said = [tell([(runs[a], runs[b]) for a, b in draw], split, metric) for draw in asked]
    given = [(draw, answer) for draw, answer in zip(asked, said, strict=True) if answer is not None]
    low, high = interval(given) if given else (None, None)
    return Rate(
        rule=rule,
        recipe=design.recipe,
        reference=design.reference,
        same_images=design.same_images,
        split=split,
        metric=metric,
        seeds=len(drawn[0]),
        draws=len(asked),
        answers=dict(sorted(Counter(answer for _, answer in given).items())),
        low=low,
        high=high,
    )


def interval(given: Sequence[tuple[Draw, Answer]]) -> tuple[float, float]:
    """Of the share of better or worse among draws, from 0 to 1."""
    called = [answer in DECIDED for _, answer in given]
    numbers = [{Trained.named(name).number for pair in draw for name in pair} for draw, _ in given]
    seeds = sorted(set().union(*numbers))
    share, n = sum(called) / len(called), len(seeds)
    without = []
    for seed in seeds:
        left = [hit for hit, used in zip(called, numbers, strict=True) if seed not in used]
        if left:
            without.append(sum(left) / len(left))
    apart = max(1, n // len(numbers[0]))
    error = _jackknife_error(without)
    if apart >= len(given) or not error:
        found = accuracy_interval(round(share * apart), apart)
        return found.low, found.high
    return max(0.0, share - NORMAL * error), min(1.0, share + NORMAL * error)


def _jackknife_error(without: Sequence[float]) -> float:
    n = len(without)
    if n < 2:
        return 0.0
    mean = sum(without) / n
    return math.sqrt((n - 1) / n * sum((each - mean) ** 2 for each in without))
