"""What another process is started for ends with the one that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.program import all_ended, until

CALLER = "import subprocess, sys; subprocess.run([sys.executable, '-P', '-m', *sys.argv[1:]])"


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes in folders there")
@pytest.mark.parametrize("module", ["runner.practice.repeat", "runner.practice.states.again"])
def test_a_training_for_a_killed_caller_ends(module: str, tmp_path: Path) -> None:
    """It waits here for what it is to do, as it would train for minutes."""
    asked = tmp_path / "in.json"
    os.mkfifo(asked)
    caller = subprocess.Popen([sys.executable, "-c", CALLER, module, str(asked), str(tmp_path / "out.npz")])
    (child,) = until(psutil.Process(caller.pid).children)
    with asked.open("w", encoding="utf-8"):  # opened when it reads, and nothing is written
        caller.kill()
        caller.wait()
        assert all_ended([child])
