"""The door to a practice: all that the engine asks of what it trains, and how one is named and found.

An experiments file names its practice: ``practice = "runner.practice"``, a module that is installed and has
what ``Practice`` lists. Without one, notebooks are run with the parameters that they declare, nothing is
known of their cost, and no library but those that they import decides their digits.

A whole small use, the file ``mine/__init__.py`` of an installed package::

    from pydantic import BaseModel

    class Parameters(BaseModel):
        depth: int = 3
        seed: int = 0

    parameters, packages, settings, preloaded = Parameters, ("scikit-learn",), {}, ()
    costs = None

    def refusal(values, draft):
        return "" if values["depth"] > 0 else "depth: must be more than 0"

    def derived(values):
        return {"leaves": 2 ** values["depth"]}

    def data_sets(values):
        return ()

    def texts():
        return ()
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from runner.errors import InputError
from runner.plan.experiments import explain

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import numpy as np

CHANGES_NO_DIGIT = True  # of a training: see code_closure
NEEDED = (  # of each; what obtains data sets only of one that names some
    "parameters", "packages", "settings", "preloaded", "costs", "refusal", "derived", "data_sets", "texts",
)  # fmt: skip


class Costs(Protocol):
    """Expected time of a training, for its place in the queue, the time left and a budget."""

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters on which the seconds for one case depend, in JSON's form."""

    def seconds(self, values: Mapping[str, Any], threads: int) -> float:
        """Seconds of a whole training with ``threads`` cores on a machine of an assumed speed."""

    def passes(self, values: Mapping[str, Any]) -> tuple[int, int]:
        """How many cases are trained on, and how many predicted, all epochs and evaluations together."""

    def case_seconds(self, cost: Mapping[str, Any], threads: int) -> tuple[float, float]:
        """Seconds of one case, to train and to predict, there; ``cost`` is what ``parameters`` gave."""

    def time_steps(self, values: str, threads: int, sender: Connection) -> None:
        """Send the same as measured here, or in words what went wrong; ``values`` as JSON."""


@dataclass(frozen=True)
class Link:
    """One epoch (from 1) of a training: its parameters ``values``, and the file of the ``state`` before it.

    Without a file it is the first epoch, which begins from the seed. ``environment`` are the variables in
    force in the training's kernel, which had so many ``threads``.
    """

    values: Mapping[str, Any]
    epoch: int
    state: Path | None
    threads: int
    precision: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Again:
    """What came of an epoch that was trained again: hashes of the states ``start`` and ``end``.

    ``curve`` are the learning rate at its end, and loss, cross-entropy and accuracy, of training and then of
    validation; ``predictions`` labels (n,), probabilities (n, classes) and cross-entropies (n,) of both sets
    by name, as a result's file has them; ``fitted`` the cross-entropy and accuracy of the training set after
    the last epoch, empty after others; ``environment`` is what a record says of where it was trained, in
    JSON's form.
    """

    start: str
    end: str
    curve: tuple[float, ...]
    predictions: Mapping[str, np.ndarray]
    fitted: tuple[float, ...]
    environment: Mapping[str, Any]


Replay = Callable[[Link, bool], Again]


class Practice(Protocol):
    """What the engine asks. ``values`` are the complete parameters of a variant, as JSON has them."""

    parameters: type[BaseModel]  # with the defaults; what doesn't fit is refused in its words
    packages: Sequence[str]  # installed ones whose versions decide digits
    settings: Mapping[str, str]  # variables that are in force in each kernel and decide digits
    precisions: Mapping[str, Mapping[str, str]]  # may be left out (see precision_settings)
    replay: Replay  # may be left out (see replay_of)
    preloaded: Sequence[str]  # modules that kernels begin with, imported once for all of them
    costs: Costs | None  # None: nothing is known, each variant is expected to take what it took

    def refusal(self, values: Mapping[str, Any], draft: bool) -> str:
        """What is wrong with parameters that fit one by one; empty if nothing is."""

    def derived(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What follows from the parameters and the report shows as one of them, by name."""

    def data_sets(self, values: Mapping[str, Any]) -> Sequence[str]:
        """Names of the data sets that a run reads, and that this practice can obtain."""

    def fingerprint(self, name: str) -> str:
        """A hash that identifies a data set, known without reading it."""

    def obtain(self, name: str, source: str | None, say: Any) -> None:
        """Have the data set at hand, from ``source`` (a path of the user's) or wherever it is published.

        Raises InputError if it can't be had.
        """

    def look_for(self, names: Iterable[str], source: str | None) -> tuple[str, str]:
        """Whether the data sets are at hand, in words, and what mends it if they can't be had."""

    def texts(self) -> Iterable[tuple[str, str]]:
        """Texts for readers that stand in no template and no call of ``tr``, each with where it stands."""


@cache
def practice_of(name: str) -> Practice | None:
    """The practice of that name; None for the empty one. Raises InputError if it is none."""
    if not name:
        return None
    try:
        module = import_module(name)
    except ImportError as error:
        what = f"no practice '{name}': {error}"
        raise InputError(what, where="practice", hint="name an installed module, or leave it out") from error
    lacking = [each for each in NEEDED if not hasattr(module, each)]
    if lacking:
        hint = "runner/plan/practice.py says what each is"
        raise InputError(f"the practice '{name}' has no {', '.join(lacking)}", where="practice", hint=hint)
    return cast("Practice", module)


def precision_settings(name: str, precision: str) -> Mapping[str, str] | None:
    """The variables that put a precision in force in the practice's kernels; None if it has no such one.

    A practice says so in ``precisions``, by the names ``float32`` and ``bfloat16``; one without it computes
    as its own code does, and nothing of it is in its keys.
    """
    found: Mapping[str, Mapping[str, str]] = getattr(practice_of(name), "precisions", {})
    return found.get(precision)


def replay_of(name: str) -> Replay | None:
    """What trains one epoch of the practice again; None of a practice that can't.

    Given a link, and whether to round otherwise than the training did (which measures how far machines may
    differ), it returns what came of it. It raises RunnerError where it can't, InputError where something is
    lacking here.
    """
    found: Replay | None = getattr(practice_of(name), "replay", None)
    return found


def costs_of(name: str) -> Costs | None:
    """What is known of the practice's times."""
    practice = practice_of(name)
    return None if practice is None else practice.costs


def allowed_parameters(name: str) -> Sequence[str] | None:
    """Names of the parameters of the practice's trainings; None if any will do."""
    practice = practice_of(name)
    return None if practice is None else sorted(practice.parameters.model_fields)


def check_parameters(name: str, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """All the parameters, defaults filled in; raises InputError naming key and allowed values."""
    practice = practice_of(name)
    if practice is None:
        return dict(values)
    try:
        found = practice.parameters.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise InputError(explain(error, practice.parameters), where=where) from error
    return found.model_dump(mode="json")


def data_sets_of(name: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the data sets that a run reads, as far as its practice knows."""
    practice = practice_of(name)
    return () if practice is None else tuple(practice.data_sets(values))
