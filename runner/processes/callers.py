"""A process that works for the one that started it, and ends when that does, however it came to its end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import psutil

CHANGES_NO_DIGIT = True  # of a training: see code_closure
LOOK_SECONDS = 0.2  # between two looks at whether the caller still lives


def end_with_caller(leave: Callable[[], object] | None = None) -> None:
    """Watch the process that started this one from now on; when it is gone, ``leave``, and end.

    A killed process ends no child of its own.
    """
    threading.Thread(target=_watch, args=(os.getppid(), leave), daemon=True).start()


def _watch(caller: int, leave: Callable[[], object] | None) -> None:
    while os.getppid() == caller and psutil.pid_exists(caller):  # Windows keeps the number of a dead parent
        time.sleep(LOOK_SECONDS)
    if leave is not None:
        leave()
    os._exit(1)
