"""Intervals, smallest differences and equivalence against other computations of the same."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ttest_rel
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import ttost_paired

from runner.analysis import compare, over_seeds, paired_tests
from runner.analysis.spread import (
    Differences,
    HitPairs,
    SeedDifferences,
    differences_spread,
    smallest_shown,
    spread_of,
)
from runner.plan.records import Margin
from tests.scored import errors, scored

COUNTS = st.integers(0, 500)
RANDOM = np.random.default_rng(3)
OURS, THEIRS = RANDOM.normal(1.0, 0.5, 400), RANDOM.normal(1.02, 0.5, 400)


def test_hits_that_have_nothing_in_common_are_two_samples() -> None:
    """Without correlation, Newcombe's interval of pairs is his one of two independent proportions."""
    pairs = HitPairs(20, 30, 16, 24)
    assert pairs.both * pairs.neither == pairs.ours * pairs.theirs
    expected = confint_proportions_2indep(50, pairs.n, 36, pairs.n, method="newcomb")
    assert pairs.limits(0.05) == pytest.approx(expected, abs=1e-6)


def test_of_many_images_hits_have_the_interval_of_numbers() -> None:
    """Wald's paired interval, to which Newcombe's comes close."""
    pairs = HitPairs(60_000, 14_000, 12_000, 14_000)
    numbers = Differences(0.02, pairs.error, pairs.n)
    assert pairs.limits(0.05) == pytest.approx(numbers.limits(0.05), abs=1e-4)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_other_side_has_the_opposite_interval(both: int, ours: int, theirs: int, neither: int) -> None:
    pairs, back = HitPairs(both + 1, ours, theirs, neither + 1), HitPairs(both + 1, theirs, ours, neither + 1)
    low, high = pairs.limits(0.05)
    assert back.limits(0.05) == pytest.approx((-high, -low))
    assert low <= (ours - theirs) / pairs.n <= high


def test_interval_and_test_of_a_loss_are_one_computation() -> None:
    other = ttest_rel(OURS, THEIRS)
    limits = other.confidence_interval(0.95)
    spread = spread_of(OURS, THEIRS)
    assert spread.limits(0.05) == pytest.approx((limits.low, limits.high), abs=1e-6)
    assert min(map(abs, spread.limits(float(other.pvalue)))) == pytest.approx(0, abs=1e-6)


def test_the_smallest_difference_is_that_of_statsmodels() -> None:
    spread = differences_spread(OURS - THEIRS)
    effect = TTestPower().solve_power(nobs=400, alpha=0.05, power=0.8, alternative="two-sided")
    deviation = (OURS - THEIRS).std(ddof=1)
    assert smallest_shown([spread], 0.05) == pytest.approx(effect * deviation, rel=2e-3)  # it is noncentral


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1, 0.2])
def test_equivalence_is_two_one_sided_tests(margin: float) -> None:
    expected = ttost_paired(OURS, THEIRS, -margin, margin)[0] < 0.05
    low, high = differences_spread(OURS - THEIRS).limits(0.1)
    assert compare.is_equivalent(OURS - THEIRS, margin) == expected == (-margin < low and high < margin)


def test_a_duplicate_is_equivalent_and_nothing_is_without_a_margin(tmp_path: Path) -> None:
    for metric, equivalent in (("accuracy", True), ("squared_error", False)):
        hits = (errors("a") > 1).astype(float)
        one = scored(tmp_path, f"a-{metric}", hits, metric=metric, better="higher")
        found = compare.compare(one, one, "test", metric)
        assert (found.verdict, found.equivalent) == ("undecided", equivalent)
        assert found.conclusion == ("equivalent" if equivalent else "undecided")
    few = np.zeros(5)
    assert not compare.is_equivalent(few, 0.01)


@pytest.mark.parametrize("shift", [-0.2, -0.05, -0.03, 0.0, 0.1])
def test_shown_interval_and_corrected_test_agree(shift: float, tmp_path: Path) -> None:
    """Whatever is corrected: the interval leaves out 0 exactly where the verdict says so."""
    base = scored(tmp_path, "base", errors("base"))
    others = [scored(tmp_path, f"v{n}", errors(f"v{n}", shift * (1 + n))) for n in range(4)]
    for found in compare.compare_all(others, base, "test", "squared_error"):
        assert (found.p_adjusted < 0.05) == (not found.low <= 0 <= found.high)
        assert (found.verdict != "undecided") == (found.p_adjusted < 0.05)


SCORES = arrays(np.float64, 12, elements=st.floats(-1, 1).map(lambda value: round(value, 3)))
SEEDS = arrays(np.float64, st.integers(2, 7), elements=st.floats(-1, 1).map(lambda value: round(value, 3)))
OPPOSITE = {"better": "worse", "worse": "better"}


def judged(differences: np.ndarray, margin: float | None = 0.01) -> compare.Comparison:
    """The comparison of one seed's scores that differ so, with a lower one the better."""
    p_value, test = paired_tests.differences_test(differences)
    found = compare.Comparison(
        "a", "b", "test", "error", "lower", 0.0, 0.0, float(differences.mean()), 0.0, 0.0, 0.0,
        p_value, p_value, test, "undecided", (differences_spread(differences),), margin,
        compare.is_equivalent(differences, margin),
    )  # fmt: skip
    return compare.judged(found, 0.05)


@settings(max_examples=40, deadline=None)
@given(SCORES)
def test_swapping_the_sides_flips_the_verdict(differences: np.ndarray) -> None:
    there, back = judged(differences), judged(-differences)
    assert back.conclusion == OPPOSITE.get(there.conclusion, there.conclusion)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@settings(max_examples=40, deadline=None)
@given(SCORES, st.floats(0.2, 5), st.integers(0, 1000))
def test_noise_shows_no_difference_in_both_directions(
    differences: np.ndarray, size: float, seed: int
) -> None:
    """What is undecided may become decided by chance, but never in both directions, nor beside equivalent."""
    noise = np.random.default_rng(seed).normal(scale=size, size=len(differences))
    found = [judged(differences), judged(differences + noise), judged(differences - noise)]
    for each in found:
        assert each.verdict == "undecided" or (each.low > 0) != (each.high < 0)
        assert (each.conclusion == "equivalent") <= (each.verdict == "undecided" and each.equivalent)
    if found[0].verdict == "undecided":
        assert {found[1].verdict, found[2].verdict} != {"better"}
        assert {found[1].verdict, found[2].verdict} != {"worse"}


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_swapping_seeds_changes_neither_p_nor_interval(differences: np.ndarray) -> None:
    assert over_seeds.sign_flip(differences) == pytest.approx(over_seeds.sign_flip(-differences), abs=1e-12)
    there, back = (SeedDifferences(tuple(side)).limits(0.05) for side in (differences, -differences))
    assert back == pytest.approx((-there[1], -there[0]), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_sign_flip_test_counts_all_signs(differences: np.ndarray) -> None:
    """Fisher's, by hand: the share of the 2^n sums that are as far from 0."""
    sums = np.array(list(product((1, -1), repeat=len(differences)))) @ differences
    expected = (abs(sums) >= abs(differences.sum()) - 1e-9).mean()
    assert over_seeds.sign_flip(differences) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("tests", [1, 2, 4, 8])
def test_the_seeds_needed_are_the_least_that_can_show_anything(tests: int) -> None:
    needed = compare.seeds_needed(tests)
    clear = np.linspace(1, 2, needed)
    assert tests * over_seeds.sign_flip(clear) < 0.05 <= tests * over_seeds.sign_flip(clear[1:])


def test_the_margin_is_of_the_metric_or_a_share(tmp_path: Path) -> None:
    margins = {"squared_error": Margin(0.5), "other": Margin(0.1, relative=True)}
    one, same = scored(tmp_path, "a", errors("a")), scored(tmp_path, "b", errors("b"))
    found = compare.compare(one, same, "test", "squared_error", margins)
    assert (found.margin, found.equivalent) == (0.5, True)
    assert compare.margin_of(margins, "other", -3.0) == pytest.approx(0.3)
    assert compare.margin_of(margins, "third", 1.0) is None
