"""Scores of cases: what a notebook may leave, and what is refused when they are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from runner import kernel, limits
from runner.errors import RunnerError
from runner.results import scores
from runner.results.finished import read_result
from runner.results.npz import PackedArray
from runner.results.scores import SCORES_FILE, read_scores
from runner.results.seal import seal
from tests.made_up import Story, make_study
from tests.scored import errors, scored

GOOD = np.array([0.5, 1.5, 2.0])


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a notebook that is being run."""
    monkeypatch.setenv(kernel.OUTPUT, str(tmp_path))
    kernel.output_dir.cache_clear()
    yield tmp_path
    kernel.output_dir.cache_clear()


def test_a_notebook_leaves_several_metrics_on_several_splits(output: Path) -> None:
    kernel.save_scores("squared_error", GOOD, better="lower")
    kernel.save_scores("squared_error", [1, 2], better="lower", split="validation")
    kernel.save_scores("hit", np.array([True, False, True]), better="higher")
    kernel.save_scores("squared_error", 2 * GOOD, better="lower")  # a cell run once more
    found = read_scores(output / SCORES_FILE)
    assert set(found) == {("test", "squared_error"), ("validation", "squared_error"), ("test", "hit")}
    assert found["test", "squared_error"].values.tolist() == [1.0, 3.0, 4.0]
    assert found["test", "hit"].values.tolist() == [1.0, 0.0, 1.0]
    assert [found[name].better for name in found] == ["lower", "higher", "lower"]


BAD_VALUES = {
    "a table": (np.ones((3, 2)), r"has shape \(3, 2\)"),
    "one number": (1.0, r"has shape \(\)"),
    "one case": ([1.0], "of 2 cases or more"),
    "none": ([], "of 2 cases or more"),
    "rows of several lengths": ([[1.0], [1.0, 2.0]], "not one number a case"),
    "not a number": ([1.0, float("nan")], "no finite numbers"),
    "infinite": ([1.0, float("inf")], "no finite numbers"),
    "words": (["a", "b"], "not numbers, but of type"),
    "objects": ([None, 1.0], "not numbers, but of type object"),
    "complex": ([1j, 2j], "not numbers, but of type complex"),
    "dates": (np.array(["2026-01-01", "2026-01-02"], "datetime64[D]"), "not numbers, but of type"),
}


@pytest.mark.parametrize("fault", BAD_VALUES)
def test_what_is_not_one_number_a_case_is_refused(fault: str, output: Path) -> None:
    values, words = BAD_VALUES[fault]
    with pytest.raises(RunnerError, match=words) as caught:
        kernel.save_scores("squared_error", values, better="lower")
    assert caught.value.where == "save_scores: squared_error on test"
    assert not list(output.iterdir())


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a,b", "a(b)", "../a", "1a", "-a", 3])
def test_names_that_no_template_could_say_are_refused(name: str, output: Path) -> None:
    for metric, split in ((name, "test"), ("a", name)):
        with pytest.raises(RunnerError, match="can't be a name"):
            kernel.save_scores(metric, GOOD, better="lower", split=split)
    assert not list(output.iterdir())


def test_a_metric_has_one_direction(output: Path) -> None:
    kernel.save_scores("squared_error", GOOD, better="lower")
    before = (output / SCORES_FILE).read_bytes()
    with pytest.raises(RunnerError, match="both higher and lower are said"):
        kernel.save_scores("squared_error", GOOD, better="higher", split="validation")
    with pytest.raises(RunnerError, match="none of higher, lower"):
        kernel.save_scores("other", GOOD, better="bigger")  # type: ignore[arg-type]
    assert (output / SCORES_FILE).read_bytes() == before


def test_more_than_fits_is_refused_before_it_is_unpacked(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.save_scores("a", np.zeros(1000), better="lower")
    assert (output / SCORES_FILE).stat().st_size < 1000
    monkeypatch.setattr(limits, "SCORES_BYTES", 4000)
    monkeypatch.setattr(PackedArray, "read", lambda array: pytest.fail("it was unpacked"))
    with pytest.raises(RunnerError, match="its arrays have more than"):
        read_scores(output / SCORES_FILE)
    (output / SCORES_FILE).unlink()
    with pytest.raises(RunnerError, match="MiB of scores"):
        kernel.save_scores("a", np.zeros(1000), better="lower")


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_arrays() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("test.mse.lower.npy", b"no array")
    return buffer.getvalue()


DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "cannot be read"),
    "cut off": (lambda: cut(npz(**{"test.mse.lower": GOOD})), "cannot be read"),
    "no arrays": (without_arrays, "cannot be read"),
    "pickled": (lambda: npz(**{"test.mse.lower": np.array([None, 1], object)}), "neither numbers nor text"),
    "a table": (lambda: npz(**{"test.mse.lower": np.ones((2, 2))}), r"mse on test: has shape \(2, 2\)"),
    "one case": (lambda: npz(**{"test.mse.lower": np.ones(1)}), "mse on test: has shape"),
    "single precision": (
        lambda: npz(**{"test.mse.lower": GOOD.astype(np.float32)}),
        "mse on test: is of type float32",
    ),
    "not a number": (lambda: npz(**{"test.mse.lower": GOOD * np.nan}), "mse on test: holds values"),
    "no direction": (lambda: npz(**{"test.mse": GOOD}), "'test.mse' is no array of scores"),
    "another direction": (lambda: npz(**{"test.mse.up": GOOD}), "'test.mse.up' is no array of scores"),
    "no metric": (lambda: npz(**{"test..lower": GOOD}), "is no array of scores"),
    "two directions": (
        lambda: npz(**{"test.mse.lower": GOOD, "validation.mse.higher": GOOD}),
        "mse: both higher and lower",
    ),
}


@pytest.mark.parametrize("fault", DAMAGED)
def test_damaged_scores_are_refused_with_file_and_metric(fault: str, tmp_path: Path) -> None:
    content, words = DAMAGED[fault]
    path = tmp_path / SCORES_FILE
    path.write_bytes(content())
    with pytest.raises(RunnerError, match=words) as caught:
        read_scores(path)
    assert caught.value.where == str(path)


def test_what_was_altered_since_is_refused(tmp_path: Path) -> None:
    found = scored(tmp_path, "a", errors("a"))
    assert found.scores("test", "squared_error").values.shape == (60,)
    (tmp_path / "a" / SCORES_FILE).write_bytes(npz(**{"test.squared_error.lower": GOOD}))
    with pytest.raises(RunnerError, match="altered since"):
        read_result(tmp_path / "a").scores("test", "squared_error")


def test_what_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    found = scored(tmp_path, "a", errors("a"))
    for split, metric in (("test", "accuracy"), ("validation", "squared_error")):
        with pytest.raises(RunnerError, match=f"no scores of '{metric}' on '{split}'") as caught:
            found.scores(split, metric)
        assert caught.value.hint == "there are: squared_error on test"
        assert caught.value.where == str(found.folder / SCORES_FILE)
    (found.folder / SCORES_FILE).unlink()
    with pytest.raises(RunnerError, match="file is missing"):
        read_result(found.folder).scores("test", "squared_error")


def test_a_classifiers_scores_are_those_of_its_predictions(tmp_path: Path) -> None:
    """And what its notebook scores beside them can be read as well."""
    baseline = make_study(tmp_path, Story(images=(60, 50))).get("baseline")
    evaluation = baseline.training.evaluation
    for split in ("validation", "test"):
        for metric, better in (("accuracy", "higher"), ("cross_entropy", "lower")):
            found = baseline.scores(split, metric)
            assert found.values.mean() == pytest.approx(getattr(getattr(evaluation, split), metric))
            assert found.better == better
    with pytest.raises(RunnerError, match="no predictions of 'tset'"):
        baseline.scores("tset", "accuracy")
    scores.add_scores(baseline.folder, "test", "margin", np.ones(50), "higher")
    seal(baseline.folder)
    assert baseline.scores("test", "margin").better == "higher"
