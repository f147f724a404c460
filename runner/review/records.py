"""What is compared of a report: one record of the whole, and one of each training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from runner.analysis.intervals import Interval, accuracy_interval
from runner.verify.records import ClaimRow

SEED = "seed"
PARAMETER = "parameter "  # before the name of a setting that is one
# Settings that the digits of a training hang on: where they are the same, its results may be, too. Code is
# not among them: a change may alter no digit. Nor are cores and system: only the threads take part.
DECISIVE = (SEED, "data", "precision", "processor", "threads", "gpus", "tensorflow", "keras")


@dataclass(frozen=True)
class Hits:
    """How many of ``cases`` were right."""

    right: int
    cases: int

    @property
    def interval(self) -> Interval:
        """The share, with Wilson's 95 % interval."""
        return accuracy_interval(self.right, self.cases)


@dataclass(frozen=True)
class Run:
    """One finished variant of a report.

    ``settings`` are what it was made with, by name. ``moments`` are its start and the seconds that its epochs
    took, as written; ``history`` what each epoch measured, without times. ``predictions`` are a hash for each
    set; ``cases`` is one of the test set's labels, in order. ``losses`` (n,), float32 in nats, and
    ``predicted`` (n,) are of the test images; None if there are none, or too many to be kept.
    """

    variant: str
    settings: Mapping[str, str]
    moments: tuple[str, ...] = ()
    history: tuple[float, ...] = ()
    hits: Mapping[str, Hits] = field(default_factory=dict)
    predictions: Mapping[str, str] = field(default_factory=dict)
    cases: str = ""
    losses: np.ndarray | None = field(default=None, repr=False, compare=False)
    predicted: np.ndarray | None = field(default=None, repr=False, compare=False)

    @property
    def recipe(self) -> tuple[tuple[str, str], ...]:
        """Its parameters without the seed, and its data: repetitions with other seeds have the same."""
        named = (pair for pair in self.settings.items() if pair[0].startswith(PARAMETER) or pair[0] == "data")
        return tuple(sorted(named))

    @property
    def decisive(self) -> Mapping[str, str]:
        """The settings that its digits hang on."""
        return dict(self.recipe) | {name: self.settings.get(name, "") for name in DECISIVE}


@dataclass(frozen=True)
class HandIn:
    """What a report brings to be compared.

    ``file`` is its path as it is shown. ``questions`` are how many have all their results, and how many there
    are; ``shown`` is the variant whose test accuracy stands for it. ``finished`` is the day of the last
    result. ``fault`` says why its experiments file can't be used, if so.
    """

    file: str
    sha256: str
    names: tuple[str, ...] = ()
    title: str = ""
    profile: str = ""
    questions: tuple[int, int] | None = None
    shown: str = ""
    finished: str = ""
    made_with: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    claims: tuple[ClaimRow, ...] = ()
    fault: str = ""

    @property
    def accuracy(self) -> Interval | None:
        """The test accuracy of ``shown``; None if it has none."""
        run = self.runs.get(self.shown)
        hits = run.hits.get("test") if run else None
        return hits.interval if hits else None

    def used(self, *settings: str) -> tuple[str, ...]:
        """The different values of settings of its trainings, each once."""
        found = (
            ", ".join(filter(None, (run.settings.get(name, "") for name in settings)))
            for run in self.runs.values()
            if run.history
        )
        return tuple(dict.fromkeys(value for value in found if value))
