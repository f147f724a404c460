"""The program as a command, and one finished smoke run that the tests of a group share."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol

import pytest

from tests.program import run_program


class Command(Protocol):
    """Runs ``python -m runner`` with these words."""

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def runner() -> Command:
    """The program."""
    return run_program


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished smoke run, in a folder whose name has a space and an accent."""
    folder = tmp_path_factory.mktemp("práctica 5") / "build"
    done = run_program("all", "--profile", "smoke", "--build-dir", str(folder), "--name", "Ana <b>Ñúñez</b>")
    assert done.returncode == 0, done.stderr
    return folder
