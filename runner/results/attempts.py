"""The attempts at one variant: what an interrupted one left, and how long it lasted.

``build/checkpoints/<variant>/`` belongs to one key. It outlives the runner and goes when the variant is
finished. What it held of another key, or before ``--force``, is set aside until then: an attempt that comes
to nothing costs no epoch that was trained. Imports no TensorFlow.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from pydantic import ValidationError

from runner.build_folder import ATTEMPT_FILE, CHECKPOINT_FILE, SECONDS_FILE, is_of_attempt, root_of
from runner.files import Record, move, write_json
from runner.gate import kind, names_in, read_bytes, remove_file, remove_folder
from runner.results.finished import R

CHANGES_NO_DIGIT = True  # of a training: see code_closure
BEGAN = "RUNNER_BEGAN"  # time.monotonic() at the attempt's begin, which kernels of the machine share


class Attempt(Record):
    """One attempt at the run ``key``: cores, and how many there were before it, lasting how long.

    An attempt keeps the number of cores of the first one, since another rounds otherwise.
    """

    key: str
    threads: int
    interruptions: int = 0
    earlier_seconds: float = 0.0


class Seconds(Record):
    """How long an attempt had lasted when it last said so."""

    seconds: float


def begin(folder: Path, key: str, threads: int) -> Attempt:
    """Begin an attempt that goes on with what ``folder``, or what was set aside, holds of the same key.

    What it holds of another is set aside, if it is worth it.
    """
    before = _read(Attempt, folder / ATTEMPT_FILE)
    if before is not None and (before.key != key or not has_checkpoint(folder)):
        aside = _read(Attempt, _aside(folder) / ATTEMPT_FILE)
        if aside is not None and aside.key == key:
            _exchange(folder)
            before = aside
    if before is None or before.key != key:
        set_aside(folder)
        attempt = Attempt(key=key, threads=threads)
    else:
        spent = _read(Seconds, folder / SECONDS_FILE)
        earlier = before.earlier_seconds + (spent.seconds if spent else 0.0)
        more = {"interruptions": before.interruptions + 1, "earlier_seconds": earlier}
        attempt = before.model_copy(update=more)
    write_json(folder / ATTEMPT_FILE, attempt, root_of(folder))
    remove_file(folder / SECONDS_FILE, root_of(folder))
    return attempt


def note_seconds(folder: Path) -> None:
    """Keep how long this attempt has lasted; called by its kernel."""
    began = os.environ.get(BEGAN)
    if began:
        spent = Seconds(seconds=max(0.0, time.monotonic() - float(began)))
        write_json(folder / SECONDS_FILE, spent, root_of(folder))


def has_checkpoint(folder: Path) -> bool:
    """Whether some epoch was kept."""
    return kind(folder / CHECKPOINT_FILE, root_of(folder)) == "file"


def set_aside(folder: Path) -> None:
    """Empty the folder; if it holds a checkpoint, that is kept in the place of what was kept before."""
    if has_checkpoint(folder):
        _remove(_aside(folder))
        move(folder, _aside(folder), root_of(folder))
    _remove(folder)


def end_in_vain(folder: Path) -> None:
    """After a failure: without a checkpoint nothing of the attempt counts, and what was set aside is back."""
    if has_checkpoint(folder):
        return
    _remove(folder)
    if kind(_aside(folder), root_of(folder)) == "folder":
        move(_aside(folder), folder, root_of(folder))


def forget(folder: Path) -> None:
    """Remove all that the attempts left; raises OSError if that can't be done."""
    _remove(folder)
    _remove(_aside(folder))


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.aside")


def _exchange(folder: Path) -> None:
    """Put what was set aside back, and what is there aside, if it holds a checkpoint."""
    other = folder.with_name(f".{folder.name}.other")
    _remove(other)
    move(_aside(folder), other, root_of(folder))
    set_aside(folder)
    move(other, folder, root_of(folder))


def _remove(folder: Path) -> None:
    """Remove what attempts keep there, and the folder unless there is something else in it."""
    root = root_of(folder)
    left = names_in(folder, root)
    for name in filter(is_of_attempt, [*left]):
        remove_file(folder / name, root)
    if all(map(is_of_attempt, left)) and kind(folder, root) == "folder":
        remove_folder(folder, root)


def _read(form: type[R], path: Path) -> R | None:
    try:
        return form.model_validate_json(read_bytes(path, root_of(path.parent)))
    except (OSError, ValueError, ValidationError):
        return None
