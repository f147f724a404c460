"""Processes of this machine that variants run in, and how they end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.queues import Queue
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

import psutil

from runner.errors import RunnerError
from runner.gate import Strange, opened_to_append
from runner.machine.gpus import only_gpu
from runner.processes import isolation
from runner.processes import sockets as kernel_sockets
from runner.processes.interrupts import ENDING, FROM_TERMINAL
from runner.processes.shared_server import SharedServer, share

P = ParamSpec("P")
T = TypeVar("T")
SHARED_MEMORY = Path("/dev/shm")  # where Linux keeps semaphores
SHARED_MEMORY_HINT = (
    f"{SHARED_MEMORY} must be a folder that this user can write to, with some room: as root, "
    f"'mount -t tmpfs -o mode=1777 tmpfs {SHARED_MEMORY}'; a container has one unless it was taken away"
)


def make_executor(jobs: int, log: Path, gpus: tuple[str, ...] = ()) -> Executor:
    """Processes that each run one variant at a time; what they and their kernels print goes to ``log``.

    Each takes one of ``gpus`` for itself; there are at least as many of them as jobs, or none.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    context = get_context("spawn")
    with _semaphores():
        queue = context.Queue() if gpus else None
        shared = SharedServer(context) if jobs > 1 and sys.platform == "linux" else None
        given = (log, queue, kernel_sockets.private_folder(), shared)
        pool = Pool(jobs, mp_context=context, initializer=settle_kernels, initargs=given)
    for gpu in gpus:
        assert queue is not None
        queue.put(gpu)
    return pool


@contextmanager
def _semaphores() -> Iterator[None]:
    """Say what is missing where the system has no semaphores; its own error names no file."""
    try:
        yield
    except (OSError, ImportError, NotImplementedError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        where, hint = (str(SHARED_MEMORY), SHARED_MEMORY_HINT) if sys.platform == "linux" else (None, None)
        what = f"variants need processes, and processes need semaphores, which can't be made here: {reason}"
        raise RunnerError(what, where=where, hint=hint) from error


class Pool(ProcessPoolExecutor):
    """Processes that no Ctrl-C of the terminal, nor its end, reaches, not even while they start."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a call; this is where processes start."""
        with out_of_reach():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def closing(executor: Executor) -> Iterator[None]:
    """End it with the block: at once if an error or an interrupt leaves the block."""
    try:
        yield
    except BaseException:
        end_at_once(executor)
        raise
    end(executor)


def end_at_once(executor: Executor) -> None:
    """End an executor and all processes below this one; Ctrl-C pressed again changes nothing."""
    with uninterrupted():
        end_children()
        end(executor)


def end(executor: Executor) -> None:
    """End an executor that has nothing more to do.

    Its own thread is waited for, too: one that comes to its end while the interpreter does closes a pipe that
    the interpreter still writes to, and that is a traceback (``concurrent.futures.process._python_exit``).
    """
    executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def out_of_reach() -> Iterator[None]:
    """Have processes that start in the block begin without a terminal's signals; ``settle`` makes it last.

    For this thread it is only put off to the block's end; a signal of the process may reach another.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    ensure_running()  # started in the block, multiprocessing's tracker would end its effect
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FROM_TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def settle_kernels(
    log: Path, gpus: Queue[str] | None, sockets: Path | None, shared: SharedServer | None
) -> None:
    """What ``settle`` does, for a process that starts kernels, with their sockets in ``sockets``.

    They are forks of a server that is ``shared``, or of one of its own.
    """
    kernel_sockets.use(sockets)
    share(shared)
    settle(log, gpus)


def settle(log: Path, gpus: Queue[str] | None = None) -> None:
    """Leave Ctrl-C and the like, which reach every process of the terminal, to the runner; print to ``log``.

    A worker outlives its runner by no more than a moment: another run may be started at once.
    """
    if gpus is not None:
        os.environ.update(only_gpu(gpus.get()))
    for signum in FROM_TERMINAL:
        signal.signal(signum, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FROM_TERMINAL)  # kernels inherit the mask
    threading.Thread(target=end_with_parent, daemon=True).start()
    with _opened(log) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    isolation.look_away()


def _opened(log: Path) -> IO[bytes]:
    """The log to append to; where it can't be written, nothing is worth losing a process for."""
    try:
        return opened_to_append(log)
    except (OSError, Strange):
        return Path(os.devnull).open("ab", buffering=0)


def end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end, with all its children."""
    parent = parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        end_children(grace_seconds=0.5)
        kernel_sockets.discard()
        os._exit(1)


def end_children(grace_seconds: float = 5.0) -> None:
    """Terminate every process below this one, kernels included.

    Only multiprocessing's resource tracker is spared: it ends by itself, and complains if it is killed.
    """
    children = held_children()
    for child in children:
        _quietly(child.terminate)
        _quietly(child.resume)
    _, alive = psutil.wait_procs(children, timeout=grace_seconds)
    for child in alive:
        _quietly(child.kill)


def held_children() -> list[psutil.Process]:
    """All processes below this one, each suspended.

    Suspended, none can start another that the list lacks, and that nobody would end.
    """
    held: set[psutil.Process] = set()
    while new := {c for c in psutil.Process().children(recursive=True) if not is_tracker(c)} - held:
        for child in new:
            _quietly(child.suspend)
        held |= new
    return list(held)


def is_tracker(process: psutil.Process) -> bool:
    """Whether this is multiprocessing's resource tracker."""
    try:
        return any("resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _quietly(action: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        action()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a second Ctrl-C, or the like, not cut short the ending of processes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.signal(signum, signal.SIG_IGN) for signum in ENDING}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
