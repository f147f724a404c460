"""Which epochs of a report's trainings can be trained again, and all that is needed for it, unpacked.

The PDF is read in another process, with limits, as ``verify`` does; none of it is run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.build_folder import EXPERIMENTS, PLAN_FOLDER
from runner.commands.request import Request, open_plan
from runner.errors import InputError, RunnerError
from runner.plan.practice import check_parameters, replay_of
from runner.plan.variants import templates_of
from runner.results.chain import Chain, kept_states, read_chain
from runner.results.finished import Finished, read_result
from runner.verify.checks import open_ours
from runner.verify.parcel import Parcel, unpack


@dataclass(frozen=True)
class Replayable:
    """One epoch (from 1) of a finished training; ``state`` is the file of what it begins with, if any."""

    found: Finished
    chain: Chain
    epoch: int
    state: Path | None
    practice: str

    @property
    def variant(self) -> str:
        """Whose epoch it is."""
        return self.found.result.variant

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"{self.variant}:{self.epoch}"


def replayable(pdf: Path, plan_path: Path, folder: Path) -> Iterator[Replayable]:
    """Unpack the report into ``folder``, and yield each epoch that can be trained again.

    Raises InputError, in a line, if there are none.
    """
    parcel, templates = unpacked(pdf, plan_path, folder)
    attached = folder / PLAN_FOLDER / EXPERIMENTS
    plan = open_plan(Request(build_dir=folder, plan_path=attached, templates=templates))
    able = False
    trained = 0
    for variant in plan.variants:
        with suppress(RunnerError):  # what is no record, or no chain, verify tells of
            found = read_result(folder / "results" / variant.name)
            if found.result.training is None:
                continue
            trained += 1
            if replay_of(variant.practice) is None:
                continue
            able = True
            check_parameters(variant.practice, found.result.parameters, variant.name)
            yield from epochs_of(found, variant.practice)
    if not trained:
        raise InputError("nothing was trained in it: no epoch can be trained again", where=str(pdf))
    if not able:
        name = plan.practice or "no practice"
        what = f"its practice ({name}) offers no replay: no epoch can be trained again"
        raise InputError(what, where=str(pdf), hint="runner/plan/practice.py says what it takes")
    if not any(name.endswith("chain.json") for name in parcel.attached):
        hint = "'all' of this version trains anew, with them"
        raise InputError("made by a version that kept no chains of states", where=str(pdf), hint=hint)


def epochs_of(found: Finished, practice: str) -> Iterator[Replayable]:
    """Each epoch of a training that can be trained again: the first, and those whose beginning is there."""
    chain = read_chain(found.folder)
    if chain is None or len(chain.links) != len(found.training.epochs):
        return
    yield Replayable(found, chain, 1, None, practice)
    for epoch, state in kept_states(found, chain).items():
        if 1 <= epoch < len(chain.links):
            yield Replayable(found, chain, epoch + 1, state, practice)


def unpacked(pdf: Path, plan_path: Path, folder: Path) -> tuple[Parcel, Path]:
    """The report, its listed attachments in ``folder``, and the templates of its practice.

    Raises InputError for a PDF without our attachments, of a newer version, and for one of another practice.
    """
    templates = templates_of(plan_path)
    parcel = open_ours(pdf, templates)
    try:
        if not parcel.manifest.files:
            raise RunnerError("lists no files")
    except RunnerError as error:
        raise InputError(f"no report of this program: {error}", where=str(pdf)) from error
    unpack(parcel, folder)
    attached = folder / PLAN_FOLDER / EXPERIMENTS
    try:
        tomllib.loads(attached.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"its experiments file can't be read: {error}", where=str(pdf)) from error
    return parcel, templates
