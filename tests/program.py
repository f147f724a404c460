"""The program as its users start it, and what its report says."""

from __future__ import annotations

import ctypes.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psutil
from pypdf import PdfReader

from runner import PROJECT_ROOT

# For what must happen, however slow the machine: such a limit only ends a hang.
HANG_SECONDS = 900


class Command(Protocol):
    """Runs ``python -m runner`` with these words."""

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]: ...


def command_line(*words: str, code: str | None = None) -> list[str]:
    """What starts the program, or ``code`` in its place, with these words."""
    return [sys.executable, *(("-m", "runner") if code is None else ("-c", code)), *words]


def run_program(*words: str) -> subprocess.CompletedProcess[str]:
    """The program to its end."""
    return subprocess.run(
        command_line(*words), cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=2 * HANG_SECONDS
    )


def start_program(*words: str, code: str | None = None, **environment: str) -> subprocess.Popen[str]:
    """The program, running; what it says is in its ``stderr``."""
    return subprocess.Popen(
        command_line(*words, code=code),
        cwd=PROJECT_ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def without_subset(folder: Path) -> dict[str, str]:
    """What to add to the environment of a process that is to find no HarfBuzz-Subset.

    The system's loader comes upon an empty file of that name first, and looks no further.
    """
    name = ctypes.util.find_library("harfbuzz-subset")
    assert name, "these tests need the library, to compare with and without"
    (folder / name).touch()
    return {"LD_LIBRARY_PATH": str(folder)}


def until(
    found: Callable[[], Any], seconds: float = HANG_SECONDS, process: subprocess.Popen[str] | None = None
) -> Any:
    """Wait for something to be true, while ``process`` runs; it is returned."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not happen"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
    return value


def all_ended(processes: Iterable[psutil.Process], seconds: float = HANG_SECONDS) -> bool:
    """Whether processes end within some time.

    Those that ended count, too, while what inherited them has not taken notice: with some machines' first
    process that takes minutes.
    """
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            return False
        psutil.wait_procs(alive, timeout=0.2)
    return True


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def report_text(build: Path) -> str:
    """All words of the report, with single spaces between."""
    pages = "\n".join(page.extract_text() for page in PdfReader(build / "report.pdf").pages)
    return " ".join(pages.replace("\N{NO-BREAK SPACE}", " ").split())


@contextmanager
def silent_port() -> Iterator[int]:
    """A port of this machine that refuses every connection, as long as the block lasts."""
    with socket.socket() as taken:  # and never listens
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
