"""Records are written whole, and what is damaged is refused with file and field."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.analysis.loading import load_study
from runner.build_folder import BEST_EPOCH_FILE, PREDICTIONS_FILE, RESULT_FILE
from runner.errors import RunnerError
from runner.files import write_json, write_text
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results.finished import WhichEpoch, read_result
from tests.made_up import make_study

Content = dict[str, Any]


def remove(*path: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]

    return change


def put(value: Any, *path: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_study(folder)
    return folder


@pytest.fixture
def build(made: Path, tmp_path: Path) -> Path:
    """A build folder of one's own to damage."""
    shutil.copytree(made, tmp_path / "build")
    return tmp_path / "build"


BAD_RECORDS = [
    (remove("key"), "key: Field required"),
    (remove("training", "evaluation", "test"), "training.evaluation.test: Field required"),
    (put(99, "schema_version"), "schema_version is 99"),
    (put("much", "wall_seconds"), "wall_seconds"),
    (put(1, "training", "colour"), "training.colour"),
    (put(float("nan"), "training", "evaluation", "test", "accuracy"), "NaN, which is no JSON number"),
    (put([], "training", "timing"), "training.timing"),
]


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS)
def test_a_bad_record_is_refused_and_the_rest_is_read(
    build: Path, change: Callable[[Content], None], message: str
) -> None:
    path = build / "results" / "batch-4" / RESULT_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(RunnerError) as caught:
        read_result(path.parent)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    study = load_study(make_plan(DEFAULT_PLAN, "full"), build)
    assert message.split(":")[0] in str(study.missing["batch-4"])
    assert study.has("baseline")


def test_a_truncated_record_is_refused(build: Path) -> None:
    path = build / "results" / "baseline" / RESULT_FILE
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RunnerError, match="cannot be read"):
        read_result(path.parent)


@pytest.mark.parametrize("epoch", ["last", "best"])
@pytest.mark.parametrize("damage", ["short", "missing array", "nan", "other loss", "truncated", "gone"])
def test_bad_predictions_are_refused_with_their_file(build: Path, damage: str, epoch: WhichEpoch) -> None:
    path = build / "results" / "baseline" / (PREDICTIONS_FILE if epoch == "last" else BEST_EPOCH_FILE)
    with np.load(path) as found:
        arrays = {name: found[name] for name in found.files}
    if damage == "short":
        arrays["test_labels"] = arrays["test_labels"][:-1]
    elif damage == "missing array":
        del arrays["test_probabilities"]
    elif damage == "nan":
        arrays["test_probabilities"][3, 3] = np.nan
    elif damage == "other loss":
        arrays["test_cross_entropy"][3] += 0.01
    np.savez(path, **arrays)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "gone":
        path.unlink()
    finished = read_result(path.parent)
    with pytest.raises(RunnerError) as caught:
        finished.at(epoch).predictions  # noqa: B018
    assert str(path) in str(caught.value)
    study = load_study(make_plan(DEFAULT_PLAN, "full"), build)
    assert path.name in str(study.missing["baseline"])


def test_a_record_of_an_earlier_version_knows_no_best_epoch_and_is_read(build: Path) -> None:
    path = build / "results" / "baseline" / RESULT_FILE
    record = json.loads(path.read_text())
    del record["training"]["best"]
    path.write_text(json.dumps(record))
    finished = load_study(make_plan(DEFAULT_PLAN, "full"), build).get("baseline")
    assert not finished.knows_best
    with pytest.raises(RunnerError, match="best epoch was not measured") as caught:
        finished.at("best")
    assert "run 'all' again" in str(caught.value)


def test_nan_never_reaches_json_and_nothing_is_half_written(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_text(target, "old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"x": float("nan")})
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_results_of_another_profile_are_not_shown(tmp_path: Path) -> None:
    make_study(tmp_path, profile="quick")
    study = load_study(make_plan(DEFAULT_PLAN, "full"), tmp_path)
    assert not study.finished
    assert "«quick»" in str(study.missing["baseline"])


def test_what_is_no_array_among_arrays_is_told(build: Path) -> None:
    """Numpy gives its bytes."""
    path = build / "results" / "baseline" / PREDICTIONS_FILE
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("validation_labels.npy", b"no array")
    with pytest.raises(RunnerError, match="'validation_labels' is no array"):
        read_result(path.parent).predictions  # noqa: B018  read now
