"""Limits of memory and time for a process that reads what somebody else made."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """``memory`` in bytes for each of its processes (where systems know such limits), ``seconds`` in all."""

    memory: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.memory / GIB:.3g} GiB of memory or {self.seconds:.0f} seconds"


def limit_memory(size: int) -> None:
    """Have this process, and those that it starts, take no more than ``size`` bytes each for their data.

    Not the address space: threads reserve much of it that they never use. Systems without such a limit, or
    with a lower one, stay as they are.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    kind = resource.RLIMIT_DATA
    soft, hard = resource.getrlimit(kind)
    lower = [limit for limit in (soft, hard, size) if limit != resource.RLIM_INFINITY]
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (min(lower), hard))
