"""A plan of two small trainings with every stream of random numbers in use."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from runner import PROJECT_ROOT
from runner.results.finished import Finished, read_result
from tests.program import HANG_SECONDS, all_ended, command_line
from tests.tiny_plan import GATE, shorten, variant, words, write_gate, write_plan

NAMES = ("good", "wide")
ONE_AT_A_TIME = ("--jobs", "1", "--threads", "1")


def write(folder: Path) -> Path:
    """The experiments file; its path."""
    wide = variant("wide", 2, "filters = [24, 16], epochs = 3")
    plan = write_plan(
        folder,
        wide,
        seed=3,
        filters=[16, 16],
        dense=[16],
        dropout=0.2,
        augmentation="flip-shift",
        learning_rate=0.001,
        batch_size=32,
        epochs=5,
    )
    write_gate(folder)
    return shorten(plan)


def log_of(build: Path) -> Path:
    """Where the program's news go: beside the build folder, unless that is on a disk of a test's own."""
    folder = build.parent.parent if build.parent.is_mount() else build.parent
    return folder / f"{build.name}.log"


def start(
    plan: Path,
    build: Path,
    *more: str,
    command: str = "all",
    gate: Path | None = None,
    flags: Sequence[str] = (),
    within: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start the program in a process group of its own, as a terminal would.

    With a ``gate`` each training stands still after its first epoch until ``open_gate`` lets it go. ``flags``
    are Python's own, and ``within`` is a command that starts the program.
    """
    running = ONE_AT_A_TIME if command in ("all", "run") else ()
    line = command_line(*words(command, plan, build, *running, *more))
    with log_of(build).open("w") as log:
        return subprocess.Popen(
            [*within, line[0], *flags, *line[1:]],
            cwd=PROJECT_ROOT,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
            env=os.environ | ({} if gate is None else {GATE: str(gate)}),
            preexec_fn=None if os.name == "nt" else heed_interrupts,
        )


def heed_interrupts() -> None:
    """Whatever started the tests may ignore Ctrl-C, as a script's background does, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def said(build: Path) -> str:
    """What the last run in the build folder printed."""
    return log_of(build).read_text(encoding="utf-8", errors="replace")


def imported(build: Path, module: str) -> bool:
    """Whether a run with the flag -X importtime has imported a module, and so begun to heed signals."""
    return any(line.split()[-1:] == [module] for line in said(build).splitlines())


def run(
    plan: Path, build: Path, *more: str, command: str = "all", timeout: float = HANG_SECONDS
) -> tuple[int, str]:
    """Run the program to its end: exit code and what it printed. Ends it if it would hang."""
    process = start(plan, build, *more, command=command)
    try:
        return process.wait(timeout), said(build)
    finally:
        process.kill()


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All processes below a run."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kernel(process: subprocess.Popen[str]) -> psutil.Process | None:
    """The kernel of a run: a process with a session of its own, below a worker.

    A report rendered in the background has one, too, but is the runner's own child.
    """
    for child in family(process):
        try:
            if os.getsid(child.pid) == child.pid and child.ppid() != process.pid:
                return child
        except (OSError, psutil.NoSuchProcess):
            continue
    return None


def checkpointed(build: Path, name: str) -> bool:
    """Whether an epoch of a variant was kept."""
    return (build / "checkpoints" / name / "checkpoint.json").exists()


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL the runner, and see that nothing of it remains."""
    below = family(process)
    process.send_signal(signal.SIGKILL)
    process.wait(HANG_SECONDS)
    assert all_ended(below)


def metrics(found: Finished) -> dict[str, Any]:
    """All digits that a training gave: evaluation and epochs, without times."""
    training = found.training
    times = {"train_seconds", "validation_seconds"}
    return {
        "evaluation": training.evaluation.model_dump(),
        "epochs": [epoch.model_dump(exclude=times) for epoch in training.epochs],
    }


def results(build: Path) -> dict[str, Finished]:
    """The finished variants."""
    return {name: read_result(build / "results" / name) for name in NAMES}


def all_metrics(build: Path) -> dict[str, dict[str, Any]]:
    """The digits of both trainings."""
    return {name: metrics(found) for name, found in results(build).items()}
