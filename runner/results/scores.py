"""Scores of single cases under any metric: what verdicts are made from, whatever a practice measures.

``scores.npz`` holds an array (n,) of floats for each set of cases and metric, named ``SPLIT.METRIC.BETTER``,
such as ``test.squared_error.lower``: the direction can't be lost on the way.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from runner import limits
from runner.errors import RunnerError
from runner.files import write_bytes
from runner.gate import kind
from runner.results.arrays import SMALLEST_PROBABILITY, PredictedSet, read_arrays

CHANGES_NO_DIGIT = True  # of a training: see code_closure
SCORES_FILE = "scores.npz"
NAME = re.compile(r"[^\W\d_][\w-]*")  # of a metric or a split: templates and formulas name them
LEAST_CASES = 2  # one alone says nothing of the others

Split = str  # the name of a set of cases: validation and test of classifiers, any of what a notebook scores
Metric = str  # accuracy and cross_entropy of classifiers, any that a notebook leaves scores of
Better = Literal["higher", "lower"]
DIRECTIONS: tuple[Better, ...] = get_args(Better)


@dataclass(frozen=True)
class CaseScores:
    """One number a case, finite floats (n,); ``better`` says which are the good ones.

    ``cases`` is what they are called in the names of tests.
    """

    values: np.ndarray
    better: Better
    cases: str = "casos"


ScoresByName = Mapping[tuple[str, str], CaseScores]  # by split and metric


def per_image_cross_entropy(predictions: PredictedSet) -> np.ndarray:
    """Minus the logarithm of the probability of the true class, (n,), in nats.

    As training left it, from the logits; where it left none, from the probability, clipped as Keras does.
    """
    if predictions.cross_entropy is not None:
        return predictions.cross_entropy
    picked = predictions.true_probability.astype(np.float64)
    return np.asarray(-np.log(np.clip(picked, SMALLEST_PROBABILITY, 1.0)))


def per_image_correct(predictions: PredictedSet) -> np.ndarray:
    """Whether each image's likeliest class is the true one, (n,)."""
    return np.asarray(predictions.predicted == predictions.labels)


def classifier_scores(predictions: PredictedSet) -> dict[str, CaseScores]:
    """What predictions of classes come to, by metric: ``accuracy`` (hits) and ``cross_entropy`` (nats)."""
    hits = per_image_correct(predictions).astype(np.float64)
    return {
        "accuracy": CaseScores(hits, "higher", "imágenes"),
        "cross_entropy": CaseScores(per_image_cross_entropy(predictions), "lower", "imágenes"),
    }


def add_scores(folder: Path, split: str, metric: str, values: Any, better: str) -> None:
    """Put the scores of one metric on one split beside those that ``folder`` has, whole or not at all.

    ``values``, one finite number (or boolean) a case, take the place of former ones of the same name. Raises
    RunnerError for anything else, and for a metric whose direction is another on another split.
    """
    path = folder / SCORES_FILE
    where = f"save_scores: {metric} on {split}"
    _check_names(split, metric, better, where)
    known = dict(read_scores(path)) if kind(path) == "file" else {}
    known.pop((split, metric), None)
    array = _as_floats(values, where)
    arrays = {f"{s}.{m}.{each.better}": each.values for (s, m), each in known.items()}
    arrays[f"{split}.{metric}.{better}"] = array
    _check_directions(arrays, where)
    if sum(each.nbytes for each in arrays.values()) > limits.SCORES_BYTES:
        raise RunnerError(f"more than {limits.SCORES_BYTES // limits.MIB} MiB of scores", where=where)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # a stub takes **arrays for allow_pickle
    write_bytes(path, buffer.getvalue())


def read_scores(path: Path) -> ScoresByName:
    """All scores in a file; raises RunnerError, naming file and metric, for what they can't be.

    Nothing in it is unpickled.
    """
    arrays = read_arrays(path, most_bytes=limits.SCORES_BYTES)
    found: dict[tuple[str, str], CaseScores] = {}
    for name, array in arrays.items():
        split, metric, better = _parts(name, path)
        _check_array(array, f"{metric} on {split}", str(path))
        found[split, metric] = CaseScores(array, better)
    _check_directions(arrays, str(path))
    return found


def _check_names(split: str, metric: str, better: str, where: str) -> None:
    for what, name in (("split", split), ("metric", metric)):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            hint = "letters, digits, _ and -, with a letter first"
            raise RunnerError(f"{what}: {name!r} can't be a name", where=where, hint=hint)
    if better not in DIRECTIONS:
        raise RunnerError(f"better: {better!r} is none of {', '.join(DIRECTIONS)}", where=where)


def _as_floats(values: Any, where: str) -> np.ndarray:
    """The values as they are kept; raises RunnerError for what is no list of numbers."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of several lengths
        raise RunnerError(f"not one number a case: {error}", where=where) from error
    if array.dtype.kind not in "fiub":
        raise RunnerError(f"not numbers, but of type {array.dtype}", where=where)
    array = array.astype(np.float64)
    _check_array(array, "values", where)
    return array


def _check_array(array: np.ndarray, what: str, where: str) -> None:
    if array.ndim != 1 or array.size < LEAST_CASES:
        need = f"one number a case is needed, of {LEAST_CASES} cases or more"
        raise RunnerError(f"{what}: has shape {array.shape}; {need}", where=where)
    if array.dtype != np.float64:
        raise RunnerError(f"{what}: is of type {array.dtype}, not {np.dtype(np.float64)}", where=where)
    if not np.isfinite(array).all():
        raise RunnerError(f"{what}: holds values that are no finite numbers", where=where)


def _parts(name: str, path: Path) -> tuple[str, str, Better]:
    """Split, metric and direction from the name of an array."""
    split, _, rest = name.partition(".")
    metric, _, direction = rest.partition(".")
    for better in DIRECTIONS:
        if direction == better and NAME.fullmatch(split) and NAME.fullmatch(metric):
            return split, metric, better
    raise RunnerError(f"'{name}' is no array of scores", where=str(path), hint="SPLIT.METRIC.higher or lower")


def _check_directions(names: Mapping[str, np.ndarray], where: str) -> None:
    """Raise RunnerError for a metric with both directions: no verdict could be told from it."""
    directions: dict[str, str] = {}
    for name in names:
        _, metric, better = name.split(".")
        if directions.setdefault(metric, better) != better:
            raise RunnerError(f"{metric}: both higher and lower are said to be better", where=where)
