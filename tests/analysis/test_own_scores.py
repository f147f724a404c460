"""Verdicts on a notebook's own metrics: they follow from its direction, and from the same tests."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp, ttest_rel

from runner.analysis import compare, over_seeds
from runner.errors import RunnerError
from runner.results.finished import Finished
from tests.scored import errors, scored, study_of


@pytest.mark.parametrize(("better", "verdict"), [("lower", "better"), ("higher", "worse")])
def test_the_direction_decides_the_verdict(better: str, verdict: str, tmp_path: Path) -> None:
    ours, theirs = errors("a", -0.2), errors("b")
    one = scored(tmp_path, "a", ours, better=better)
    other = scored(tmp_path, "b", theirs, better=better)
    found = compare.compare(one, other, "test", "squared_error")
    assert (found.verdict, found.test) == (verdict, "t pareada")
    assert found.p_value == pytest.approx(ttest_rel(ours, theirs).pvalue)
    assert found.low < found.difference < found.high < 0
    back = compare.compare(other, one, "test", "squared_error")
    assert back.verdict == {"better": "worse", "worse": "better"}[verdict]
    assert compare.holm([found])[0] == found


def test_hits_of_any_name_and_split_are_tested_by_mcnemar(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    theirs = random.random(200) < 0.5
    ours = theirs | (random.random(200) < 0.3)
    given = {"metric": "found", "better": "higher", "split": "harder"}
    one = scored(tmp_path, "a", ours, **given)  # type: ignore[arg-type]
    other = scored(tmp_path, "b", theirs, **given)  # type: ignore[arg-type]
    found = compare.compare(one, other, "harder", "found")
    gained = int((ours & ~theirs).sum())
    assert (found.verdict, found.test) == ("better", "McNemar exacta")
    assert found.p_value == pytest.approx(binomtest(gained, gained).pvalue)
    assert found.value == pytest.approx(ours.mean())


@pytest.mark.parametrize(("cases", "verdict"), [(2, "undecided"), (5, "undecided"), (6, "better")])
def test_the_same_difference_in_every_case_is_as_sure_as_its_signs(
    cases: int, verdict: str, tmp_path: Path
) -> None:
    """The t test divides by nothing there, and would be sure of two cases."""
    theirs = np.arange(2, 2 + cases) / 10
    one, other = scored(tmp_path, "a", theirs - 0.1), scored(tmp_path, "b", theirs)
    found = compare.compare(one, other, "test", "squared_error")
    assert (found.verdict, found.test) == (verdict, "prueba de los signos")
    assert found.p_value == pytest.approx(2 * 0.5**cases)
    same = compare.compare(one, one, "test", "squared_error")
    assert (same.verdict, same.p_value) == ("undecided", 1.0)


def test_other_cases_or_directions_are_not_compared(tmp_path: Path) -> None:
    one = scored(tmp_path, "a", errors("a"))
    fewer = scored(tmp_path, "b", errors("b", cases=50))
    opposite = scored(tmp_path, "c", errors("c"), better="higher")
    with pytest.raises(RunnerError, match="squared_error on test: 60 cases, but 50 in 'b'") as caught:
        compare.compare(one, fewer, "test", "squared_error")
    assert caught.value.where == str(one.folder / "scores.npz")
    with pytest.raises(RunnerError, match="lower is better here, higher in 'c'"):
        compare.compare(one, opposite, "test", "squared_error")


def seeds(folder: Path, name: str, shifts: tuple[float, ...], **given: str) -> dict[str, Finished]:
    names = [name if number == 1 else f"{name}~{number}" for number in range(1, len(shifts) + 1)]
    pairs = zip(names, shifts, strict=True)
    return {each: scored(folder, each, errors(each, shift), **given) for each, shift in pairs}  # type: ignore[arg-type]


SIGNS = np.array(list(product((1, -1), repeat=6)))


@pytest.mark.parametrize("split", ["test", "validation"])
def test_seeds_are_compared_by_their_means_and_the_shared_cases(split: str, tmp_path: Path) -> None:
    ours = seeds(tmp_path, "a", (-0.3, -0.25, -0.35, -0.31, -0.2, -0.28), split=split)
    theirs = seeds(tmp_path, "b", (0.0, 0.02, -0.02, 0.01, 0.03, -0.03), split=split)
    runs = over_seeds.paired_runs(study_of(ours | theirs, "b"), "a", "b")
    (found,) = over_seeds.compare_all([runs], split, "squared_error")
    differences = np.array(
        [
            one.scores(split, "squared_error").values - other.scores(split, "squared_error").values
            for one, other in runs
        ]
    )
    means = differences.mean(axis=1)
    by_seeds = (abs((SIGNS * means).mean(axis=1)) >= abs(means.mean()) - 1e-12).mean()  # all 64 of them
    by_cases = ttest_1samp(differences.mean(axis=0), 0).pvalue
    assert found.p_value == pytest.approx(max(by_seeds, by_cases) if split == "test" else by_seeds)
    assert (found.n, found.verdict, found.better) == (6, "better", "lower")
    student = ttest_1samp(means, 0).confidence_interval(0.95)
    assert found.low <= student.low and student.high <= found.high < 0
    ending = " y t por casos" if split == "test" else ""
    assert found.test == f"permutación de signos por semillas{ending}"


@pytest.mark.parametrize(
    ("count", "others", "needed", "conclusion"),
    [(3, 0, 6, "few"), (5, 0, 6, "few"), (6, 0, 6, "better"), (7, 3, 8, "few"), (8, 3, 8, "better")],
)
def test_seeds_too_few_for_the_test_decide_nothing(
    count: int, others: int, needed: int, conclusion: str, tmp_path: Path
) -> None:
    """However large the difference: the least p value of so many signs is above 5 %."""
    shifts = tuple(0.001 * number for number in range(count))
    theirs = seeds(tmp_path, "b", shifts, split="validation")
    runs = seeds(
        tmp_path, "a", tuple(shift - 2 - 0.01 * n for n, shift in enumerate(shifts)), split="validation"
    )
    pairs = over_seeds.paired_runs(study_of(runs | theirs, "b"), "a", "b")
    beside = [[(one, one) for one in theirs.values()]] * others
    found, *_ = over_seeds.compare_all([pairs, *beside], "validation", "squared_error")
    assert (found.conclusion, found.needed) == (conclusion, needed)


def test_seeds_with_other_cases_on_the_test_split_are_not_compared(tmp_path: Path) -> None:
    """Each pair has the same cases, but not all pairs: the mean of a case would be of several."""
    runs = [
        (scored(tmp_path, f"a{end}", errors("a", cases=n)), scored(tmp_path, f"b{end}", errors("b", cases=n)))
        for end, n in (("", 60), ("~2", 50))
    ]
    with pytest.raises(RunnerError, match="60 cases, but 50 in 'a~2'"):
        over_seeds.compare(runs, "test", "squared_error")
