"""Another process for some calls: it imports what they need before they come, and its memory ends with it.

So do its temporary files, of libraries that clear away only when they are left in peace to end; where both
were killed, the next one sweeps them.
Not ``multiprocessing``: a report rendered in the background is a daemon there, which may start nothing.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, ParamSpec, Self, TypeVar

from runner import faults
from runner.errors import RunnerError
from runner.language import i18n
from runner.processes import isolation, streams
from runner.processes.callers import end_with_caller
from runner.processes.interrupts import FROM_TERMINAL
from runner.processes.limits import Limits, limit_memory
from runner.processes.sockets import hold, sweep

P = ParamSpec("P")
T = TypeVar("T")
GIVEN, TOLD, RAISED, ENDED = "given", "told", "raised", "ended"  # kinds of answers
FOLDER = "TMPDIR"  # where Python looks first for the folder of temporary files
PREFIX = "practica-helper-"  # of the folder for temporary files; what killed ones left is swept by it


class HelperEnded(RunnerError):
    """The other process ended before its work was done; ``late`` if its time was over."""

    def __init__(self, what: str, late: bool = False) -> None:
        super().__init__(what)
        self.late = late


class Helper:
    """Another process that makes one call. Leaving the block ends it.

    ``prepare`` is a module's function that it calls at once, to import what the call needs. With ``limits``,
    it reads what somebody else made: it gets no more memory and time than that, and what libraries print of
    what they read goes nowhere.
    """

    def __init__(self, prepare: Callable[[], object], limits: Limits | None = None) -> None:
        self._folder = _temporary_folder()
        self._lock = hold(self._folder)
        given = [prepare.__module__, prepare.__qualname__, *([str(limits.memory)] if limits else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "runner.processes.helper", *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if limits else None,
            env=os.environ | {FOLDER: str(self._folder)},
        )
        self._late = False
        self._timer = threading.Timer(limits.seconds if limits else 0, self._end_late)
        self._timer.daemon = True
        if limits:
            self._timer.start()

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()

    def end(self) -> None:
        """End the other process, from whichever thread: what waits for its answers raises HelperEnded."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        with suppress(OSError):  # what was not sent is for nobody
            self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()

    def call(
        self, function: Callable[P, Iterator[T]], /, *arguments: P.args, **options: P.kwargs
    ) -> Iterator[T]:
        """Begin ``function``, a module's, and return what it yields, as it comes.

        Going through the answers raises what the function raises, and tells of what it tells.
        """
        request = (i18n.in_force(), function, arguments, options)
        assert self._process.stdin and self._process.stdout
        with suppress(BrokenPipeError), self._process.stdin as stream:  # if it ended, its answer says why
            pickle.dump(request, stream, pickle.HIGHEST_PROTOCOL)
        self._process.stdin = None
        return self._answers(self._process.stdout)

    def _answers(self, stream: BinaryIO | Any) -> Iterator[Any]:
        while True:
            try:
                kind, content = pickle.load(stream)
            except EOFError as error:
                code = self._process.wait()
                raise HelperEnded(f"a process that helps ended with {code}", self._late) from error
            except Exception as error:  # of whatever kind a pickle that can't be read raises
                self._process.kill()
                what = f"{type(error).__name__}: {error}"
                raise RunnerError(f"the answer of a process that helps can't be read: {what}") from error
            if kind == ENDED:
                return
            if kind == RAISED:
                raise content
            if kind == TOLD:
                faults.tell(content)
            else:
                yield content


class _Teller(logging.Handler):
    """Answers with the faults that are told here."""

    def __init__(self, answer: Callable[[str, Any], None]) -> None:
        super().__init__()
        self.answer = answer

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on."""
        self.answer(TOLD, RunnerError(record.getMessage()))


def _temporary_folder() -> Path:
    try:
        sweep(Path(tempfile.gettempdir()), PREFIX)
        return Path(tempfile.mkdtemp(prefix=PREFIX))
    except OSError as error:
        what, hint = f"no temporary folder: {error.strerror}", f"set {FOLDER} to a folder that can be written"
        raise RunnerError(what, where=error.filename, hint=hint) from error


def _leave(*_: object) -> None:
    """End for want of anybody who clears away what is left over."""
    shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
    os._exit(1)


def serve(module: str, name: str, memory: str = "") -> None:
    """Be the other process, for as long as the one that is helped lives."""
    if memory:
        limit_memory(int(memory))
    end_with_caller(_leave)
    for signum in FROM_TERMINAL:  # they are for the one that is helped
        signal.signal(signum, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)  # the one that is helped may be ending, too
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    streams.secure()
    isolation.look_away()

    def answer(kind: str, content: Any) -> None:
        pickle.dump((kind, content), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    with suppress(BrokenPipeError), faults.heard_by(_Teller(answer)):
        try:
            getattr(importlib.import_module(module), name)()
            locale, function, arguments, options = pickle.load(sys.stdin.buffer)
            i18n.put_in_force(locale)
            for result in function(*arguments, **options):
                answer(GIVEN, result)
            answer(ENDED, None)
        except EOFError:
            return  # nobody needs help any more
        except Exception as error:
            answer(RAISED, _portable(error))
    os._exit(0)  # millions of objects need not be cleared away one by one


def _portable(error: Exception) -> Exception:
    """The error, if another process can read it; else one with the same words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # of whatever kind
        return RunnerError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    serve(*sys.argv[1:])
