"""Everything that analysis, figures and report know of one batch of runs, loaded and frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from runner.errors import RunnerError
from runner.plan.records import (
    MARGINS,
    SEED_MARK,
    Author,
    Compared,
    Margin,
    Precision,
    Seeds,
    origin,
)
from runner.results.finished import Finished
from runner.results.reasons import PENDING, Reason, reason_words


class MissingVariant(RunnerError):
    """A result was asked for that is not there; ``name`` is the variant, ``reason`` says why."""

    def __init__(self, name: str, reason: Reason) -> None:
        super().__init__(reason_words(reason), where=name)
        self.name, self.reason = name, reason

    def __reduce__(self) -> tuple[type[MissingVariant], tuple[str, Reason]]:
        """How it goes from process to process."""
        return MissingVariant, (self.name, self.reason)


@dataclass(frozen=True)
class VariantInfo:
    """One planned variant or notebook; ``differences`` are its parameters unlike the baseline's.

    ``derived`` are values that its practice works out from them.
    """

    name: str
    label: str
    kind: Literal["training", "notebook"]
    questions: tuple[int, ...]
    group: str
    differences: Mapping[str, Any]
    parameters: Mapping[str, Any]
    derived: Mapping[str, Any] = field(default_factory=dict)

    @property
    def repeats(self) -> bool:
        """Whether it is another variant with another seed."""
        return SEED_MARK in self.name


@dataclass(frozen=True)
class Choice:
    """A factor of the best model, taken from the variant that won on validation data.

    ``among`` is in order of preference; ``top`` has the highest validation accuracy, ``tied`` are those
    not demonstrably worse than it, and ``winner`` is the first of ``among`` that is tied. ``reason``
    says why ``among`` is in this order.
    """

    label: str
    parameters: tuple[str, ...]
    among: tuple[str, ...]
    winner: str | None
    top: str | None
    tied: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Rung:
    """A step of the way from the baseline to the best model: ``name`` is the variant that it leads to.

    ``name`` is empty where a choice leads there that is not made yet. ``asked`` says that the statement asks
    for the step.
    """

    name: str
    label: str
    asked: bool


@dataclass(frozen=True)
class Study:
    """A plan and what is there of its results.

    ``missing`` maps names to a reason; the practice's variants that the plan leaves out are there too.
    ``failed_since`` are finished ones that were run once more, in vain, and why. Times are told in
    ``zone``; empty: as they were recorded. Differences within ``margins`` are none, by metric.
    """

    title: str
    profile: str
    draft: bool
    author: Author
    baseline: str
    variants: tuple[VariantInfo, ...]
    finished: Mapping[str, Finished]
    missing: Mapping[str, Reason]
    choices: tuple[Choice, ...]
    seeds: Seeds = field(default_factory=Seeds)
    zone: str = ""
    failed_since: Mapping[str, Reason] = field(default_factory=dict)
    compare: tuple[Compared, ...] = ()
    ladder: tuple[Rung, ...] = ()
    precision: Precision = field(default_factory=Precision)
    margins: Mapping[str, Margin] = field(default_factory=lambda: MARGINS)

    def reference(self, question: int, group: str) -> str:
        """What a question compares the variants of a group with; the baseline, unless the plan says other."""
        for each in self.compare:
            if (each.question, each.group) == (question, group) and each.reference:
                return each.reference
        return self.baseline

    def info(self, name: str) -> VariantInfo:
        """The planned variant ``name``.

        Raises MissingVariant for one of the practice's that this plan leaves out, and RunnerError for a
        name that nobody knows.
        """
        if name in self._by_name:
            return self._by_name[name]
        if name in self.missing:
            raise MissingVariant(name, self.missing[name])
        raise RunnerError("no such variant in the plan", where=name)

    def label(self, name: str) -> str:
        """What the variant is called in the report; its name if the plan leaves it out."""
        return self._by_name[name].label if name in self._by_name else name

    def get(self, name: str) -> Finished:
        """The finished variant ``name``; raises MissingVariant if it is not there."""
        if name in self.finished:
            return self.finished[name]
        raise MissingVariant(name, self.missing.get(name, PENDING))

    def has(self, name: str) -> bool:
        """Whether the variant is finished."""
        return name in self.finished

    def available(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are finished, in the same order."""
        return tuple(name for name in names if name in self.finished)

    def group(self, group: str) -> tuple[str, ...]:
        """Names planned in ``group``, in the order of the plan; repetitions left out."""
        return tuple(v.name for v in self.variants if v.group == group and not v.repeats)

    def by_precision(self, names: Iterable[str]) -> dict[str, list[str]]:
        """The finished trainings of ``names``, every seed of them, by the precision that they computed in."""
        found: dict[str, list[str]] = {}
        for run in (run for name in names for run in self.runs(origin(name))):
            if self.get(run).result.training is not None:
                found.setdefault(self.get(run).result.precision, []).append(run)
        return found

    def runs(self, name: str) -> tuple[str, ...]:
        """The finished trainings of the variant ``name``, one a seed; the first has the plain name."""
        return self.available(self._repetitions.get(name, ()))

    # Looked up for every number of the report: with thousands of variants, searching would take minutes.
    @cached_property
    def _by_name(self) -> dict[str, VariantInfo]:
        return {variant.name: variant for variant in self.variants}

    @cached_property
    def _repetitions(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for variant in self.variants:
            found.setdefault(origin(variant.name), []).append(variant.name)
        return found
