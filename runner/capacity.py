"""How much of a machine, or of a cluster, variants may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

import psutil

from runner.gpus import visible_gpus

BYTES_PER_KERNEL = 3 * 2**30
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
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    fitting = max(1, psutil.virtual_memory().available // BYTES_PER_KERNEL)
    gpus = visible_gpus()
    if gpus:
        return Limits(min(jobs or fitting, fitting, len(gpus)), cores, threads=threads, gpus=gpus)
    side_by_side = max(1, min(cores // (threads or 1), fitting))
    return Limits(jobs or side_by_side, cores, threads=threads)
