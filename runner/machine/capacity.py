"""How much of a machine, or of a cluster, variants may use."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import psutil

from runner.machine import container, ulimits
from runner.machine.gpus import visible_gpus

CHANGES_NO_DIGIT = True  # of a training: see code_closure
ROOT = container.ROOT
BYTES_PER_KERNEL = 3 * 2**30
LEAST_BYTES = 3 * 2**29  # with less, TensorFlow and a small training may not fit
RENDERING_BYTES = 2**29  # of a report that is rendered beside a kernel
LEAST_ADDRESSES = 4 * 2**30  # of one process: libraries ask for more than they use
LEAST_FILES = 256  # open in one process; a kernel has some 80
THREADS_PER_KERNEL = 64  # with what starts it
CELL_TIMEOUT_SECONDS = 6 * 3600  # a cell that hangs is ended; training is one cell


class Capacity(Protocol):
    """Kernels side by side, and cores of each."""

    @property
    def jobs(self) -> int:
        """Variants at once; a cluster's changes with its workers."""

    @property
    def share(self) -> int:
        """Cores of a kernel that others may run beside."""

    @property
    def whole(self) -> int:
        """Cores of a kernel that nothing can run beside."""

    @property
    def timeout_seconds(self) -> int | None:
        """Longest time of one cell."""


@dataclass(frozen=True)
class Limits:
    """The capacity of this machine.

    ``threads``, if given, is what each kernel gets, whatever else runs; with ``gpus``, each gets one of them.
    ``memory`` is what was free, in bytes; left out, there is enough.
    """

    jobs: int
    cores: int
    timeout_seconds: int | None = CELL_TIMEOUT_SECONDS
    threads: int | None = None
    gpus: tuple[str, ...] = ()
    memory: int | None = None

    @property
    def share(self) -> int:
        """Cores of a kernel that others may run beside."""
        return self.threads or max(1, self.cores // self.jobs)

    @property
    def whole(self) -> int:
        """Cores of a kernel that nothing can run beside."""
        return self.threads or self.cores

    @property
    def fitting(self) -> int:
        """How many kernels there is memory for; at least one is tried."""
        return self.jobs if self.memory is None else max(1, self.memory // BYTES_PER_KERNEL)

    @property
    def is_tight(self) -> bool:
        """Whether there may be no room for anything beside a kernel, not even for a report in the making."""
        return self.memory is not None and self.memory < BYTES_PER_KERNEL + RENDERING_BYTES


def default_limits(jobs: int | None, threads: int | None = None) -> Limits:
    """``jobs`` kernels, or as many as cores and free memory allow: one core each is fastest.

    ``threads`` gives every kernel so many cores, however many run: results don't depend on ``jobs`` then.
    With GPUs, no more than one kernel for each.
    """
    cores = usable_cores()
    memory = free_memory()
    fitting = max(1, memory // BYTES_PER_KERNEL)
    gpus = visible_gpus()
    if gpus:
        side_by_side = min(jobs or fitting, fitting, len(gpus))
    else:
        side_by_side = jobs or max(1, min(cores // (threads or 1), fitting))
    return Limits(side_by_side, cores, threads=threads, gpus=gpus, memory=memory)


def usable_cores() -> int:
    """Cores of this process, or those that its container's share of the processors is worth."""
    quota = container.cpu_quota(ROOT)
    return visible_cores() if quota is None else max(1, min(visible_cores(), math.ceil(quota)))


def visible_cores() -> int:
    """Cores that this process may run on; from Python 3.13 on, the user can say so (PYTHON_CPU_COUNT)."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes that new processes may take, of the machine and of the container's limit."""
    limited, free = container.memory(ROOT), int(psutil.virtual_memory().available)
    return free if limited is None else min(free, limited.left)


def whole_memory() -> int:
    """Bytes of the machine, or of the container's limit."""
    limited, whole = container.memory(ROOT), int(psutil.virtual_memory().total)
    return whole if limited is None else min(whole, limited.limit)


def warnings(limits: Limits) -> Iterator[str]:
    """What may make kernels end without a word, each with its remedy, before they start."""
    if short := shortage():
        yield short
    elif limits.memory is not None and limits.jobs > limits.fitting:
        needed = limits.jobs * BYTES_PER_KERNEL
        yield (
            f"memory may run short: {limits.memory // 2**20} MiB are free, and {limits.jobs} variants "
            f"at once may need {needed // 2**20} MiB; --jobs {limits.fitting} is safe"
        )
    files = ulimits.allow_open_files()
    if files is not None and files < LEAST_FILES:
        yield f"a process may open {files} files only, and a kernel may need {LEAST_FILES}; ulimit -n 1024"
    needed = limits.jobs * THREADS_PER_KERNEL
    allowed = (ulimits.processes_left(), container.process_limit(ROOT))
    left = min((each for each in allowed if each is not None), default=needed)
    if left < needed:
        yield (
            f"{left} more processes and threads may be started, and {needed} may be needed; raise the limit "
            "(ulimit -u, docker run --pids-limit)"
        )
    addresses = ulimits.addresses()
    if addresses is not None and addresses < LEAST_ADDRESSES:
        yield (
            f"a process may have {addresses // 2**20} MiB of addresses, and a kernel may need "
            f"{LEAST_ADDRESSES // 2**20} MiB; ulimit -v unlimited -d unlimited"
        )


def shortage() -> str:
    """A warning for the start of a run, if the memory may be too little for a single kernel; else empty."""
    free, limited = free_memory(), container.memory(ROOT)
    if free >= LEAST_BYTES:
        return ""
    least = f"a kernel may need {LEAST_BYTES // 2**20} MiB"
    if limited is not None and limited.left == free:
        return (
            f"memory is short: the limit of this container or session, {limited.limit // 2**20} MiB, leaves "
            f"{free // 2**20} MiB and {least}; if a variant dies, give it more (docker run --memory)"
        )
    return f"memory is short: {free // 2**20} MiB are free, and {least}; close other programs if it fails"
