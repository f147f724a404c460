"""How a classifier does class by class (scikit-learn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from runner.analysis.kept_statistics import kept
from runner.analysis.paired_tests import signs
from runner.analysis.spread import ALPHA

Leaning = Literal["over", "under", "even"]


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class; ``support`` is its number of images.

    ``leaning`` says whether it is shown to be named too often or too rarely: precision and recall differ as
    its false alarms and its missed images do.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    leaning: Leaning = "even"


@dataclass(frozen=True)
class Confusion:
    """``count`` images of class ``truth`` were taken for ``predicted``."""

    truth: str
    predicted: str
    count: int


def per_class(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> tuple[ClassScore, ...]:
    """Scores of each class from true and predicted classes, both (n,)."""
    return tuple(
        ClassScore(name, p, r, f, int(n), leaning(labels == place, predicted == place))
        for place, (name, (p, r, f, n)) in enumerate(
            zip(names, _scores(labels, predicted, len(names)), strict=True)
        )
    )


@kept
def _scores(
    labels: np.ndarray, predicted: np.ndarray, classes: int
) -> tuple[tuple[float, float, float, float], ...]:
    """Precision, recall, F1 and number of images of each class (scikit-learn)."""
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(labels, predicted, labels=range(classes), zero_division=0.0)
    return tuple((float(p), float(r), float(f), float(n)) for p, r, f, n in zip(*columns, strict=True))


def leaning(there: np.ndarray, named: np.ndarray) -> Leaning:
    """Whether a class is named (n,) more or less often than it is there (n,): McNemar, at 5 %."""
    alarms, missed = int((named & ~there).sum()), int((there & ~named).sum())
    if not alarms + missed or signs(alarms, alarms + missed) >= ALPHA:
        return "even"
    return "over" if alarms > missed else "under"


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts (classes, classes): row the true class, column the predicted one."""
    return np.array(_counts(labels, predicted, classes))


@kept
def _counts(labels: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[tuple[int, ...], ...]:
    """The same as tuples (scikit-learn)."""
    from sklearn.metrics import confusion_matrix

    found = confusion_matrix(labels, predicted, labels=range(classes))
    return tuple(tuple(map(int, row)) for row in found)


def largest_confusions(counts: np.ndarray, names: Sequence[str], most: int) -> tuple[Confusion, ...]:
    """The ``most`` largest entries off the diagonal, the largest first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, wrong.shape)
    return tuple(Confusion(names[i], names[j], int(wrong[i, j])) for i, j in zip(rows, columns, strict=True))
