"""Runs one variant: its notebook through papermill in a folder of its own, then published whole.

``run_task`` is a plain function of a frozen record, so that any ``concurrent.futures.Executor`` can run
it. It returns an outcome and never raises for a fault of the notebook.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import site
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from runner import PROJECT_ROOT, kernel, made
from runner.build_folder import (
    EXECUTED,
    FAILURE_FILE,
    PROGRESS_FILE,
    RESULT_FILE,
    RESULTS,
    SEAL_FILE,
    TRAINING_FILE,
    WORK,
    checkpoint_folder,
    failed_notebook_of,
    notebook_of,
    result_folder,
    root_of,
    work_folder,
)
from runner.errors import InputError, RunnerError
from runner.execute.cause import cause_of, is_exhausted, is_unstarted
from runner.execute.cleaning import clean_notebook
from runner.execute.keys import as_it_ran, digest
from runner.files import beside, move, read_json, remove, write_json, write_text
from runner.gate import (
    REMOVE_IT,
    files_below,
    kind,
    make_folder,
    names_in,
    read_bytes,
    read_text,
    remove_file,
    remove_tree,
)
from runner.plan.practice import practice_of, precision_settings
from runner.plan.records import PrecisionName
from runner.processes import isolation
from runner.processes.forked_kernel import preload
from runner.results import attempts
from runner.results.attempts import Attempt
from runner.results.reasons import Reason
from runner.results.records import SCHEMA_VERSION, Failure, Result, Training
from runner.results.seal import broken, own_files, seal

OLD = ".{}.old"  # a result while another takes its place
FORMER = re.compile(r"\.(.+)\.old")


@dataclass(frozen=True)
class Task:
    """One variant, ready to run. ``inputs`` for papermill, ``parameters`` for the record."""

    name: str
    notebook: Path
    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]
    key_parts: Mapping[str, str]
    profile: str
    draft: bool
    plan: Path
    build_dir: Path
    threads: int
    timeout_seconds: int | None = None
    practice: str = ""
    precision: PrecisionName = "float32"

    @property
    def key(self) -> str:
        """Hash of all that the result depends on."""
        return digest(self.key_parts)

    @property
    def work_dir(self) -> Path:
        """Where the variant lives until it is finished."""
        return work_folder(self.build_dir, self.name)

    @property
    def checkpoint_dir(self) -> Path:
        """Where its kernel keeps what another attempt can go on from."""
        return checkpoint_folder(self.build_dir, self.name)


@dataclass(frozen=True)
class Outcome:
    """How a task ended: ``reason`` is None when it went well.

    ``exhausted``: memory may have run out, so that it may go well with nothing beside it. ``unstarted``: the
    kernel died before it ran a cell, which says nothing of the notebook.
    """

    name: str
    reason: Reason | None
    wall_seconds: float
    exhausted: bool = False
    unstarted: bool = False


def run_task(task: Task) -> Outcome:
    """Execute and publish one variant; a failure is recorded, not raised.

    An attempt of the same key that was cut off, or failed, is taken up where its last checkpoint left it.
    """
    started, clock = datetime.now(UTC), perf_counter()
    try:
        new_work_folder(task)
        attempt = attempts.begin(task.checkpoint_dir, task.key, task.threads)
        _execute(task, attempt)
        _publish(task, attempt, started, perf_counter() - clock)
        return Outcome(task.name, None, perf_counter() - clock)
    except Exception as error:  # whatever the notebook raised is the variant's failure, not ours
        reason = cause_of(error, task.work_dir)
        record_failure(task, reason, traceback.format_exc())
        seconds = perf_counter() - clock
        return Outcome(task.name, reason, seconds, is_exhausted(error), is_unstarted(error))


def _execute(task: Task, attempt: Attempt) -> None:
    from runner.execute.notebook import run_notebook  # papermill takes long to import

    practice = practice_of(task.practice)
    _set_environment(task, attempt, practice_settings(task.practice, task.precision))
    preload(practice.preloaded if practice else ())
    executed = task.work_dir / EXECUTED
    # In the notebook's folder, as Jupyter does: modules and files beside it are found.
    run_notebook(task.notebook, executed, task.inputs, task.notebook.parent, task.timeout_seconds)


def _set_environment(task: Task, attempt: Attempt, settings: Mapping[str, str]) -> None:
    """What the kernel, a child of this process, inherits."""
    isolation.forget_terminal()
    os.environ |= kernel_environment(attempt.threads, settings) | {
        kernel.OUTPUT: str(task.work_dir),
        kernel.BUILD: str(task.build_dir),
        kernel.CHECKPOINT: str(task.checkpoint_dir),
        kernel.KEY: task.key,
        attempts.BEGAN: str(monotonic()),
        kernel.PLAN: str(task.plan),
        kernel.PROFILE: task.profile,
    }


def practice_settings(practice: str, precision: str) -> dict[str, str]:
    """The variables of a practice's kernels, those of the precision among them."""
    found = practice_of(practice)
    return dict(found.settings if found else {}) | dict(precision_settings(practice, precision) or {})


def kernel_environment(threads: int, settings: Mapping[str, str]) -> dict[str, str]:
    """What every process that computes needs before its imports; ``settings`` are the practice's."""
    own = {
        kernel.THREADS: str(threads),
        "OMP_NUM_THREADS": str(threads),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONPATH": import_path(),
    }
    return isolation.FIXED | dict(settings) | own


def import_path() -> str:
    """PYTHONPATH for a child that is to import this very package, wherever it runs.

    Where Python looks by itself, nothing is added: site-packages would come before Python's own modules.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    looked = {Path(each).resolve() for each in (*site.getsitepackages(), site.getusersitepackages())}
    own = [] if PROJECT_ROOT in looked else [str(PROJECT_ROOT)]
    return os.pathsep.join(dict.fromkeys([*own, *filter(None, given)]))


def _publish(task: Task, attempt: Attempt, started: datetime, wall_seconds: float) -> None:
    """Move the finished variant to its place; the record is written last, before the move.

    Only then do its checkpoints go.
    """
    executed, root = task.work_dir / EXECUTED, task.build_dir
    parts = as_it_ran(task.key_parts, _rewrite_clean(executed, root), frozenset(task.inputs))
    remove_file(task.work_dir / PROGRESS_FILE, root)
    training = _read_training(task.work_dir, attempt)
    left = (path for path, _ in files_below(task.work_dir, root) if path != executed)
    record = Result(
        schema_version=SCHEMA_VERSION,
        variant=task.name,
        notebook=task.notebook.name,
        notebook_sha256=hashlib.sha256(read_bytes(executed, root)).hexdigest(),
        profile=task.profile,
        draft=task.draft,
        precision=task.precision,
        key=digest(parts),
        key_parts=parts,
        parameters=dict(task.parameters),
        started=started,
        finished=datetime.now(UTC),
        wall_seconds=attempt.earlier_seconds + wall_seconds,
        settings=isolation.deciding(os.environ),
        files=tuple(path.relative_to(task.work_dir).as_posix() for path in left),
        training=training,
    )
    write_json(task.work_dir / RESULT_FILE, record, root)
    seal(task.work_dir, but=EXECUTED)  # from here on it is finished, whatever happens
    _put_in_place(task.work_dir, task.build_dir)
    attempts.forget(task.checkpoint_dir)


def _put_in_place(work_dir: Path, build_dir: Path) -> None:
    """Move what is finished to its place; done again, it goes on where it was cut off."""
    name = work_dir.name
    if kind(work_dir / EXECUTED, build_dir) is not None:
        move(work_dir / EXECUTED, notebook_of(build_dir, name), build_dir)
    remove_file(failed_notebook_of(build_dir, name), build_dir)
    replace_folder(work_dir, result_folder(build_dir, name))


def recover(build_dir: Path) -> None:
    """Bring to its place what a run that was killed had finished; for who holds the build folder."""
    results, work = build_dir / RESULTS, build_dir / WORK
    for name in names_in(results, build_dir):
        if found := FORMER.fullmatch(name):
            old, target = results / name, results / found[1]
            if kind(target, build_dir) == "folder":
                _clear_away(old, target, build_dir)
            else:
                move(old, target, build_dir)
    for name, found_kind in names_in(work, build_dir).items():
        finished = found_kind == "folder" and SEAL_FILE in names_in(work / name, build_dir)
        if finished and not any(broken(work / name)):
            _put_in_place(work / name, build_dir)


def _read_training(folder: Path, attempt: Attempt) -> Training | None:
    """What the kernel measured, if it trained, with what earlier attempts spent on it."""
    path = folder / TRAINING_FILE
    root = root_of(folder)
    if kind(path, root) is None:
        return None
    training = Training.model_validate_json(read_bytes(path, root))
    remove_file(path, root)
    kept = sum(e.train_seconds + e.validation_seconds for e in training.epochs[: training.restored_epochs])
    return training.model_copy(
        update={
            "interruptions": attempt.interruptions,
            "earlier_seconds": attempt.earlier_seconds,
            "lost_seconds": max(0.0, attempt.earlier_seconds - kept),
        }
    )


def replace_folder(source: Path, target: Path) -> None:
    """Put ``source`` in the place of ``target``; an interruption leaves one of the two whole.

    What somebody else put into the former one is in the new one, then. Raises Strange for a link there.
    """
    root = root_of(target)
    made.record(root, target)  # with the folder that it is in, which is made next
    make_folder(target.parent, root)
    new = beside(source, target, root)  # while the former is still in its place
    old = target.with_name(OLD.format(target.name))
    if kind(target, root) is not None:
        _clear_away(old, target, root)
        make_folder(target, root)  # which it is, unless somebody else put a link or a file there
        move(target, old, root)
    move(new, target, root)
    remove(source, root)
    _clear_away(old, target, root)


def _clear_away(old: Path, target: Path, root: Path) -> None:
    """Remove the files that the program made in ``old``, and move those that it did not to ``target``."""
    if kind(old, root) != "folder":
        return
    for path in own_files(old):
        remove_file(path, root)
    for path, _ in list(files_below(old, root)):
        names = chain([path.name], (f"{path.name}.{number}" for number in count(2)))
        places = (target / path.relative_to(old).with_name(name) for name in names)
        move(path, next(each for each in places if kind(each, root) is None), root)
    remove_tree(old, root)  # of folders only


def new_work_folder(task: Task) -> None:
    """An empty work folder for the task; raises InputError for one that the program did not make."""
    discard_work_folder(task)
    if kind(task.work_dir, task.build_dir) is not None:
        raise InputError("was not made by this program", where=str(task.work_dir), hint=REMOVE_IT)
    made.record(task.build_dir, task.work_dir)
    make_folder(task.work_dir, task.build_dir)


def discard_work_folder(task: Task) -> None:
    """Remove the task's work folder with all that is in it, if the program made it."""
    if made.has(task.build_dir, task.work_dir):
        remove_tree(task.work_dir, task.build_dir)


def _rewrite_clean(path: Path, root: Path) -> list[Any]:
    """Leave out of an executed notebook what says nothing of the run; its cells."""
    content = read_json(read_text(path, root))
    clean_notebook(content)
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n", root)
    return list(content["cells"])


def record_failure(task: Task, reason: Reason, detail: str = "") -> None:
    """Leave the reason, in full its words if there are no others, and the notebook as far as it got.

    The result of an earlier run stays beside it: whether it is of the same inputs, their keys tell.
    Checkpoints stay for the next attempt; where there are none, nothing of this one counts for it. What
    can't be written, on a full disk say, is left out: the outcome tells the reason as well.
    """
    with suppress(RunnerError, OSError):
        _keep_notebook(task)
    discard_work_folder(task)  # before anything is written: the disk may be full
    with suppress(RunnerError, OSError):
        path = result_folder(task.build_dir, task.name) / FAILURE_FILE
        write_json(path, _failure(task, reason, detail), task.build_dir)
    with suppress(RunnerError, OSError):
        attempts.end_in_vain(task.checkpoint_dir)


def _keep_notebook(task: Task) -> None:
    """Move the notebook of a failed variant to where it can be looked at; that of its result stays."""
    executed = task.work_dir / EXECUTED
    if kind(executed, task.build_dir) is not None:
        move(executed, failed_notebook_of(task.build_dir, task.name), task.build_dir)


def _failure(task: Task, reason: Reason, detail: str) -> Failure:
    return Failure(
        schema_version=SCHEMA_VERSION,
        variant=task.name,
        key=task.key,
        reason=reason,
        detail=detail or str(reason),
        finished=datetime.now(UTC),
    )
