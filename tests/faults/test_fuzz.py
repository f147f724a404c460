"""Two minutes of a fuzzer that follows branches, shared among the readers of ``verify`` and of records."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from tests.readers import READERS

SECONDS = 120
READ = (
    "report.pdf", "manifest", "claims", "executed notebook", "notebook", "experiments.toml", "run.json",
    "result.json", "values.json", "awaited.json", "predictions.npz", "scores.npz",
)  # fmt: skip
EACH = SECONDS // (len(READ) + 3)
LONGER = {"report.pdf": 4 * EACH}  # most of it is Python, and has most branches

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not here"),
]


def test_what_is_fuzzed_is_there() -> None:
    assert {*READ} <= READERS.keys()


@pytest.mark.parametrize("name", READ)
def test_nothing_but_refusals_is_found(name: str, tmp_path: Path) -> None:
    seconds = LONGER.get(name, EACH)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzz", name, str(seconds), str(tmp_path)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + 300,
    )
    crashes = {path.name: path.read_bytes()[:2000] for path in tmp_path.glob("*-*") if path.name != "good"}
    found = {name: each for name, each in crashes.items() if name.startswith(("crash", "timeout", "oom"))}
    assert done.returncode == 0 and not found, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{found}"
    assert len(list(tmp_path.iterdir())) > 1  # it found branches
