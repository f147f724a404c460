"""A plan of a few small trainings on scikit-learn's digits, for tests that run the real program."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nbformat

from runner import PROJECT_ROOT
from runner.execute.task import Task
from tests.program import run_program, start_program

EXPERIMENT = "experiment.ipynb"
SHORT = Path(__file__).with_name("short")
PARAMETERS = {
    "dataset": "digits",
    "validation_fraction": 0.25,
    "seed": 1,
    "filters": [4],
    "dense": [8],
    "loss": "categorical_crossentropy",
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 64,
    "epochs": 2,
}
HEAD = """
title = "Ensayo"
practice = "runner.practice"
baseline = "good"
[profiles.smoke]
draft = true
[variants.good]
label = "buena"
group = "baseline"
questions = [1]
[[handin]]
notebook = "good"
"""

# A cell that has each training stand still after its first epoch, as long as no file of its name is in the
# folder that the environment names.
GATE = "TEST_GATE"
HOLD = f"""
import os, pathlib, time
from runner.practice import checkpoints
from runner import kernel
gate = os.environ.get("{GATE}")
if gate:
    keep = checkpoints.EpochCheckpoint.on_epoch_end
    def hold(self, epoch, logs=None):
        keep(self, epoch, logs)
        while not pathlib.Path(gate, kernel.output_dir().name).exists():
            time.sleep(0.05)
    checkpoints.EpochCheckpoint.on_epoch_end = hold
"""


def variant(name: str, question: int | None, parameters: str, group: str = "more") -> str:
    """One more variant, as it stands in an experiments file."""
    return f"""
[variants.{name}]
label = "variante {name}"
group = "{group}"
questions = {[question] if question else []}
extends = "good"
parameters = {{ {parameters} }}
"""


def notebook(name: str, *lines: str) -> str:
    """A notebook that trains nothing, ``NAME.ipynb`` if no line says otherwise."""
    file = () if any(line.startswith("notebook") for line in lines) else (f'notebook = "{name}.ipynb"',)
    return "\n".join((f"[notebooks.{name}]", f'label = "cuaderno {name}"', *file, *lines, ""))


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of these code cells."""
    content = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=content), path)


def make_task(folder: Path, name: str, *cells: str, timeout: int | None = None) -> Task:
    """A notebook of these cells in ``folder``, to be run without a plan."""
    notebook = folder / f"{name}.ipynb"
    write_notebook(notebook, *cells)
    return Task(
        name=name,
        notebook=notebook,
        inputs={},
        parameters={},
        key_parts={"notebook": name},
        profile="smoke",
        draft=True,
        plan=folder / "experiments.toml",
        build_dir=folder / "build",
        threads=1,
        timeout_seconds=timeout,
        practice="runner.practice",
    )


def open_gate(gate: Path, *names: str) -> None:
    """Let the trainings of these variants go on."""
    gate.mkdir(exist_ok=True)
    for name in names:
        (gate / name).touch()


def write_gate(folder: Path) -> None:
    """Have the trainings of the plan in ``folder`` heed the gate, if the program's environment has one."""
    path = folder / EXPERIMENT
    content = nbformat.read(path, as_version=4)
    at = next(n for n, cell in enumerate(content.cells) if cell.cell_type == "code")
    content.cells.insert(at, nbformat.v4.new_code_cell(HOLD))
    nbformat.write(content, path)


def shorten(plan: Path) -> Path:
    """Have the plan's report be a line for each variant, for tests of other things."""
    shutil.copytree(SHORT, plan.parent / "templates", dirs_exist_ok=True)
    text = plan.read_text(encoding="utf-8")
    plan.write_text(f'templates = "templates"\n{text}', encoding="utf-8")
    return plan


def write_plan(folder: Path, *entries: str, **baseline: object) -> Path:
    """An experiments file with the notebook that trains; its path. ``baseline`` are parameters of "good"."""
    shutil.copy(PROJECT_ROOT / "notebooks" / EXPERIMENT, folder)
    path = folder / "experiments.toml"
    path.write_text("\n".join((HEAD, parameters(PARAMETERS | baseline), *entries)), encoding="utf-8")
    return path


def parameters(values: Mapping[str, object]) -> str:
    """The baseline's parameters, as they stand in an experiments file."""
    lines = (f"{name} = {json.dumps(value)}" for name, value in values.items())
    return "\n".join(("[variants.good.parameters]", *lines))


def words(command: str, plan: Path, build: Path, *more: str) -> list[str]:
    """The words of a run, after the program's name."""
    return [command, "--profile", "smoke", "--plan", str(plan), "--build-dir", str(build), *more]


def run(command: str, plan: Path, build: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return run_program(*words(command, plan, build, *more))


def start(
    command: str, plan: Path, build: Path, *more: str, gate: Path | None = None, code: str | None = None
) -> subprocess.Popen[str]:
    """Start the program, or ``code``. With a ``gate``, trainings of a plan that heeds it wait there."""
    environment = {} if gate is None else {GATE: str(gate)}
    return start_program(*words(command, plan, build, *more), code=code, **environment)
