"""Others' programs that read a Workflow Run RO-Crate, in an environment of their own beside the tests'.

``python -m tests.foreign_readers`` makes it, as ``tox`` does before the tests; without it they are skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from runner import PROJECT_ROOT

PACKAGES = PROJECT_ROOT / "tests" / "foreign_readers.txt"
VALIDATOR = PROJECT_ROOT / "tests" / "foreign_validator.py"
PLACE = PROJECT_ROOT / ".tox" / "foreign-readers"
MAKE = "python -m tests.foreign_readers"


def python() -> Path:
    """Its Python; skips the test if there is none."""
    found = PLACE / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    installed = PLACE / PACKAGES.name
    if not installed.exists() or installed.read_bytes() != PACKAGES.read_bytes():
        pytest.skip(f"the foreign readers are not there; to install them: {MAKE}")
    return found


def faults(crate: Path, profile: str) -> list[str]:
    """What roc-validator finds required and missing, a line each."""
    done = _run(VALIDATOR, str(crate), profile)
    return [": ".join(each) for each in json.loads(done.splitlines()[-1])]


def report(crate: Path) -> str:
    """What ``runcrate report`` prints."""
    return _run("-m", "runcrate.cli", "report", str(crate))


def _run(*words: str | Path) -> str:
    command = [python(), "-P", *words]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> None:
    """Make the environment, unless it is there with these packages."""
    installed = PLACE / PACKAGES.name
    if installed.exists() and installed.read_bytes() == PACKAGES.read_bytes():
        return
    venv.create(PLACE, clear=True, with_pip=True)
    pip = [PLACE / ("Scripts" if sys.platform == "win32" else "bin") / "python", "-m", "pip", "install", "-q"]
    if subprocess.run([*pip, "-r", PACKAGES]).returncode:
        print("the foreign readers can't be installed: tests that need them are skipped", file=sys.stderr)
        return
    installed.write_bytes(PACKAGES.read_bytes())


if __name__ == "__main__":
    main()
