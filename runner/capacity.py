"""How much of a machine, or of a cluster, variants may use."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Protocol

import psutil

from runner import container
from runner.gpus import visible_gpus

ROOT = container.ROOT
BYTES_PER_KERNEL = 3 * 2**30
LEAST_BYTES = 3 * 2**29  # with less, TensorFlow and a small training may not fit
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
    """

    jobs: int
    cores: int
    timeout_seconds: int | None = CELL_TIMEOUT_SECONDS
    threads: int | None = None
    gpus: tuple[str, ...] = ()

    @property
    def share(self) -> int:
        """Cores of a kernel that others may run beside."""
        return self.threads or max(1, self.cores // self.jobs)

    @property
    def whole(self) -> int:
        """Cores of a kernel that nothing can run beside."""
        return self.threads or self.cores


def default_limits(jobs: int | None, threads: int | None = None) -> Limits:
    """``jobs`` kernels, or as many as cores and free memory allow: one core each is fastest.

    ``threads`` gives every kernel so many cores, however many run: results don't depend on ``jobs`` then.
    With GPUs, no more than one kernel for each.
    """
    cores = usable_cores()
    fitting = max(1, free_memory() // BYTES_PER_KERNEL)
    gpus = visible_gpus()
    if gpus:
        return Limits(min(jobs or fitting, fitting, len(gpus)), cores, threads=threads, gpus=gpus)
    side_by_side = max(1, min(cores // (threads or 1), fitting))
    return Limits(jobs or side_by_side, cores, threads=threads)


def usable_cores() -> int:
    """Cores of this process, or those that its container's share of the processors is worth."""
    quota = container.cpu_quota(ROOT)
    return visible_cores() if quota is None else max(1, min(visible_cores(), math.ceil(quota)))


def visible_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes that new processes may take, of the machine and of the container's limit."""
    limited, free = container.memory(ROOT), int(psutil.virtual_memory().available)
    return free if limited is None else min(free, limited.left)


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
