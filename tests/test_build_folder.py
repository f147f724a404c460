"""The build folder in one run's hands."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.build_folder import HOLDER_FILE, LOCK_FILE, held
from runner.cli import main
from runner.errors import InputError
from runner.locks import in_place_of


def refusing(number: int) -> Callable[..., None]:
    """A system call that always answers with this error, and names no file."""

    def call(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """What the system answers to whoever asks for a lock; its words."""
    monkeypatch.setattr(fcntl, "flock", refusing(request.param))
    return os.strerror(request.param)


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    """Whatever the next one has to do there; whole files stay."""
    half, whole = tmp_path / ".report.pdf.8497.tmp", tmp_path / "report.pdf"
    for path in (half, whole):
        path.write_bytes(b"%PDF")
    with held(tmp_path, wait=False, say=print):
        assert not half.exists()
        assert whole.exists() and (tmp_path / HOLDER_FILE).exists()
    assert not (tmp_path / HOLDER_FILE).exists()


@pytest.mark.parametrize("answer", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL], indirect=True, ids=str)
def test_without_locks_a_file_marks_the_folder(tmp_path: Path, answer: str) -> None:
    """As on some network file systems: it is said, another run is still refused, and the file goes."""
    said: list[str] = []
    marker = in_place_of(tmp_path / LOCK_FILE)
    with held(tmp_path, wait=False, say=said.append):
        assert marker.exists()
        with pytest.raises(InputError, match="another run is using") as refused, held(tmp_path, False, print):
            pass
    assert str(tmp_path) in str(refused.value)
    (note,) = said
    assert answer in note and str(tmp_path / LOCK_FILE) in note and marker.name in note
    assert not marker.exists()


def test_what_a_dead_process_marked_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves the file behind; this machine knows that it is dead."""
    code = (
        "import errno, fcntl, os, sys; from pathlib import Path; from runner.build_folder import held\n"
        "def refuse(*_): raise OSError(errno.ENOLCK, 'none')\n"
        "fcntl.flock = refuse\n"
        "with held(Path(sys.argv[1]), False, print): os._exit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=PROJECT_ROOT, check=False)
    assert done.returncode == 3 and in_place_of(tmp_path / LOCK_FILE).exists()
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    with held(tmp_path, wait=False, say=lambda text: None):
        assert (tmp_path / HOLDER_FILE).exists()


@pytest.mark.parametrize("answer", [errno.EIO], indirect=True, ids=str)
def test_another_fault_of_a_lock_is_told_with_the_file(
    tmp_path: Path, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system's own error names none."""
    (tmp_path / "report.pdf").touch()
    assert main(["clean", "--yes", "--build-dir", str(tmp_path)]) == 2
    assert f"{tmp_path / LOCK_FILE}: {answer}" in capsys.readouterr().err
    assert (tmp_path / "report.pdf").exists()
