"""What the end needs is tried at the beginning: a page is printed, and a notebook run, before any training.

Both take the very path of the report and of the variants, and leave nothing but a stamp: what was tried with
the same inputs on the same machine is not tried again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runner import PROJECT_ROOT
from runner.build_folder import (
    CHECKPOINTS,
    NOTEBOOKS,
    RESULTS,
    STAMP,
    TRIED,
    VALUES_FILE,
    WORK,
    held,
    notebook_of,
    result_folder,
    sweep,
)
from runner.errors import InputError, RunnerError
from runner.execute.task import Task, run_task
from runner.files import read_json, write_json
from runner.gate import kind, read_bytes
from runner.plan.variants import Plan
from runner.processes.helper import Helper
from runner.processes.pool import SHARED_MEMORY
from runner.report.printing.pdf import load_weasyprint
from runner.results.reasons import PROCESS_DIED, english_words

PACKAGES = ("tensorflow", "keras", "papermill", "nbclient", "jupyter_client", "ipykernel", "pyzmq")
LOG = f"{TRIED}.log"  # of a process that only this is tried in
HINT = "nothing was trained"
VALUES = {"rehearsal": 1}
CELL = f"from runner import kernel\n\nkernel.save_values({VALUES})"


@contextmanager
def trial_folder(build_dir: Path) -> Iterator[Path | None]:
    """A folder to try in for who only looks: the build folder, or one beside it that goes if there is none.

    None if a run is using the build folder.
    """
    with ExitStack() as stack:
        if not build_dir.is_dir():
            parent = next(folder for folder in build_dir.absolute().parents if folder.exists())
            made = tempfile.TemporaryDirectory(prefix=f"{TRIED}-", dir=parent)
            yield Path(stack.enter_context(made)).resolve()
            return
        try:
            stack.enter_context(held(build_dir, wait=False, say=lambda text: None))
        except InputError:
            yield None
            return
        yield build_dir.resolve()


def rehearse_page(plan: Plan, build_dir: Path, again: bool = False, own_code: bool = True) -> None:
    """Print a page as the report is printed, unless that was tried with the same inputs, or ``again``.

    Without ``own_code``, the practice's ``figures.py`` is not run, so a run will try the page again.
    Raises RunnerError for what is missing on this machine, InputError for what templates or texts lack.
    """
    from runner.commands.rehearsal_page import rehearsed  # with all that makes the report

    with Helper(load_weasyprint) as printer:
        known = "" if again else _stamped(build_dir, "page")
        (digest,) = printer.call(rehearsed, plan, build_dir, known, own_code)
    if own_code:
        _stamp(build_dir, "page", digest)


def rehearse_notebook(
    plan: Plan, build_dir: Path, executor: Executor, count: int, log: Path, again: bool = False
) -> None:
    """Run a notebook of one cell ``count`` times side by side and publish it, unless that was tried.

    So every process that variants will run in gets ready, which it would have to do anyway. Raises
    RunnerError, with what is known of the reason.
    """
    digest = _digest(plan, build_dir)
    if digest == _stamped(build_dir, "notebook") and not again:
        return
    try:
        notebook = build_dir / WORK / f"{TRIED}.ipynb"
        write_json(notebook, _notebook(), build_dir)
        tasks = [_task(plan, build_dir, notebook, number) for number in range(count)]
        _run(tasks, executor, log)
    finally:
        sweep(build_dir)
    _stamp(build_dir, "notebook", digest)


def _run(tasks: Sequence[Task], executor: Executor, log: Path) -> None:
    running = [executor.submit(run_task, task) for task in tasks]
    for task, future in zip(tasks, running, strict=True):
        try:
            reason = future.result().reason
        except BrokenProcessPool:
            reason = PROCESS_DIED
        if reason:
            hint = HINT if log.name == LOG else f"{log} has what it had to say; {HINT}"
            what = f"not even a notebook of one line can be run here: {english_words(reason)}"
            raise RunnerError(what, where=str(task.build_dir), hint=hint)
        path = result_folder(task.build_dir, task.name) / VALUES_FILE
        values = json.loads(read_bytes(path, task.build_dir))
        if values != VALUES or kind(notebook_of(task.build_dir, task.name), task.build_dir) is None:
            raise RunnerError("what a notebook leaves does not arrive", where=str(task.build_dir))


def _notebook() -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code", "execution_count": None, "id": "one", "metadata": {}, "outputs": [],
        "source": CELL,
    }  # fmt: skip
    kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": [cell], "metadata": {"kernelspec": kernelspec}, "nbformat": 4, "nbformat_minor": 5}


def _task(plan: Plan, build_dir: Path, notebook: Path, number: int) -> Task:
    return Task(
        name=f"{TRIED}-{number}",
        notebook=notebook,
        inputs={},
        parameters={},
        key_parts={"rehearsal": str(number)},
        profile=plan.profile,
        draft=plan.draft,
        plan=plan.path,
        build_dir=build_dir,
        threads=1,
        practice=plan.practice,
    )


def _stamped(build_dir: Path, of: str) -> str:
    """The hash of what was last tried; empty if nothing was."""
    try:
        return str(read_json(read_bytes(build_dir / STAMP, build_dir))[of])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _stamp(build_dir: Path, of: str, digest: str) -> None:
    found = {each: _stamped(build_dir, each) for each in ("page", "notebook")}
    write_json(build_dir / STAMP, found | {of: digest}, build_dir)


def _digest(plan: Plan, build_dir: Path) -> str:
    """Hash of what running a notebook depends on, whatever is in it: programs, folders, and this machine."""
    program = (platform.python_version(), sys.executable, *(f"{name} {version(name)}" for name in PACKAGES))
    places = [build_dir, *(build_dir / name for name in (WORK, RESULTS, NOTEBOOKS, CHECKPOINTS))]
    places += [Path(tempfile.gettempdir()), SHARED_MEMORY]
    state = (
        platform.node(),
        plan.path,
        [_state(place) for place in places],
        os.environ.get("XDG_RUNTIME_DIR"),
    )
    found = hashlib.sha256(repr((program, state)).encode())
    for path in sorted((PROJECT_ROOT / "runner").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def _state(place: Path) -> tuple[object, ...]:
    """Where a folder is, and whether it can be written to; one that a run makes is as if it were there."""
    there = next(path for path in (place, *place.parents) if path.exists())
    return str(place.resolve()), there.stat().st_dev, os.access(there, os.W_OK)
