"""Everything that analysis, figures and report know of one batch of runs, loaded and frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runner.errors import RunnerError
from runner.results import Finished

PENDING = "pendiente: todavía no se ha ejecutado"
NOT_PLANNED = "no está en el fichero de experimentos"


class MissingVariant(RunnerError):
    """A result was asked for that is not there; ``name`` is the variant, ``reason`` says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason, where=name)
        self.name, self.reason = name, reason


@dataclass(frozen=True)
class VariantInfo:
    """One planned variant or notebook; ``differences`` are its parameters unlike the baseline's."""

    name: str
    label: str
    kind: Literal["training", "notebook"]
    questions: tuple[int, ...]
    group: str
    differences: Mapping[str, Any]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Author:
    """Who signs the report, and for which course."""

    names: tuple[str, ...]
    course: str
    group: str
    date: str


@dataclass(frozen=True)
class Choice:
    """A factor of the best model, taken from the variant that won on validation data.

    ``among`` is in order of preference; ``top`` has the highest validation accuracy, ``tied`` are those
    not demonstrably worse than it, and ``winner`` is the first of ``among`` that is tied.
    """

    label: str
    parameters: tuple[str, ...]
    among: tuple[str, ...]
    winner: str | None
    top: str | None
    tied: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """A plan and what is there of its results.

    ``missing`` maps names to a reason in Spanish; the practice's variants that the plan leaves out are
    there too.
    """

    title: str
    profile: str
    draft: bool
    author: Author
    baseline: str
    variants: tuple[VariantInfo, ...]
    finished: Mapping[str, Finished]
    missing: Mapping[str, str]
    choices: tuple[Choice, ...]

    def info(self, name: str) -> VariantInfo:
        """The planned variant ``name``.

        Raises MissingVariant for one of the practice's that this plan leaves out, and RunnerError for a
        name that nobody knows.
        """
        for variant in self.variants:
            if variant.name == name:
                return variant
        if name in self.missing:
            raise MissingVariant(name, self.missing[name])
        raise RunnerError("no such variant in the plan", where=name)

    def label(self, name: str) -> str:
        """What the variant is called in the report; its name if the plan leaves it out."""
        return next((v.label for v in self.variants if v.name == name), name)

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
        """Names planned in ``group``, in the order of the plan."""
        return tuple(variant.name for variant in self.variants if variant.group == group)
