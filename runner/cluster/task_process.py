"""A process that runs tasks one after another, for a Dask worker.

``python -m runner.cluster.task_process LOG`` is one.

A task needs a process of its own, since it sets environment variables that its kernel inherits. Dask's
workers are daemons, which multiprocessing allows no children, so this one talks through its standard
input and output. It stays for the next task (and with it the fork server that has TensorFlow imported)
and ends when it has nothing to do for a while, or with the worker.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from runner.errors import RunnerError
from runner.execute.task import Outcome, Task, import_path, run_task
from runner.machine.bfloat16 import lack_of_bfloat16
from runner.plan.practice import practice_of
from runner.processes import isolation, sockets
from runner.processes.pool import end_children, settle
from runner.results.reasons import PROCESS_DIED

IDLE_SECONDS = 60.0
Job = tuple[Task, tuple[str, ...], str | None, Mapping[str, str]]
Answer = tuple[Outcome | None, str]


class TaskProcess:
    """The worker's end: one such process, started at once."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "runner.cluster.task_process", str(self.log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=isolation.isolated(os.environ | {"PYTHONPATH": import_path()}),  # those of its account
            start_new_session=True,
        )

    def run(self, job: Job) -> Answer:
        """The outcome, or why this machine can't do it; that the process died is an outcome, too."""
        for _ in range(2):
            with suppress(OSError, EOFError):
                return self._ask(job)
            if self._process.wait() != 0:
                break
            self._process = self._start()  # it had ended by itself, idle, just before it was asked
        return Outcome(job[0].name, PROCESS_DIED, 0.0, exhausted=True), ""

    def _ask(self, job: Job) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(job, self._process.stdin)
        self._process.stdin.flush()
        try:
            answer: Answer = pickle.load(self._process.stdout)
        except (OSError, EOFError):
            raise
        except Exception as error:  # of whatever kind a pickle that can't be read raises
            self.end()
            raise EOFError from error
        return answer

    def end(self) -> None:
        """End it with its kernels."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None


def serve(log: Path) -> None:
    """Run what comes on standard input, until nothing comes for a while or the worker is gone."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    settle(log)
    jobs: Queue[Job] = Queue()
    threading.Thread(target=_listen, args=(asked, jobs.put), daemon=True).start()
    while True:
        try:
            job = jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            end_children()
            sockets.discard()
            os._exit(0)
        pickle.dump(_do(*job), answers)
        answers.flush()


def _listen(asked: IO[bytes], put: Callable[[Job], Any]) -> None:
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            put(pickle.load(asked))
    end_children(grace_seconds=0.5)
    sockets.discard()
    os._exit(1)


def _do(task: Task, data: tuple[str, ...], source: str | None, environment: Mapping[str, str]) -> Answer:
    os.environ.update(environment)
    lack = lack_of_bfloat16() if task.precision == "bfloat16" else ""
    if lack:
        return None, lack
    try:
        for name in data:
            _obtain(task.practice, name, source)
    except RunnerError as error:
        return None, str(error)
    return run_task(task), ""


@cache
def _obtain(practice: str, name: str, source: str | None) -> None:
    """Have the data in this machine's cache, checked; ``source`` counts where there is such a file."""
    found = practice_of(practice)
    if found is not None:
        there = source and Path(source).expanduser().exists()
        found.obtain(name, source if there else None, lambda text: None)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
