"""Whole processes, timed from start to end, with the largest memory of the first of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep

import psutil

from runner import PROJECT_ROOT
from tests.benchmarks.raw import Measurement

POLL_SECONDS = 0.05
SET_BY_US = ("TF_ENABLE_ONEDNN_OPTS", "OMP_NUM_THREADS", "KERAS_BACKEND", "PYTHONHASHSEED")


def run(
    command: Sequence[str | Path],
    log: Path,
    cwd: Path = PROJECT_ROOT,
    env: Mapping[str, str] | None = None,
    expected: Sequence[int] = (0,),
) -> Measurement:
    """Run a command to its end; its seconds and the largest resident megabytes of its own process.

    Raises SystemExit with the end of its output if it fails: a failure is no measurement.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in command]
    start = perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(
            words, cwd=cwd, env=plain_environment(env), stdout=file, stderr=file, stdin=subprocess.DEVNULL
        )
        peak = watch(process)
    seconds = perf_counter() - start
    if process.returncode not in expected:
        end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise SystemExit(f"not measured: {' '.join(words[:4])} ended with {process.returncode}\n{end}")
    return {"seconds": seconds, "megabytes": peak / 2**20}


def watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a process; the most resident bytes that it was seen with."""
    peak, seen = 0, psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.Error):  # it may have just ended
            peak = max(peak, seen.memory_info().rss)
        sleep(POLL_SECONDS)
    return peak


def runner(*arguments: str | Path) -> list[str | Path]:
    """The command line of this program."""
    return [sys.executable, "-m", "runner", *arguments]


def plain_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The user's environment, without what our own kernels set."""
    kept = {key: value for key, value in os.environ.items() if key not in SET_BY_US}
    return kept | {"PYTHONPATH": str(PROJECT_ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"} | dict(more or {})
