"""A plan of a few small trainings on scikit-learn's digits, for tests that run the real program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from runner import PROJECT_ROOT

HEAD = """
title = "Ensayo"
baseline = "good"
[profiles.smoke]
draft = true
[variants.good]
label = "buena"
group = "baseline"
questions = [1]
[variants.good.parameters]
dataset = "digits"
validation_fraction = 0.25
seed = 1
filters = [4]
dense = [8]
loss = "categorical_crossentropy"
optimizer = "adam"
learning_rate = 0.01
batch_size = 64
epochs = 2
"""
FOOT = """
[[handin]]
notebook = "good"
"""


def variant(name: str, question: int, parameters: str) -> str:
    """One more variant, as it stands in an experiments file."""
    return f"""
[variants.{name}]
label = "variante {name}"
group = "more"
questions = [{question}]
extends = "good"
parameters = {{ {parameters} }}
"""


def write_plan(folder: Path, *variants: str) -> Path:
    """An experiments file with the notebook it needs; its path."""
    source = (PROJECT_ROOT / "notebooks" / "experiment.ipynb").read_text(encoding="utf-8")
    (folder / "experiment.ipynb").write_text(source, encoding="utf-8")
    path = folder / "experiments.toml"
    path.write_text(HEAD + "".join(variants) + FOOT, encoding="utf-8")
    return path


def words(command: str, plan: Path, build: Path, *more: str) -> list[str]:
    """The command line of a run."""
    options = ["--profile", "smoke", "--plan", str(plan), "--build-dir", str(build)]
    return [sys.executable, "-m", "runner", command, *options, *more]


def run(command: str, plan: Path, build: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        words(command, plan, build, *more), cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=900
    )


def start(command: str, plan: Path, build: Path, *more: str) -> subprocess.Popen[str]:
    """Start the program, with signals of its own."""
    return subprocess.Popen(
        words(command, plan, build, *more),
        cwd=PROJECT_ROOT,
        env=os.environ.copy(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
