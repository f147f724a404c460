"""Notebooks for the other tools: the training as plain Keras, and one that does next to nothing."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from runner.plan.variants import DEFAULT_PLAN, make_plan
from tests.benchmarks.others import KERNEL

PARAMETERS = "parameters"
PLAIN = Path(__file__).with_name("plain_keras.py")  # read, not imported: it would import TensorFlow
DEFAULTS = 'upstream = None\nproduct = None\nvariant = "baseline"\ndata_file = ""\np = {}'
IMPORTS = """import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

keras.utils.set_random_seed(p['seed'])"""
DATA = "x, y, x_test, y_test = load_data(data_file, p['train_limit'])\nx.shape, x_test.shape"
MODEL = """model = build_model(p)
model.summary()
steps = int(np.ceil(len(x) * (1 - p['validation_fraction']) / p['batch_size']))
compile_model(model, p, steps * p['epochs'])"""
FIT = """history = model.fit(
    x, y, batch_size=p['batch_size'], epochs=p['epochs'], validation_split=p['validation_fraction']
)"""
CURVES = """figure, axes = plt.subplots(1, 2, figsize=(8, 3))
for axis, key in zip(axes, ('loss', 'accuracy')):
    axis.plot(history.history[key], label='train')
    axis.plot(history.history['val_' + key], label='validation')
    axis.set(xlabel='epoch', ylabel=key)
    axis.legend()
plt.show()"""
EVALUATION = "model.evaluate(x_test, y_test)"


def write_training(path: Path) -> Path:
    """Load, build, fit with Keras's defaults, plot, evaluate."""
    source = PLAIN.read_text(encoding="utf-8")
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    functions = [ast.get_source_segment(source, node) or "" for node in found]
    code = [IMPORTS, *functions, DATA, MODEL, FIT, CURVES, EVALUATION]
    return write_notebook(path, DEFAULTS, code)


def write_trivial(path: Path) -> Path:
    """A sum."""
    return write_notebook(
        path, "upstream = None\nproduct = None\nn = 0", ["total = sum(range(n))\nprint(total)"]
    )


def write_notebook(path: Path, defaults: str, code: Sequence[str]) -> Path:
    """Cells of code, the first tagged as parameters."""
    cells = [nbformat.v4.new_code_cell(defaults, metadata={"tags": [PARAMETERS]})]
    cells += [nbformat.v4.new_code_cell(each) for each in code]
    spec = {"name": KERNEL, "display_name": KERNEL, "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


def trainings(profile: str, data_file: str, plan: Path = DEFAULT_PLAN) -> dict[str, dict[str, Any]]:
    """Every variant of the plan that trains, as the plain notebook's parameters."""
    found = [v for v in make_plan(plan, profile).variants if v.kind == "training"]
    return {v.name: {"variant": v.name, "data_file": data_file, "p": dict(v.parameters)} for v in found}
