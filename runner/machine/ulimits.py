"""What ``ulimit`` leaves each process, set by a shell, a service or a batch system; Windows has no such."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import psutil

NO_LIMIT = 2**60
OPEN_FILES = 4096  # enough for everything, and no library has trouble with so many
MANY_PROCESSES = 10_000


def allow_open_files() -> int | None:
    """Raise the soft limit of open files as far as is useful and allowed; what it is then, None without one.

    Some systems start programs with 256, and shells with fewer.
    """
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems have another limit above
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return None if soft == resource.RLIM_INFINITY else soft


def addresses() -> int | None:
    """Bytes of addresses, or of data, that each process may have (``ulimit -v`` and ``-d``)."""
    if sys.platform == "win32":
        return None
    import resource

    found = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return min((limit for limit in found if 0 <= limit < NO_LIMIT), default=None)


def processes_left() -> int | None:
    """How many more processes and threads the user may have (``ulimit -u``); the administrator may any."""
    if sys.platform == "win32" or os.geteuid() == 0:
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if not 0 <= limit < MANY_PROCESSES:  # counting them takes time
        return None
    used = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            used += process.num_threads() if process.uids().real == os.getuid() else 0
    return max(0, limit - used)
