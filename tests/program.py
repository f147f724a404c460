"""The program as its users start it, and what its report says."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from runner import PROJECT_ROOT


def command_line(*words: str) -> list[str]:
    """What starts the program with these words."""
    return [sys.executable, "-m", "runner", *words]


def run_program(*words: str) -> subprocess.CompletedProcess[str]:
    """The program to its end."""
    return subprocess.run(
        command_line(*words), cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=1200
    )


def start_program(*words: str) -> subprocess.Popen[str]:
    """The program, running; what it says is in its ``stderr``."""
    return subprocess.Popen(
        command_line(*words),
        cwd=PROJECT_ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def until(
    found: Callable[[], Any], seconds: float = 300, process: subprocess.Popen[str] | None = None
) -> Any:
    """Wait for something to be true, while ``process`` runs; it is returned."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not happen"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
    return value


def report_text(build: Path) -> str:
    """All words of the report, with single spaces between."""
    pages = "\n".join(page.extract_text() for page in PdfReader(build / "report.pdf").pages)
    return " ".join(pages.replace("\N{NO-BREAK SPACE}", " ").split())
