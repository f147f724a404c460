"""The attempts at one variant: what an interrupted one left, and how long it lasted.

``build/checkpoints/<variant>/`` belongs to one key. It outlives the runner and goes when the variant is
finished. Imports no TensorFlow.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from pydantic import ValidationError

from runner.errors import RunnerError
from runner.results import R, Record, write_json

CHECKPOINTS = "checkpoints"
ATTEMPT_FILE = "attempt.json"
SECONDS_FILE = "seconds.json"
INDEX_FILE = "checkpoint.json"
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
    """Begin an attempt that goes on with what ``folder`` holds of the same key; other things are removed."""
    before = _read(Attempt, folder / ATTEMPT_FILE)
    if before is None or before.key != key:
        forget(folder)
        attempt = Attempt(key=key, threads=threads)
    else:
        spent = _read(Seconds, folder / SECONDS_FILE)
        earlier = before.earlier_seconds + (spent.seconds if spent else 0.0)
        more = {"interruptions": before.interruptions + 1, "earlier_seconds": earlier}
        attempt = before.model_copy(update=more)
    write_json(folder / ATTEMPT_FILE, attempt)
    (folder / SECONDS_FILE).unlink(missing_ok=True)
    return attempt


def note_seconds(folder: Path) -> None:
    """Keep how long this attempt has lasted; called by its kernel."""
    began = os.environ.get(BEGAN)
    if began:
        write_json(folder / SECONDS_FILE, Seconds(seconds=max(0.0, time.monotonic() - float(began))))


def has_checkpoint(folder: Path) -> bool:
    """Whether some epoch was kept."""
    return (folder / INDEX_FILE).exists()


def forget(folder: Path) -> None:
    """Remove all that the attempts left; raises RunnerError if that can't be done."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise RunnerError("cannot be removed", where=str(folder), hint="remove it by hand")


def _read(kind: type[R], path: Path) -> R | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValueError, ValidationError):
        return None
