"""Locks between processes, also on file systems that have none: there a file says who holds it.

The system frees the lock of a process that died. The file that takes its place names process and host, and
is taken over from a dead process of this host; one that another host left must be removed by hand.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

# What flock answers on some networks' and foreign file systems, whoever asks.
NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
HELD = ".held"  # ending of the file in place of a lock
MOMENT_SECONDS = 5.0  # how long to wait for who adds to a small file


@contextmanager
def locked(path: Path, busy: Callable[[], object], say: Callable[[str], object]) -> Iterator[None]:
    """Hold the lock ``path``. If another process does, ``busy`` is called, which may raise; then wait."""
    try:
        lock = _acquired(path, 0, say)
    except Timeout:
        busy()
        lock = _acquired(path, -1, say)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold the lock ``path`` for a moment; without, where the file system has none: for what may be lost.

    Raises OSError: TimeoutError if another process holds it for longer, and what else locking raises.
    """
    lock = FileLock(path)
    try:
        _hold(lock, MOMENT_SECONDS)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()


def _hold(lock: BaseFileLock, timeout: float) -> None:
    with warnings.catch_warnings():  # that there are no locks, where the system has no such call at all
        warnings.simplefilter("ignore")
        lock.acquire(timeout=timeout)


def _acquired(path: Path, timeout: float, say: Callable[[str], object]) -> BaseFileLock:
    lock: BaseFileLock = FileLock(path)
    try:
        _hold(lock, timeout)
    except Timeout:
        raise
    except OSError as error:
        if error.errno not in NO_LOCKS:
            error.filename = error.filename or str(path)  # flock's own error names no file
            raise
        marker = in_place_of(path)
        if timeout == 0:
            why = os.strerror(error.errno)
            say(
                f"note: {path}: the file system has no locks ({why}); the file {marker.name} takes its "
                "place: if this machine dies and another goes on, remove it by hand"
            )
        lock = SoftFileLock(marker)
        lock.acquire(timeout=timeout)
    return lock


def in_place_of(path: Path) -> Path:
    """The file that says who holds a lock where there are none."""
    return path.with_name(path.name + HELD)
