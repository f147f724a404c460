"""A module in a process of its own with the variables of a kernel, as trainings need it."""

from __future__ import annotations

import os
import subprocess
import sys

from runner.execute.task import kernel_environment, practice_settings
from runner.plan.records import PrecisionName

THREADS = 1


def in_own_process(
    module: str, *arguments: str, precision: PrecisionName = "float32", threads: int = THREADS
) -> str:
    """Run a module to its end; the last line that it prints. Raises CalledProcessError if it fails."""
    settings = practice_settings("runner.practice", precision)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | kernel_environment(threads, settings),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]
