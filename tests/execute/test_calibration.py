"""What times a few steps sees the settings that the kernels will have."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from types import SimpleNamespace

import pytest

from runner.execute.calibration import measure_apart
from runner.practice import BFLOAT16, precisions

NAME = "tests.execute.test_calibration"


def tell(values: str, threads: int, sender: Connection) -> None:
    """In place of seconds: whether it was told to compute in bfloat16, and with how many threads."""
    sender.send((float(os.environ[BFLOAT16]), float(os.environ["OMP_NUM_THREADS"])))


@pytest.mark.xdist_group("kernels")
@pytest.mark.usefixtures("environment")
def test_each_process_computes_in_the_precision_that_it_is_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fork server keeps the variables with which it began: its forks need their own."""
    practice = SimpleNamespace(preloaded=(), costs=SimpleNamespace(time_steps=tell))
    monkeypatch.setattr("runner.execute.calibration.practice_of", lambda name: practice)
    asked = [("float32", 1), ("bfloat16", 1), ("float32", 2), ("bfloat16", 2)]
    found = [measure_apart(NAME, "{}", threads, precisions[name]) for name, threads in asked]
    assert found == [(0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (1.0, 2.0)]
