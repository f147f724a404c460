"""Finished variants of a practice that trains no classifier: they leave scores of each case, no training."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from runner.build_folder import RESULT_FILE
from runner.files import write_json
from runner.plan.records import Author
from runner.results.finished import Finished, read_result
from runner.results.records import SCHEMA_VERSION, Result
from runner.results.scores import add_scores
from runner.results.seal import seal
from runner.results.study import Study, VariantInfo

CASES = 60
FINISHED = datetime(2026, 1, 1, tzinfo=UTC)


def result_of(name: str) -> Result:
    """The record of a finished variant that trains no classifier."""
    return Result(
        schema_version=SCHEMA_VERSION,
        variant=name,
        notebook="a.ipynb",
        notebook_sha256="0" * 64,
        profile="full",
        draft=False,
        key="k" * 64,
        key_parts={},
        parameters={},
        started=FINISHED,
        finished=FINISHED,
        wall_seconds=1.0,
    )


def scored(
    results: Path,
    name: str,
    values: np.ndarray,
    *,
    metric: str = "squared_error",
    better: str = "lower",
    split: str = "test",
) -> Finished:
    """A finished variant in ``results`` with the scores (n,) of one metric."""
    (results / name).mkdir(parents=True, exist_ok=True)
    add_scores(results / name, split, metric, values, better)
    write_json(results / name / RESULT_FILE, result_of(name))
    seal(results / name)
    return read_result(results / name)


def errors(name: str, shift: float = 0.0, cases: int = CASES) -> np.ndarray:
    """Made-up errors (n,): cases are as hard for every variant, ``shift`` is what it adds."""
    shared = np.random.default_rng(1).exponential(size=cases)
    own = np.random.default_rng(abs(hash_of(name))).normal(scale=0.05, size=cases)
    return np.asarray(shared + shift + own)


def hash_of(name: str) -> int:
    """The same number for the same name in every process."""
    return sum(place * ord(letter) for place, letter in enumerate(name, start=1))


def study_of(finished: Mapping[str, Finished], baseline: str) -> Study:
    """A study of these variants, as trainings of another practice, all of the group ``own``."""
    variants = tuple(VariantInfo(name, name, "training", (1,), "own", {}, {}) for name in finished)
    author = Author(("Ana",), "Curso", "2", "hoy")
    return Study("Práctica", "full", False, author, baseline, variants, finished, {}, ())
