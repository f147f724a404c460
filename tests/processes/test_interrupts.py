"""Ctrl-C: out of reach of processes that start, and counted once while it is being answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from runner import PROJECT_ROOT
from runner.commands.run import saying_failures
from runner.execute.task import Task, run_task
from runner.processes import interrupts
from runner.processes.interrupts import ENDING, FROM_TERMINAL, INTERRUPTED, SETTLING_SECONDS, _Once
from runner.processes.pool import is_tracker, make_executor, out_of_reach, uninterrupted
from runner.results.finished import read_failure
from runner.results.reasons import said
from tests.program import HANG_SECONDS

unix = pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")


def below() -> set[int]:
    return {c.pid for c in psutil.Process().children() if not is_tracker(c)}


@unix
@pytest.mark.parametrize("signum", sorted(FROM_TERMINAL))
def test_a_process_that_starts_is_out_of_reach(tmp_path: Path, signum: int) -> None:
    """It gets the signal before it could say that it wants none."""
    pool = make_executor(1, tmp_path / "no" / "such" / "log")
    before = below()
    future = pool.submit(os.getpid)
    (child,) = below() - before
    os.kill(child, signum)
    assert future.result(timeout=HANG_SECONDS) == child
    blocked = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result(timeout=HANG_SECONDS)
    assert signum not in blocked  # kernels inherit this
    pool.shutdown()


@unix
def test_for_this_thread_it_is_only_put_off() -> None:
    with pytest.raises(KeyboardInterrupt):
        with out_of_reach():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            here = True
        here = False
    assert here


@unix
@pytest.mark.parametrize("signum", ENDING)
def test_another_signal_does_not_cut_short_the_ending_of_processes(signum: int) -> None:
    heard: list[int] = []
    before = signal.signal(signum, lambda number, frame: heard.append(number))
    try:
        with uninterrupted():
            signal.raise_signal(signum)
        assert not heard
        signal.raise_signal(signum)
        assert heard == [signum]
    finally:
        signal.signal(signum, before)


def test_again_while_it_is_answered_it_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(interrupts, "monotonic", lambda: now)
    handler = _Once()
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGINT, None)
    now += SETTLING_SECONDS / 2
    handler(signal.SIGINT, None)
    now += SETTLING_SECONDS
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGINT, None)


def test_failures_are_told_whatever_else_goes_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError), saying_failures() as failed:
        failed["one"] = said("porque sí")
        raise OSError
    assert "failed: one: porque sí" in capsys.readouterr().err


def test_a_work_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    """It is recorded like what a notebook raises, and stops no other variant."""
    (tmp_path / "work").write_text("in the way", encoding="utf-8")
    task = Task("one", tmp_path / "none.ipynb", {}, {}, {}, "smoke", True, tmp_path / "plan", tmp_path, 1)
    outcome = run_task(task)
    assert outcome.reason
    failure = read_failure(tmp_path / "results" / "one")
    assert failure is not None
    assert failure.reason == outcome.reason


INTERRUPTED_IN_C = """
import ctypes
import sys
from runner import cli
from runner.__main__ import command_line
from runner.processes import interrupts

def main():
    run = ctypes.pythonapi.PyRun_String
    run.restype, run.argtypes = ctypes.py_object, (ctypes.c_char_p, ctypes.c_int, *[ctypes.py_object] * 2)
    run(b"raise KeyboardInterrupt", 257, {}, {})

cli.main = main
sys.exit(interrupts.calmly(command_line))
"""


@unix
def test_the_exit_code_holds_where_c_code_was_interrupted(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_IN_C)
    path = os.pathsep.join([str(tmp_path), str(PROJECT_ROOT)])
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "interrupted\n")


INTERRUPTED_IN_VAIN = """
import os
import signal
import sys
import time
from runner.processes import interrupts

class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGNAL)
        time.sleep(1)  # cut short, and what cuts it can go no further

def main():
    Last()
    time.sleep(300)

sys.exit(interrupts.calmly(lambda: main))
"""


@unix
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_comes_where_nothing_can_be_raised_is_heard(signum: signal.Signals) -> None:
    """Ctrl-C while an object is destroyed, or in a weak reference's callback: no traceback, and it ends."""
    code = INTERRUPTED_IN_VAIN.replace("SIGNAL", signum.name)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS / 2,
    )
    assert (done.returncode, done.stderr) == (128 + signum, "interrupted\n")


@unix
def test_what_else_can_not_be_raised_is_said() -> None:
    code = INTERRUPTED_IN_VAIN.replace("os.kill(os.getpid(), signal.SIGNAL)", "raise ValueError('seen')")
    code = code.replace("time.sleep(300)", "return 0")
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "ValueError: seen" in done.stderr


PARENT = """
import os
import time
import psutil
from runner.processes.pool import end_children

if os.fork() == 0:
    for _ in range(2000):  # until it is ended
        if os.fork() == 0:
            time.sleep(10**6)
            os._exit(0)
        time.sleep(0.002)
while len(psutil.Process().children(recursive=True)) < 50:
    time.sleep(0.002)
end_children()
"""


@unix
def test_none_is_left_that_starts_while_the_others_end(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    mark = {"PARENT_MARK": tmp_path.as_posix()}
    command = [sys.executable, str(tmp_path / "parent.py")]
    subprocess.run(
        command, env=os.environ | mark | {"PYTHONPATH": str(PROJECT_ROOT)}, check=True, timeout=HANG_SECONDS
    )
    assert not [p for p in psutil.process_iter() if runs_with(p, mark)]


EXECUTOR = """
import sys
import threading
import time
from pathlib import Path
from runner.processes.pool import closing, make_executor

if __name__ == "__main__":
    before = set(threading.enumerate())
    executor = make_executor(1, Path(sys.argv[1]))
    try:
        with closing(executor):
            executor.submit(time.sleep, 0).result()
            if sys.argv[2] == "interrupted":
                executor.submit(time.sleep, 10**6)
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    print(set(threading.enumerate()) - before)
"""


@unix
@pytest.mark.parametrize("how", ["finished", "interrupted"])
def test_an_executor_leaves_no_thread_to_end_beside_the_interpreter(tmp_path: Path, how: str) -> None:
    """A thread of its own that closes its pipe just when the interpreter writes to it makes a traceback."""
    (tmp_path / "executor.py").write_text(EXECUTOR)
    command = [sys.executable, str(tmp_path / "executor.py"), str(tmp_path / "kernels.log"), how]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def runs_with(process: psutil.Process, mark: dict[str, str]) -> bool:
    with suppress(psutil.Error):
        marked = mark.items() <= process.environ().items()
        return bool(marked and process.status() != psutil.STATUS_ZOMBIE)
    return False
