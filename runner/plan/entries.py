"""What an experiments file may have: its parts and the values that each may take."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from runner import LOCALES
from runner.build_folder import FILES, Outputs
from runner.plan.records import MOST_SEEDS, Margin, Wanted, WrittenSeeds

METRIC = re.compile(r"[^\W\d_][\w-]*")
LONGEST_SHOWN = 80
NAMES = "1 to 40 of a-z, 0-9 and -, not - first"
RESERVED = {"aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def _usable(name: str) -> str:
    """A name that can be a folder's on every system."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ValueError(f"not a name: {NAMES}")
    if name in RESERVED:
        raise ValueError("a device's name on Windows, where no folder can be called so")
    return name


def _known_locale(name: str) -> str:
    if name not in LOCALES:
        raise ValueError(f"no locale '{name}'; there are: {', '.join(LOCALES)}")
    return name


def _usable_seeds(value: Any) -> Any:
    """How often variants are trained: one number for all, ``auto``, or a number for some."""
    numbers = list(value.values()) if isinstance(value, dict) else [1 if value == "auto" else value]
    if not all(type(each) is int and 1 <= each <= MOST_SEEDS for each in numbers):
        raise ValueError(f"a number from 1 to {MOST_SEEDS}, 'auto', or {{ VARIANT = number, ... }}")
    return value


Name = Annotated[str, AfterValidator(_usable)]
Locale = Annotated[str, AfterValidator(_known_locale)]
SeedsEntry = Annotated[WrittenSeeds, BeforeValidator(_usable_seeds)]
Questions = Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field(default=())]


class Strict(BaseModel):
    """A part of the experiments file: no unknown key, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AuthorEntry(Strict):
    """``[author]``: who signs."""

    names: tuple[str, ...] = ()
    course: str = ""
    group: str = ""
    date: str = ""


class ProfileEntry(Strict):
    """``[profiles.NAME]``: parameters that override every variant's, and a cap on epochs.

    ``seeds`` override the file's; without ``ladder``, the steps of the ladder are not trained.
    """

    draft: bool
    seeds: SeedsEntry | None = None
    ladder: bool = True
    max_epochs: Annotated[int, Field(ge=1)] | None = None
    parameters: dict[str, Any] = {}


class ChooseEntry(Strict):
    """``[[variants.NAME.choose]]``: parameters taken from the winner of some variants.

    ``reason`` says to readers why, of variants that can't be told apart, those named first are preferred.
    """

    label: str
    parameters: Annotated[tuple[str, ...], Field(min_length=1)]
    among: Annotated[tuple[Name, ...], Field(min_length=2)]
    reason: str = ""


class VariantEntry(Strict):
    """``[variants.NAME]``: a training run, as differences from the one it extends.

    ``data`` are files and folders that it reads, besides those of the one it extends.
    """

    label: str
    group: Name
    questions: Questions
    extends: Name | None = None
    notebook: str = "experiment.ipynb"
    data: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    choose: tuple[ChooseEntry, ...] = ()


class NotebookEntry(Strict):
    """``[notebooks.NAME]``: a notebook that trains nothing.

    ``needs`` are variants it can't do without; ``after`` are groups of variants, and notebooks above it,
    whose end it waits for; ``alone`` has it run with nothing beside it. ``data`` are files and folders
    that it reads.
    """

    label: str
    notebook: str
    questions: Questions
    needs: tuple[Name, ...] = ()
    after: tuple[Name, ...] = ()
    alone: bool = False
    data: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}


class HandinEntry(Strict):
    """``[[handin]]``: an executed notebook's part in the one to hand in, under a heading if given.

    ``cells`` may leave out the prose (``code``), or fold all away (``folded``), for who wants to see it.
    """

    notebook: Name
    heading: str = ""
    cells: Literal["all", "code", "folded"] = "all"


def _free(name: str) -> str:
    """A name for receipts, which no other file of the build folder has."""
    if f"{name}.json" in FILES:
        raise ValueError(f"{name}.json is another file of the build folder")
    return name


class OutputEntry(Strict):
    """``[output]``: names, without endings, of the notebook to hand in and of the message with it."""

    notebook: Name = Outputs().notebook
    message: Annotated[Name, AfterValidator(_free)] = Outputs().message


class CompareEntry(Strict):
    """``[[compare]]``: a question compares the variants of a group with a reference, the baseline if none."""

    question: Annotated[int, Field(ge=1, le=99)]
    group: Name
    reference: Name | None = None


class StepEntry(Strict):
    """``[[ladder.steps]]``: parameters that take the values of the ladder's last variant.

    ``name`` is that of the variant trained with them and with those of all the steps before. ``asked`` says
    that the practice's statement asks for this step.
    """

    name: Name
    label: str
    parameters: Annotated[tuple[str, ...], Field(min_length=1)]
    asked: bool = False


class LadderEntry(Strict):
    """``[ladder]``: from the baseline to the variant ``to``, one step at a time; the last step is ``to``."""

    question: Annotated[int, Field(ge=1, le=99)]
    to: Name
    steps: Annotated[tuple[StepEntry, ...], Field(min_length=2)]


def _known_metric(name: str) -> str:
    """A metric's name, as ``kernel.save_scores`` takes it."""
    if not METRIC.fullmatch(name):
        raise ValueError("not a metric: a letter, then letters, digits, _ and -")
    return name


def _margin(given: Any) -> Margin:
    """A number of the metric's unit, or ``{ relative = SHARE }`` of the reference's value."""
    relative = isinstance(given, dict) and given.keys() == {"relative"}
    size = given["relative"] if relative else given
    number = isinstance(size, int | float) and not isinstance(size, bool)
    if not number or size <= 0 or (relative and size >= 1):
        found = json.dumps(given, ensure_ascii=False)[:LONGEST_SHOWN]
        allowed = "a number above 0, or { relative = a share between 0 and 1 }"
        raise ValueError(f"needs {allowed}; found: {found}")
    return Margin(float(size), relative)


def _share_of_hits(margins: dict[str, Margin]) -> dict[str, Margin]:
    """Whoever writes 1 for a point means 0.01."""
    found = margins.get("accuracy")
    if found and not found.relative and found.size >= 1:
        raise ValueError(f"accuracy is a share: 0.01 is one point (found: {found.size:g})")
    return margins


MetricName = Annotated[str, AfterValidator(_known_metric)]
Margins = Annotated[dict[MetricName, Annotated[Any, AfterValidator(_margin)]], AfterValidator(_share_of_hits)]


class Experiments(Strict):
    """The whole file.

    ``templates`` is the report's folder, seen from this file; without it, the practice's own. ``baseline``
    is needed where variants train. ``data`` are files and folders that every notebook reads. ``practice`` is
    the module that knows the variants' parameters; ``compare`` says which of them questions compare.
    ``locale`` is the report's, unless a command asks for another. ``margins`` are the differences, by metric,
    within which variants are as good as equal: of the metric, or ``relative`` to the reference's value.
    """

    title: str
    practice: str = ""
    locale: Locale = "es_ES"
    baseline: Name | None = None
    templates: str | None = None
    data: tuple[str, ...] = ()
    seeds: SeedsEntry | None = None
    precision: Wanted | None = None
    author: AuthorEntry = AuthorEntry()
    profiles: dict[Name, ProfileEntry]
    variants: dict[Name, VariantEntry] = {}
    notebooks: dict[Name, NotebookEntry] = {}
    handin: tuple[HandinEntry, ...] = ()
    compare: tuple[CompareEntry, ...] = ()
    ladder: LadderEntry | None = None
    output: OutputEntry = OutputEntry()
    margins: Margins = {}

    def seeds_of(self, profile: str) -> WrittenSeeds | None:
        """The seeds of a profile: its own, or else the file's."""
        own = self.profiles[profile].seeds
        return self.seeds if own is None else own
