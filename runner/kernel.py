"""What a notebook knows of the run it is part of: its folders, its cores, the others' results.

The runner says so through environment variables. Opened by hand, a notebook writes into a temporary
folder, and reads the build folder that it lies in (that of an unpacked report, say), or else ``build/``.
"""

from __future__ import annotations

import inspect
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from runner import shipped
from runner.build_folder import EXPERIMENTS, PLAN_FOLDER, RESULTS, RUN_FILE, VALUES_FILE
from runner.build_folder import PROGRESS_FILE as PROGRESS_FILE
from runner.files import read_json, write_json
from runner.gate import kind, read_bytes
from runner.machine.capacity import usable_cores
from runner.results.reasons import Reason
from runner.results.scores import Better, add_scores
from runner.results.study import Study

CHANGES_NO_DIGIT = True  # of a training: see code_closure
OUTPUT = "RUNNER_OUTPUT"
BUILD = "RUNNER_BUILD"
THREADS = "RUNNER_THREADS"
PLAN = "RUNNER_PLAN"
PROFILE = "RUNNER_PROFILE"
CHECKPOINT = "RUNNER_CHECKPOINT"
KEY = "RUNNER_KEY"
REASON_FILE = "reason.json"
WRITTEN = "text/x-python"  # the kind of output that holds the source of a cell, for ``report.handin``


@cache
def output_dir() -> Path:
    """Folder for what this notebook measures."""
    given = os.environ.get(OUTPUT)
    return Path(given) if given else Path(tempfile.mkdtemp(prefix="practica-"))


def results_dir() -> Path:
    """Folder with the other variants' results."""
    return _build_dir() / RESULTS


def _build_dir() -> Path:
    if given := os.environ.get(BUILD):
        return Path(given)
    here = Path.cwd()
    return here if (here / RESULTS).is_dir() else shipped("notebooks").parent / "build"


def checkpoint_dir() -> Path | None:
    """Folder for what an interrupted training goes on from; None if nothing is to be kept."""
    given = os.environ.get(CHECKPOINT)
    return Path(given) if given else None


def key() -> str:
    """What identifies this run: all that its result depends on, hashed."""
    return os.environ.get(KEY, "")


def threads() -> int:
    """Cores that this kernel may use."""
    return int(os.environ.get(THREADS) or usable_cores())


def load_study() -> Study:
    """Plan and results so far; raises RunnerError or InputError if they can't be read."""
    from runner.analysis.loading import load_study as load
    from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, make_plan

    build_dir, path, profile = _build_dir(), os.environ.get(PLAN), os.environ.get(PROFILE)
    if path is None and (unpacked := build_dir / PLAN_FOLDER / EXPERIMENTS).is_file():
        path = str(unpacked)
    if profile is None and kind(build_dir / RUN_FILE, build_dir) == "file":
        noted = read_json(read_bytes(build_dir / RUN_FILE, build_dir))
        profile = noted.get("profile") if isinstance(noted, dict) else None
    # A cluster's worker has no templates of the practice.
    return load(make_plan(Path(path or DEFAULT_PLAN), profile or "full", TEMPLATES), build_dir)


def save_values(values: dict[str, Any]) -> None:
    """Leave ``values`` (plain JSON) for the report."""
    write_json(output_dir() / VALUES_FILE, values)


def explain(reason: Reason) -> None:
    """Leave ``reason``, whose words the notebook is about to raise, so that they can be told in any language.

    Opened by hand, a notebook leaves none; nor can it on a full disk, where the words have to do.
    """
    if os.environ.get(OUTPUT):
        with suppress(OSError):
            write_json(output_dir() / REASON_FILE, reason)


def save_scores(metric: str, values: Any, *, better: Better, split: str = "test") -> None:
    """Leave one number a case, finite (n,), for verdicts; booleans (hits) count as 1 and 0.

    Any number of metrics and splits may be left; scores of the same name are replaced. Variants are compared
    case by case, so the order of cases must be the same in all of them; on the split ``test`` also with every
    seed. Raises RunnerError, naming the metric, for what can't be compared.
    """
    add_scores(output_dir(), split, metric, values, better)


def as_json(parameters: Mapping[str, Any]) -> str:
    """A record's parameters in the form that they are read back from."""
    return json.dumps(dict(parameters))


def show_source(*functions: Callable[..., Any]) -> None:
    """Show, highlighted, the source of the functions that the notebook is about to use."""
    from IPython.display import Code, display

    source = "\n\n".join(inspect.getsource(function) for function in functions)
    display(Code(source, language="python"))


def run_cell(source: str, names: dict[str, Any]) -> None:
    """Show ``source``, highlighted, and run it in ``names``, the ``globals()`` of the notebook.

    It is for code that is written from a record's parameters. In the notebook to hand in it is a cell.
    """
    from IPython.display import Code, display

    shown = Code(source, language="python")._repr_html_()
    display({WRITTEN: source, "text/html": shown, "text/plain": source}, raw=True)
    exec(compile(source, "<cell>", "exec"), names)
