"""The folder for kernels' sockets: short, private, gone with its process, and swept if that was killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.processes.sockets import LONGEST_FOLDER, PREFIX, make_folder, places, sweep

MAKE = """
import os, signal, sys
from pathlib import Path
from runner.processes import sockets as kernel_sockets
kernel_sockets.places = lambda: [Path(sys.argv[1])]
print(kernel_sockets.private_folder(), flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path, as pytest's are long."""
    return next(folder for folder in places() if len(str(folder)) < 20)


def make(place: Path, end: str) -> tuple[Path, int]:
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(place), end], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert PREFIX in done.stdout, done.stderr
    return Path(done.stdout.strip()), done.returncode


def test_it_is_private_and_goes_with_its_process(place: Path) -> None:
    folder, code = make(place, "ends")
    assert code == 0
    assert not folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_what_a_killed_process_left_is_swept_and_nothing_else(place: Path) -> None:
    mine = make_folder([place])
    assert mine is not None
    assert mine.stat().st_mode & 0o777 == 0o700
    left, code = make(place, "killed")
    assert code == -signal.SIGKILL
    assert left.exists()
    sweep(place)
    assert not left.exists()
    assert mine.exists()


def test_a_path_too_long_for_sockets_is_passed_over(tmp_path: Path, place: Path) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    found = make_folder([long, place])
    assert found is not None
    assert found.parent == place
    assert list(long.iterdir()) == []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(found / ("x" * (103 - LONGEST_FOLDER - 1))))


def test_where_nothing_can_be_bound_there_is_none(tmp_path: Path) -> None:
    assert make_folder([tmp_path / "missing"]) is None
    assert make_folder([]) is None
