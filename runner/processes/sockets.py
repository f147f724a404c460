"""Where kernels' sockets are: in a short folder that only the user can enter, not on ports of the machine.

Whoever starts a kernel on ports chooses them, lets them go and tells the kernel, which binds them later; in
between any connection on the machine may get one, and the kernel dies (papermill#511, jupyter_client#154).
Sockets in a folder of one's own can't be taken, nor reached by other users, and need no network.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "practica-kernels-"
LOCK = "lock"  # held while the process that made the folder lives
AFTER_MULTIPROCESSING = -200  # it removes its own folder, which is in ours, at the priority -100
_held: list[FileLock] = []  # a lock without a reference would be let go
_folder: list[Path | None] = []  # this process's, once it is asked for or given
# A socket's path has at most 107 bytes on Linux and 103 on macOS; the longest below the folder is that of
# multiprocessing, since kernels' own are as short as "/4194304-ipc-5".
LONGEST_FOLDER = 103 - len("/pymp-abcdefgh/listener-abcdefgh")


def places() -> list[Path]:
    """Folders that may hold sockets, the user's own first; none on Windows: ZeroMQ has none there."""
    if sys.platform == "win32":
        return []
    given = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp", "/var/tmp"]
    return [Path(folder).absolute() for folder in dict.fromkeys(given) if folder]


def use(folder: Path | None) -> None:
    """Have this process keep its sockets where the one that started it does, which removes them."""
    _folder[:] = [folder]


def private_folder() -> Path | None:
    """The folder for sockets, of mode 0700, gone with the process that made it; None where none will do."""
    if not _folder:
        _folder.append(make_folder(places()))
        Finalize(None, discard, exitpriority=AFTER_MULTIPROCESSING)
    return _folder[0]


def discard() -> None:
    """Remove the folder, if there is one: for a process that ends at once, without Python's own ending."""
    for folder in filter(None, _folder):
        shutil.rmtree(folder, ignore_errors=True)


def make_folder(places: Sequence[Path]) -> Path | None:
    """A new folder in the first of ``places`` that sockets can be bound in."""
    for place in places:
        sweep(place)
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
            if len(os.fsencode(folder)) <= LONGEST_FOLDER and _holds_sockets(folder):
                return folder
            shutil.rmtree(folder, ignore_errors=True)
    return None


def _holds_sockets(folder: Path) -> bool:
    """Whether a socket can be bound and a lock held there: not on every network's or foreign file system."""
    path = folder / "try"
    try:
        lock = FileLock(folder / LOCK, blocking=False)
        lock.acquire()
        with socket.socket(socket.AF_UNIX) as tried:
            tried.bind(str(path))
        path.unlink()
        _held.append(lock)
    except (OSError, Timeout, NotImplementedError):
        return False
    return True


def sweep(place: Path, prefix: str = PREFIX) -> None:
    """Remove folders of processes that were killed, whose lock nobody holds; links lead nowhere."""
    with suppress(OSError):
        for lock in place.glob(f"{prefix}*/{LOCK}"):
            if not _is_own(lock):
                continue
            with suppress(OSError, Timeout), FileLock(lock, blocking=False):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _is_own(lock: Path) -> bool:
    """Whether folder and lock are what this user made: anybody may put a link to elsewhere beside them."""
    try:
        found = lock.parent.lstat(), lock.lstat()
    except OSError:
        return False
    user = os.geteuid() if hasattr(os, "geteuid") else found[0].st_uid
    return stat.S_ISDIR(found[0].st_mode) and stat.S_ISREG(found[1].st_mode) and found[0].st_uid == user


def hold(folder: Path) -> FileLock | None:
    """Hold a new folder's lock, so that nobody sweeps it away; None where there are no locks.

    It gets its name when it is held: no other process sees it before.
    """
    lock = FileLock(folder / f"{LOCK}.new", blocking=False)
    with suppress(OSError, Timeout, NotImplementedError):
        lock.acquire()
        with suppress(OSError):  # Windows renames no open file: nothing is swept there
            (folder / f"{LOCK}.new").rename(folder / LOCK)
        return lock
    return None


@contextmanager
def short_temporary_folder() -> Iterator[None]:
    """Have ``tempfile``, and with it multiprocessing's own socket, use the private folder in the block."""
    folder, before = private_folder(), tempfile.tempdir
    tempfile.tempdir = str(folder) if folder is not None else before
    try:
        yield
    finally:
        tempfile.tempdir = before
