"""The program as a command, and one finished smoke run that the tests of a group share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from runner import PROJECT_ROOT


class Command(Protocol):
    """Runs ``python -m runner`` with these words."""

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]: ...


def run_command(*words: str) -> subprocess.CompletedProcess[str]:
    """The program with these words, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "runner", *words],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
    )


@pytest.fixture(scope="session")
def runner() -> Command:
    """The program."""
    return run_command


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished smoke run, in a folder whose name has a space and an accent."""
    folder = tmp_path_factory.mktemp("práctica 5") / "build"
    done = run_command("all", "--profile", "smoke", "--build-dir", str(folder), "--name", "Ana <b>Ñúñez</b>")
    assert done.returncode == 0, done.stderr
    return folder
