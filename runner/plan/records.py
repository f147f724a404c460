"""What a plan says besides its variants: who signs, how many seeds, and which pairs are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from runner.files import Record

REPEATED = "{label} (repetición {number})"
MOST_SEEDS = 50  # trainings of one variant
SEED_MARK = "~"  # between a variant's name and the number of the repetition


Times = Annotated[int, Field(ge=1, le=MOST_SEEDS)]
WrittenSeeds = int | Literal["auto"] | dict[str, int]  # of all variants, to be searched, or of some


def origin(name: str) -> str:
    """The variant that ``name`` repeats with another seed; itself if it repeats none."""
    return name.partition(SEED_MARK)[0]


def repetition(name: str) -> int:
    """Which repetition ``name`` is: 1 for a variant under its plain name."""
    return int(name.partition(SEED_MARK)[2] or 1)


class Pair(Record):
    """A comparison that a question makes: a variant against a reference."""

    question: int
    variant: str
    reference: str


class Compared(NamedTuple):
    """What a question compares: the variants of a group, each with the reference."""

    question: int
    group: str
    reference: str


class Margin(NamedTuple):
    """Within which a difference of a metric is none: ``size`` is of the metric, or a share of its value."""

    size: float
    relative: bool = False


MARGINS: Mapping[str, Margin] = {"accuracy": Margin(0.01), "cross_entropy": Margin(0.05, relative=True)}


class SeedSearch(Record):
    """Further seeds spent on open comparisons: on which, within which budget, and why it ended."""

    budget_seconds: float | None
    pairs: tuple[Pair, ...]
    stopped: Literal["decided", "most", "budget", "interrupted"]


class Seeds(Record):
    """How often each variant is trained: ``count`` times, those in ``more`` so many times.

    ``auto`` if ``more`` is found by a search; ``written`` is what the experiments file says.
    """

    count: Times = 1
    more: dict[str, Times] = Field(default_factory=dict)
    auto: bool = False
    written: WrittenSeeds | None = None
    search: SeedSearch | None = None

    def of(self, name: str) -> int:
        """How often the variant ``name`` is to be trained."""
        return max(self.count, self.more.get(name, 1))


PrecisionName = Literal["float32", "bfloat16"]
Wanted = Literal["auto", "float32", "bfloat16"]


class Precision(Record):
    """In which numbers trainings compute: one for the whole plan, so that no comparison mixes two.

    ``asked`` by option or file; ``used`` is None while nothing decided, which is as float32. ``gain`` is how
    many times as fast bfloat16 was measured to be; ``written`` is what the experiments file says.
    """

    asked: Wanted = "auto"
    used: PrecisionName | None = None
    gain: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    written: Wanted | None = None

    @property
    def name(self) -> PrecisionName:
        """The one in force."""
        return self.used or "float32"


@dataclass(frozen=True)
class Author:
    """Who signs the report, and for which course."""

    names: tuple[str, ...]
    course: str
    group: str
    date: str
