"""Verdicts, intervals and choices: they follow from the data, and never from the test set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runner.analysis import classification, compare, intervals
from runner.analysis.choices import decide
from runner.analysis.turning_point import turning_point
from runner.plan.entries import ChooseEntry
from runner.results.arrays import PredictedSet
from runner.results.finished import Finished
from runner.results.scores import per_image_cross_entropy
from runner.results.study import Study
from tests.made_up import Story, make_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make_study(tmp_path_factory.mktemp("study"), Story(batches="smaller-wins"))


def test_swapping_variant_and_reference_swaps_the_verdict(study: Study) -> None:
    one, other = study.get("batch-4"), study.get("batch-256")
    for metric in ("accuracy", "cross_entropy"):
        there = compare.compare(one, other, "validation", metric)
        back = compare.compare(other, one, "validation", metric)
        assert (there.verdict, back.verdict) == ("better", "worse")
        assert there.difference == pytest.approx(-back.difference)
        assert there.p_value == pytest.approx(back.p_value)
        assert there.low < there.difference < there.high


def test_a_model_does_not_differ_from_itself(study: Study) -> None:
    one = study.get("baseline")
    for metric in ("accuracy", "cross_entropy"):
        found = compare.compare(one, one, "test", metric)
        assert (found.p_value, found.difference, found.verdict) == (1.0, 0.0, "undecided")


def test_holm_multiplies_the_smallest_p_by_their_number(study: Study) -> None:
    names = ("batch-4", "batch-16", "batch-128", "batch-256")
    runs = [study.get(name) for name in names]
    alone = [compare.compare(r, study.get("baseline"), "validation", "accuracy") for r in runs]
    together = compare.holm(alone)
    smallest = min(range(4), key=lambda i: alone[i].p_value)
    assert together[smallest].p_adjusted == pytest.approx(min(1, 4 * alone[smallest].p_value))
    assert all(t.p_adjusted >= a.p_value for t, a in zip(together, alone, strict=True))


def test_a_difference_that_correction_takes_away_is_undecided(study: Study) -> None:
    base = compare.compare(study.get("baseline"), study.get("batch-4"), "test", "accuracy")
    close = replace(base, p_value=0.03, p_adjusted=0.03, difference=0.1, low=0.01, high=0.2)
    assert compare.verdict(close) == "better"
    assert {c.verdict for c in compare.holm([close, close])} == {"undecided"}


def test_wilson_interval_is_the_published_one() -> None:
    found = intervals.accuracy_interval(81, 263)  # Newcombe 1998, table I
    assert (found.low, found.high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def test_cross_entropy_is_kerass() -> None:
    labels, true_probability = np.array([0, 1]), np.array([0.5, 0.0])
    found = per_image_cross_entropy(PredictedSet(labels, np.array([0, 0]), true_probability))
    assert found == pytest.approx([np.log(2), -np.log(1e-7)])


@pytest.mark.parametrize(("history", "turned"), [("overfitting", True), ("improving", False)])
def test_turning_point(history: str, turned: bool, tmp_path: Path) -> None:
    study = make_study(tmp_path, Story(history=history))  # type: ignore[arg-type]
    epochs = study.get("baseline").training.epochs
    found = turning_point(epochs)
    assert found.turned is turned
    assert (found.rise > 0) is turned
    assert found.value == min(e.validation_cross_entropy for e in epochs)


def with_other_labels(finished: Finished) -> Finished:
    """The same variant, with other labels of the test set."""
    other, old = Finished(finished.result, finished.folder), finished.predictions
    test = replace(old.test, labels=9 - old.test.labels)
    other.__dict__["predictions"] = replace(old, test=test)
    return other


def test_the_test_set_changes_no_choice(study: Study) -> None:
    names = ("batch-256", "batch-128", "baseline", "batch-16", "batch-4")
    entry = ChooseEntry(label="lote", parameters=("batch_size",), among=names)
    before = decide(entry, study.finished)
    turned = {name: with_other_labels(study.get(name)) for name in names}
    old, new = (s["baseline"].predictions.test.labels for s in (study.finished, turned))
    assert (old != new).any()
    assert decide(entry, turned) == before
    assert before.winner is not None


def test_the_first_of_those_that_cannot_be_told_apart_wins(tmp_path: Path) -> None:
    study = make_study(tmp_path, Story(batches="tie"))
    entry = ChooseEntry(label="lote", parameters=("batch_size",), among=("batch-256", "baseline"))
    other = ChooseEntry(label="lote", parameters=("batch_size",), among=("baseline", "batch-256"))
    assert decide(entry, study.finished).winner == "batch-256"
    assert decide(other, study.finished).winner == "baseline"


def test_a_variant_that_is_better_wins_wherever_it_stands(study: Study) -> None:
    for among in (("batch-256", "batch-4"), ("batch-4", "batch-256")):
        entry = ChooseEntry(label="lote", parameters=("batch_size",), among=among)
        assert decide(entry, study.finished).winner == "batch-4"


def test_missing_variants_take_no_part_in_a_choice(study: Study) -> None:
    entry = ChooseEntry(label="lote", parameters=("batch_size",), among=("batch-256", "batch-4"))
    left = {"batch-256": study.get("batch-256")}
    assert decide(entry, left).winner == "batch-256"
    assert decide(entry, {}).winner is None


def test_classes_and_confusions() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 1, 1, 1, 1, 0])
    counts = classification.confusion(labels, predicted, 3)
    assert counts.tolist() == [[1, 2, 0], [0, 2, 0], [1, 0, 0]]
    first = classification.largest_confusions(counts, "abc", 1)[0]
    assert (first.truth, first.predicted, first.count) == ("a", "b", 2)
    scores = classification.per_class(labels, predicted, "abc")
    assert [s.recall for s in scores] == pytest.approx([1 / 3, 1, 0])
    assert [s.precision for s in scores] == pytest.approx([0.5, 0.5, 0])
    assert sum(s.support for s in scores) == 6


def test_validation_against_test_is_an_interval_of_the_difference(study: Study) -> None:
    """Newcombe's of two independent proportions, here from Wilson's of each."""
    one = study.get("baseline")
    found, back = (
        intervals.accuracy_gap(one, *pair) for pair in (("validation", "test"), ("test", "validation"))
    )
    a, b = (intervals.split_accuracy(one, split) for split in ("validation", "test"))
    assert found.value == pytest.approx(a.value - b.value)
    assert found.low == pytest.approx(found.value - np.hypot(a.value - a.low, b.high - b.value), abs=1e-6)
    assert found.high == pytest.approx(found.value + np.hypot(a.high - a.value, b.value - b.low), abs=1e-6)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(
    ("alarms", "missed", "leaning"),
    [(175, 186, "even"), (186, 175, "even"), (220, 150, "over"), (150, 220, "under"), (0, 0, "even")],
)
def test_precision_against_recall_within_noise_is_no_finding(alarms: int, missed: int, leaning: str) -> None:
    labels = np.repeat([0, 1, 1, 0], [alarms, missed, 800, 800])
    predicted = np.repeat([1, 0, 1, 0], [alarms, missed, 800, 800])
    assert classification.per_class(labels, predicted, "ab")[1].leaning == leaning
