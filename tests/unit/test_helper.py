"""The process that helps: its answers, its faults, and its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from runner import PROJECT_ROOT
from runner.errors import InputError, RunnerError
from runner.faults import tell, telling
from runner.helper import Helper
from runner.i18n import speaking, tr
from runner.study import MissingVariant
from tests.program import all_ended


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
    raise MissingVariant("batch-4", "falló")


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


def long() -> Iterator[int]:
    yield os.getpid()
    time.sleep(10**6)


def ask_for_long() -> None:
    """What a test starts as a process, to kill it."""
    with Helper(ready) as helper:
        for pid in helper.call(long):
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
    assert (caught.value.name, caught.value.reason) == ("batch-4", "falló")


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


def test_it_does_not_outlive_whom_it_helps() -> None:
    """Killed outright, that one can't end it any more."""
    code = "from tests.unit import test_helper; test_helper.ask_for_long()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout
        helper = psutil.Process(int(asking.stdout.readline()))
        asking.kill()
    assert all_ended([helper])
