"""What is tried before a run, with the real program: a notebook is published; what fails trains nothing."""

from __future__ import annotations

import errno
import json
import multiprocessing.synchronize
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.build_folder import STAMP, TRIED
from runner.errors import RunnerError
from runner.processes.pool import make_executor
from tests.program import command_line, run_program

PLAN = PROJECT_ROOT / "docs" / "example" / "experiments.toml"
PRIVATE = ["unshare", "--user", "--map-root-user", "--mount"]  # mounts that nobody else sees


def words(command: str, build: Path) -> list[str]:
    return [command, "--plan", str(PLAN), "--build-dir", str(build)]


def test_a_run_whose_results_are_on_another_disk(tmp_path: Path, mount: Callable[[Path], Path]) -> None:
    """Tried first, then done, and of the trial nothing stays but the stamp."""
    build = tmp_path / "build"
    elsewhere = mount(build / "results")
    done = run_program(*words("all", build))
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "line" / "result.json").is_file() and (build / "report.pdf").is_file()
    assert [path.name for path in build.rglob(f"*{TRIED}*")] == [STAMP]
    assert [path.name for path in elsewhere.iterdir()] == ["line"]


def test_where_nothing_can_be_published_nothing_is_trained(tmp_path: Path) -> None:
    """The reason names the folder; it was found out after the training once."""
    build = tmp_path / "build"
    build.mkdir()
    (build / "notebooks").write_text("mine")
    done = run_program(*words("all", build))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "not even a notebook of one line" in done.stderr and str(build / "notebooks") in done.stderr
    assert "line: started" not in done.stderr
    assert (build / "notebooks").read_text() == "mine"
    assert json.loads((build / STAMP).read_text())["notebook"] == ""


def test_templates_that_can_not_be_printed_train_nothing(tmp_path: Path) -> None:
    """Bad input: exit code 2, and who was to sign is not remembered."""
    practice, build = tmp_path / "practice", tmp_path / "build"
    shutil.copytree(PLAN.parent, practice)
    (practice / "templates" / "report.css").write_text("p { colour: red }")
    plan = ("--plan", str(practice / PLAN.name), "--build-dir", str(build))
    done = run_program("all", *plan, "--name", "Luis")
    assert done.returncode == 2 and "colour: red" in done.stderr and "nothing was trained" in done.stderr
    assert "line: started" not in done.stderr
    assert not (build / "run.json").exists() and not list(build.glob("results/*"))


def private_mounts() -> bool:
    """Whether this user may have mounts of its own here."""
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([*PRIVATE, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not private_mounts(), reason="no mounts of one's own can be made here")
def test_without_a_shared_memory_that_can_be_written_it_says_what_to_do(tmp_path: Path) -> None:
    """Both by the run, which trains nothing, and by the doctor."""
    build = tmp_path / "build"
    mount = 'mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"'
    for command, code in (("all", 1), ("doctor", 1)):
        line = [*PRIVATE, "sh", "-c", mount, "sh", *command_line(*words(command, build))]
        done = subprocess.run(line, cwd=PROJECT_ROOT, capture_output=True, text=True)
        told = done.stderr + done.stdout
        assert done.returncode == code and "Traceback" not in told, told
        assert "/dev/shm: variants need processes" in told and os.strerror(errno.EROFS) in told
        assert "mount -t tmpfs" in told
    assert not list(build.glob("results/*"))


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is Linux's")
@pytest.mark.parametrize("answer", [errno.EACCES, errno.ENOENT, errno.ENOSPC, errno.ENOSYS], ids=os.strerror)
def test_whatever_the_system_answers(answer: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No permission, no folder, no room, no such call: its own error names no file."""

    def refuse(*_: object) -> None:
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(multiprocessing.synchronize._multiprocessing, "SemLock", refuse)  # type: ignore
    with pytest.raises(RunnerError) as refused:
        make_executor(1, tmp_path / "log")
    assert os.strerror(answer) in refused.value.what and refused.value.where == "/dev/shm"
    assert "mount -t tmpfs" in str(refused.value.hint)
