"""Reads the experiments file: strict, and with an error that names file, key and allowed values."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from runner import limits
from runner.errors import InputError
from runner.gate import read_given
from runner.plan.entries import (
    LONGEST_SHOWN,
    AuthorEntry,
    ChooseEntry,
    CompareEntry,
    Experiments,
    LadderEntry,
    NotebookEntry,
    ProfileEntry,
    StepEntry,
    VariantEntry,
)

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # all but tab and line feed


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
