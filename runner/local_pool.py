"""Processes of this machine that variants run in, and how they end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.queues import Queue
from pathlib import Path

import psutil

from runner.gpus import only_gpu

KERNELS_LOG = "kernels.log"  # what they and their kernels have to say, in the build folder


def make_executor(jobs: int, log: Path, gpus: tuple[str, ...] = ()) -> Executor:
    """Processes that each run one variant at a time; what they and their kernels print goes to ``log``.

    Each takes one of ``gpus`` for itself; there are at least as many of them as jobs, or none.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    context = get_context("spawn")
    queue = context.Queue() if gpus else None
    for gpu in gpus:
        assert queue is not None
        queue.put(gpu)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=settle, initargs=(log, queue))


def settle(log: Path, gpus: Queue[str] | None = None) -> None:
    """Leave Ctrl-C, which reaches every process of the terminal, to the runner; print to ``log``.

    A worker outlives its runner by no more than a moment: another run may be started at once.
    """
    if gpus is not None:
        os.environ.update(only_gpu(gpus.get()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end, with all its children."""
    parent = parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        end_children(grace_seconds=0.5)
        os._exit(1)


def end_children(grace_seconds: float = 5.0) -> None:
    """Terminate every process below this one, kernels included.

    Only multiprocessing's resource tracker is spared: it ends by itself, and complains if it is killed.
    """
    children = [c for c in psutil.Process().children(recursive=True) if not is_tracker(c)]
    for child in children:
        _quietly(child.terminate)
    _, alive = psutil.wait_procs(children, timeout=grace_seconds)
    for child in alive:
        _quietly(child.kill)


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
    """Let a second Ctrl-C not cut short the ending of processes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
