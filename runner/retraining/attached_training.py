"""A training that a report attaches, as far as it takes to train it again elsewhere; read, never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.build_folder import EXPERIMENTS, PACKAGES_FILE, PLAN_FOLDER, RESULTS
from runner.commands.request import Request, open_plan
from runner.errors import InputError, RunnerError
from runner.packages import installed
from runner.plan.practice import check_parameters
from runner.plan.variants import Variant
from runner.results.finished import Finished, read_result
from runner.retraining.replayable import unpacked
from runner.verify.results import code_digest

LOCKED = re.compile(r"([a-z0-9][a-z0-9._-]{0,99})==([A-Za-z0-9!+._-]{1,60})")
DECIDING = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn")  # named first, where they differ


@dataclass(frozen=True)
class AttachedTraining:
    """One training of a report: its place in the plan, and its record.

    ``variant.notebook`` is the attached notebook; ``installed`` is the one of the same name beside the
    experiments file that whoever asks trusts, None unless its code means the same. ``versions`` says which
    packages are others here.
    """

    title: str
    profile: str
    draft: bool
    plan: Path
    variant: Variant
    found: Finished
    installed: Path | None
    versions: tuple[str, ...]


def attached_training(pdf: Path, plan_path: Path, folder: Path, name: str) -> Iterator[AttachedTraining]:
    """Unpack the report into ``folder``, and yield its training ``name``.

    Raises InputError for another PDF, for a name that is none of its trainings', and for a damaged record.
    """
    _, templates = unpacked(pdf, plan_path, folder)
    attached = folder / PLAN_FOLDER / EXPERIMENTS
    plan = open_plan(Request(build_dir=folder, plan_path=attached, templates=templates))
    trainings = {each.name: each for each in plan.variants if each.kind == "training"}
    variant = trainings.get(name)
    if variant is None:
        what = f"no training '{name}' in it; there are: {', '.join(trainings)}"
        raise InputError(what, where=str(pdf))
    try:
        found = read_result(folder / RESULTS / name)
        check_parameters(variant.practice, found.result.parameters, name)
    except RunnerError as error:
        raise InputError(f"'{name}' left nothing to compare with: {error.what}", where=str(pdf)) from error
    there = plan_path.parent / variant.notebook.relative_to(attached.parent)
    same = code_digest(there) is not None and code_digest(there) == code_digest(variant.notebook)
    yield AttachedTraining(
        title=plan.title,
        profile=plan.profile,
        draft=plan.draft,
        plan=attached,
        variant=variant,
        found=found,
        installed=there if same else None,
        versions=tuple(versions(folder / PACKAGES_FILE)),
    )


def versions(lock: Path) -> Iterator[str]:
    """How what is installed here is unlike the lines of a lock file; those that decide digits first."""
    try:
        text = lock.read_text(encoding="utf-8", errors="replace")
    except OSError:
        yield "the report tells of no versions"
        return
    here, there = installed(), dict(LOCKED.findall(text))
    for name in sorted(there, key=lambda each: (each not in DECIDING, each)):
        if name in here and here[name] != there[name]:
            yield f"{name} {there[name]} there, {here[name]} here"
        elif name not in here and name in DECIDING:
            yield f"{name} {there[name]} there, not installed here"
