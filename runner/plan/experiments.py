"""Reads the experiments file: strict, and with an error that names file, key and allowed values."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from runner import LOCALES, limits
from runner.build_folder import FILES, Outputs
from runner.errors import InputError
from runner.gate import read_given
from runner.plan.records import MOST_SEEDS, Margin, Wanted, WrittenSeeds

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # all but tab and line feed
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


def read_experiments(path: Path) -> Experiments:
    """The file's content, checked.

    Raises InputError naming file, key and allowed values for anything that does not fit.
    """
    experiments = _parse(path)
    _check_names(experiments, path)
    _check_seeds(experiments, path)
    for name in experiments.variants:
        lineage(experiments, name, path)
    return experiments


def _parse(path: Path) -> Experiments:
    try:
        text = read_given(path).decode("utf-8-sig")  # some editors put a mark first
        content = tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))
        _refuse_odd_values(content, "", path)
        # Through JSON, whose arrays pydantic accepts as tuples in strict mode.
        return Experiments.model_validate_json(json.dumps(content))
    except FileNotFoundError:
        hint = "give the experiments file with --plan"
        raise InputError("no such file", where=str(path), hint=hint) from None
    except tomllib.TOMLDecodeError as error:
        hint = "texts need quotes, lists brackets: notebooks/experiments.toml shows how"
        raise InputError(f"not valid TOML: {error}", where=str(path), hint=hint) from error
    except ValidationError as error:
        raise InputError(explain(error, Experiments), where=str(path)) from error
    except UnicodeDecodeError as error:
        what = f"cannot be read: not UTF-8 from byte {error.start} on"
        raise InputError(what, where=str(path), hint="save the file as UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, RecursionError) as error:  # a number of too many digits; brackets too deep
        what = f"not usable TOML: {str(error).split(';')[0]}"  # the rest is for programmers
        raise InputError(what, where=str(path)) from error


def _refuse_odd_values(value: Any, key: str, path: Path, depth: int = 0) -> None:
    """Raise InputError for what TOML can hold and JSON, in which everything is recorded, can't."""
    if depth > limits.TOML_DEPTH:
        raise InputError(f"nested more than {limits.TOML_DEPTH} deep", where=f"{path}: {key[:100]}...")
    if isinstance(value, dict):
        for name, each in value.items():
            _refuse_odd_values(each, f"{key}.{name}" if key else name, path, depth + 1)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _refuse_odd_values(each, f"{key}.{index}", path, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{value} is not a finite number", where=f"{path}: {key}")
    elif not isinstance(value, str | int | float):
        raise InputError(f"dates and times are not used here (found: {value})", where=f"{path}: {key}")
    elif isinstance(value, str) and CONTROL.search(value):
        raise InputError(f"control characters can't be printed (found: {value!r})", where=f"{path}: {key}")


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """The problems of ``error`` in one line each: key, what is wrong, what is allowed."""
    lines = []
    for problem in error.errors():
        key = prefix + ".".join(str(part) for part in problem["loc"] if part != "[key]")
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = f"unknown key; allowed: {', '.join(_siblings(model, problem['loc']))}"
        elif problem["type"] not in ("missing", "value_error") or isinstance(problem["input"], str):
            message += f" (found: {_shown(problem['input'])})"
        lines.append(f"{key}: {message}" if key else message)
    return "\n  ".join(lines)


def _shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, dict | list):
        return ("a table" if isinstance(value, dict) else "a list") + f" of {len(value)}"
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Keys allowed beside the unknown one at ``location``."""
    entries: dict[str, type[BaseModel]] = {
        "author": AuthorEntry,
        "profiles": ProfileEntry,
        "variants": VariantEntry,
        "notebooks": NotebookEntry,
        "compare": CompareEntry,
    }
    if "choose" in location:
        model = ChooseEntry
    elif "steps" in location:
        model = StepEntry
    elif location[0] == "ladder":
        model = LadderEntry
    elif len(location) > 1 and isinstance(location[0], str):
        model = entries.get(location[0], model)
    return sorted(model.model_fields)


def _check_names(experiments: Experiments, path: Path) -> None:
    variants, groups = experiments.variants, {v.group for v in experiments.variants.values()}
    if experiments.baseline is not None:
        _known(experiments.baseline, variants, path, "baseline")
    elif variants:
        raise InputError("needed, because there are variants", where=f"{path}: baseline")
    elif not experiments.notebooks:
        raise InputError("neither variants nor notebooks", where=str(path))
    for name in experiments.notebooks:
        if name in variants:
            raise InputError("a variant has the same name", where=f"{path}: notebooks.{name}")
    for name, variant in variants.items():
        if variant.extends is not None:
            _known(variant.extends, variants, path, f"variants.{name}.extends")
        for index, choice in enumerate(variant.choose):
            if len(set(choice.among)) < len(choice.among):
                raise InputError(
                    "names a variant twice", where=f"{path}: variants.{name}.choose.{index}.among"
                )
            for other in choice.among:
                _known(other, variants, path, f"variants.{name}.choose.{index}.among")
                if other == name or variants[other].choose:
                    problem = f"'{other}' depends on a choice itself"
                    raise InputError(problem, where=f"{path}: variants.{name}.choose.{index}.among")
    for name, notebook in experiments.notebooks.items():
        for other in notebook.needs:
            _known(other, variants, path, f"notebooks.{name}.needs")
        earlier = list(experiments.notebooks)[: list(experiments.notebooks).index(name)]
        for other in notebook.after:  # only what stands above, so that there is no cycle
            if other in experiments.notebooks and other not in {*groups, *earlier}:
                hint = "a notebook waits only for groups and for notebooks that stand above it"
                where = f"{path}: notebooks.{name}.after"
                raise InputError(f"'{other}' does not stand above '{name}'", where=where, hint=hint)
            _known(other, dict.fromkeys([*groups, *earlier]), path, f"notebooks.{name}.after")
    for index, compared in enumerate(experiments.compare):
        _known(compared.group, dict.fromkeys(groups), path, f"compare.{index}.group")
        if compared.reference is not None:
            _known(compared.reference, variants, path, f"compare.{index}.reference")
    if experiments.ladder is not None:
        _known(experiments.ladder.to, variants, path, "ladder.to")
        for index, step in enumerate(experiments.ladder.steps):
            if step.name in experiments.notebooks:
                raise InputError("a notebook has the same name", where=f"{path}: ladder.steps.{index}.name")
    for index, part in enumerate(experiments.handin):
        everything = variants | experiments.notebooks
        _known(part.notebook, everything, path, f"handin.{index}.notebook")


def _check_seeds(experiments: Experiments, path: Path) -> None:
    """Raise InputError for seeds of a variant that there is not."""
    places = {"seeds": experiments.seeds}
    places |= {f"profiles.{name}.seeds": each.seeds for name, each in experiments.profiles.items()}
    for key, seeds in places.items():
        for name in seeds if isinstance(seeds, dict) else ():
            _known(name, experiments.variants, path, key)


def _known(name: str, names: Mapping[str, Any], path: Path, key: str) -> None:
    if name not in names:
        raise InputError(
            f"'{name}' is not defined; defined: {', '.join(sorted(names))}", where=f"{path}: {key}"
        )


def lineage(experiments: Experiments, name: str, path: Path) -> list[str]:
    """``name`` and what it extends, the root first; raises InputError for a cycle or too long a chain."""
    line = [name]
    while (parent := experiments.variants[line[-1]].extends) is not None:
        if parent in line:
            circle = " -> ".join([*line, parent])
            raise InputError(f"a cycle: {circle}", where=f"{path}: variants.{name}.extends")
        line.append(parent)
        if len(line) > limits.LINEAGE:
            what = f"extends a variant that extends another, and so on: more than {limits.LINEAGE}"
            raise InputError(what, where=f"{path}: variants.{name}.extends")
    return line[::-1]
