"""The process that trains an epoch again: what becomes of one that fails, or takes too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import limits
from runner.errors import InputError, RunnerError
from runner.plan.practice import Link
from runner.practice.states.again import train_again

VALUES = {
    "dataset": "digits",
    "validation_fraction": 0.25,
    "seed": 7,
    "filters": (4,),
    "dense": (8,),
    "loss": "categorical_crossentropy",
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 16,
    "epochs": 1,
}


def link(**environment: str) -> Link:
    return Link(VALUES, 1, None, 1, "float32", environment)


def test_an_epoch_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPLAY_SECONDS", 0.05)
    with pytest.raises(RunnerError, match="took longer than 0 seconds"):
        train_again(link())


def test_without_tensorflow_it_is_said_what_is_lacking(tmp_path: Path) -> None:
    text = "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')"
    (tmp_path / "tensorflow.py").write_text(text)
    with pytest.raises(InputError, match=r"needs what is not installed here: .*'tensorflow'"):
        train_again(link(PYTHONPATH=str(tmp_path)))


def test_a_process_that_fails_is_told_by_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("import sys\nsys.exit('no such device')")
    with pytest.raises(RunnerError, match="no such device"):
        train_again(link(PYTHONPATH=str(tmp_path)))
