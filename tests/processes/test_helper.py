"""The process that helps: its answers, its faults, and its end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from runner import PROJECT_ROOT
from runner.errors import InputError, RunnerError
from runner.faults import tell, telling
from runner.language.i18n import speaking, tr
from runner.processes.helper import PREFIX, Helper
from runner.results.reasons import PENDING
from runner.results.study import MissingVariant
from tests.program import all_ended


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the other process find this module, wherever the tests are started."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))


def ready() -> None:
    """Nothing to import."""


def unready() -> None:
    raise InputError("a library is missing", hint="install it")


def some(word: str, number: int = 2) -> Iterator[tuple[int, str]]:
    """Ids of the process, and ``word`` in the language in force."""
    print("this is no answer")
    for _ in range(number):
        yield os.getpid(), tr(word)


def lost() -> Iterator[int]:
    tell(RunnerError("a file is damaged", where="values.json"))
    yield 1
    raise MissingVariant("batch-4", PENDING)


def dead() -> Iterator[int]:
    yield 1
    os._exit(7)


class Unreadable:
    """Nobody can make it again from what is sent."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


def unreadable() -> Iterator[Unreadable]:
    yield Unreadable()


class OfTwoParts(Exception):
    """Pickles keep the first part only, and can't make it again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)


def raising() -> Iterator[int]:
    yield 1
    raise OfTwoParts("a library's own", "words")


def leave(ended: bool) -> Iterator[int]:
    """What a library does that clears its temporary files away only at an orderly end."""
    tempfile.mkdtemp(prefix="library-")
    yield os.getpid()
    if not ended:
        time.sleep(10**6)


def ask_for_long() -> None:
    """What a test starts as a process, to kill it."""
    with Helper(ready) as helper:
        for pid in helper.call(leave, ended=False):
            print(pid, flush=True)


def test_answers_come_from_another_process() -> None:
    """In the same language, one after the other, and the process is gone in the end."""
    with speaking("en"), Helper(ready) as helper:
        answers = list(helper.call(some, "pérdida", number=3))
    assert [word for _, word in answers] == 3 * ["loss"]
    (pid,) = {pid for pid, _ in answers}
    assert pid != os.getpid() and not psutil.pid_exists(pid)


def test_faults_arrive_whole() -> None:
    """What is told there is told here, what is raised there is raised here, with its parts."""
    said: list[str] = []
    with telling(said.append), Helper(ready) as helper, pytest.raises(MissingVariant) as caught:
        list(helper.call(lost))
    assert said == ["warning: values.json: a file is damaged"]
    assert (caught.value.name, caught.value.reason) == ("batch-4", PENDING)


def test_what_can_not_be_prepared_is_said_when_asked() -> None:
    """Kind of error, hint and all."""
    with Helper(unready) as helper, pytest.raises(InputError, match="a library is missing") as caught:
        list(helper.call(lost))
    assert caught.value.hint == "install it"


def test_a_death_is_an_error() -> None:
    """Not an end of the answers."""
    with Helper(ready) as helper, pytest.raises(RunnerError, match="ended with 7"):
        list(helper.call(dead))


def test_an_answer_that_can_not_be_read_is_an_error() -> None:
    """Whatever reading it raises, and without waiting for a process that has no reason to end."""
    with Helper(ready) as helper, pytest.raises(RunnerError, match="can't be read: ValueError: invalid"):
        list(helper.call(unreadable))
    with Helper(ready) as helper, pytest.raises(RunnerError, match="OfTwoParts: a library's own"):
        list(helper.call(raising))


@pytest.mark.parametrize("whole", [True, False], ids=["to its end", "left in the middle"])
def test_its_temporary_files_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Whatever a library there leaves, and however it ends."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Helper(ready) as helper:
        answers = helper.call(leave, ended=whole)
        next(answers)
        assert len(list(tmp_path.glob("*/library-*"))) == 1
        list(answers if whole else ())
    assert not list(tmp_path.iterdir())


def test_without_a_temporary_folder_it_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(RunnerError, match="no temporary folder") as caught:
        Helper(ready)
    assert "TMPDIR" in str(caught.value) and "absent" in str(caught.value)


@pytest.mark.parametrize("end", [psutil.Process.kill, psutil.Process.terminate], ids=["killed", "terminated"])
@pytest.mark.parametrize("whom", ["asking", "helping"])
def test_it_does_not_outlive_whom_it_helps(
    tmp_path: Path, whom: str, end: Callable[[psutil.Process], None]
) -> None:
    """Killed outright, that one can't end it any more; nor does it leave anything then."""
    code = "from tests.processes import test_helper; test_helper.ask_for_long()"
    command, env = [sys.executable, "-c", code], os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout
        helper = psutil.Process(int(asking.stdout.readline()))
        assert list(tmp_path.glob("*/library-*"))
        end(psutil.Process(asking.pid) if whom == "asking" else helper)
    assert all_ended([helper])
    assert not list(tmp_path.iterdir())


def test_what_was_left_where_both_were_killed_is_swept_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else: not what one that lives has, nor what a link of somebody else's leads to."""
    code = "from tests.processes import test_helper; test_helper.ask_for_long()"
    command, env = [sys.executable, "-c", code], os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout
        helper = psutil.Process(int(asking.stdout.readline()))
        helper.suspend()  # so that it can't clear away for the one that is killed
        asking.kill()
        helper.kill()
    assert all_ended([helper])
    (left,) = tmp_path.iterdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lock").write_text("mine")
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Helper(ready) as first, Helper(ready) as second:
        assert not left.exists()
        assert [number for number, _ in first.call(some, "a", number=1)]
        assert [number for number, _ in second.call(some, "a", number=1)]
    assert (elsewhere / "lock").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", f"{PREFIX}link"}
