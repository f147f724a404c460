"""Tests of scores of the same cases, and the correction for how many there are.

Formulas are scipy's and statsmodels's.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

import numpy as np

from runner.analysis.kept_statistics import kept
from runner.analysis.spread import ALPHA, ROUNDING


def paired_test(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, str]:
    """P value and name of the test for two variants' scores (n,) of the same cases.

    McNemar's exact test where all are 0 or 1 (hits), else the paired t test of the differences.
    """
    if all(((scores == 0) | (scores == 1)).all() for scores in (ours, theirs)):
        return mcnemar(ours > 0, theirs > 0), "McNemar exacta"
    return differences_test(ours - theirs)


def differences_test(differences: np.ndarray) -> tuple[float, str]:
    """P value and name of the paired t test, given the differences (n,) of the cases.

    Where all are the same, which t would divide by nothing, their signs are tested.
    """
    if differences.any() and is_constant(differences):
        return signs(len(differences), len(differences)), "prueba de los signos"
    return paired_t(differences), "t pareada"


@kept
def signs(positive: int, n: int) -> float:
    """P value of the test of signs (scipy): so many of n are positive."""
    from scipy.stats import binomtest

    return float(binomtest(positive, n).pvalue)


def is_constant(values: np.ndarray) -> bool:
    """Whether the values differ by no more than rounding."""
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """P value of McNemar's exact test for two classifiers' hits (n,) on the same images."""
    table = (
        (int((ours & theirs).sum()), int((ours & ~theirs).sum())),
        (int((~ours & theirs).sum()), int((~ours & ~theirs).sum())),
    )
    return _mcnemar(table)


@kept
def _mcnemar(table: tuple[tuple[int, int], tuple[int, int]]) -> float:
    """The same of how many both have right, the first alone, the second alone, and none (statsmodels)."""
    from statsmodels.stats.contingency_tables import mcnemar as exact

    return float(exact(table, exact=True).pvalue)


@kept
def paired_t(differences: np.ndarray) -> float:
    """P value of the paired t test, given the differences (n,); 1 if all are zero."""
    from scipy.stats import ttest_1samp

    if not differences.any():
        return 1.0
    return float(ttest_1samp(differences, 0.0).pvalue)


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """P values after Holm's correction."""
    return [*_holm(tuple(p_values), ALPHA)] if p_values else []


@kept
def _holm(p_values: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    """At least one corrected (statsmodels)."""
    from statsmodels.stats.multitest import multipletests

    gc.freeze()  # statsmodels collects garbage in every call: a tenth of a second with many objects
    try:
        return tuple(float(p) for p in multipletests(p_values, alpha=alpha, method="holm")[1])
    finally:
        gc.unfreeze()
