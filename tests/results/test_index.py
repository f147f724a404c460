"""The index of results that were found whole: it spares reading them, and nothing wrong is believed."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.analysis.loading import load_study
from runner.build_folder import INDEX_FILE, PREDICTIONS_FILE, RESULT_FILE
from runner.execute.state import Workspace
from runner.file_index import file_index
from runner.plan.variants import DEFAULT_PLAN, Plan, make_plan
from runner.results import finished, index
from runner.results.arrays import PredictedSets
from runner.results.finished import Finished, read_result
from runner.results.index import ResultsIndex, results_index
from runner.results.seal import seal
from tests.made_up import make_study

NAME = "baseline"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for each in make_study(folder).finished.values():
        seal(each.folder)
    return folder


@pytest.fixture
def build(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build folder whose files are old enough, and of which an index is worth writing."""
    shutil.copytree(made, tmp_path / "build")
    monkeypatch.setattr(index, "SETTLED_NANOSECONDS", 0)
    monkeypatch.setattr(index, "WORTH_FOLDERS", 1)
    return tmp_path / "build"


def known_whole(build: Path) -> ResultsIndex:
    """An index in which all results of the folder are whole."""
    found = ResultsIndex(build)
    for folder in sorted((build / "results").iterdir()):
        if folder.is_dir():
            found.remember(found.look(folder))
    return found


def whole(found: ResultsIndex, build: Path) -> Finished | None:
    return found.whole(found.look(build / "results" / NAME))


def test_what_is_known_is_what_would_be_read(build: Path) -> None:
    known_whole(build).save()
    kept = ResultsIndex(build)
    for folder in sorted(f for f in (build / "results").iterdir() if f.is_dir()):
        assert kept.whole(kept.look(folder)) == read_result(folder)


def another_content(path: Path) -> None:
    before = path.stat()
    path.write_bytes(bytes(len(path.read_bytes())))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def another_file(path: Path) -> None:
    shutil.copy2(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "written again with its old date": another_content,
    "another file of the same content and date": another_file,
    "gone": Path.unlink,
    "one more": lambda path: path.with_name("notes.txt").write_text("more"),
    "a folder": lambda path: path.with_name("more").mkdir(),
    "other rights": lambda path: path.chmod(0o400),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_folder_with_a_change_is_read(build: Path, change: str) -> None:
    found = known_whole(build)
    assert whole(found, build) is not None
    time.sleep(0.02)  # more than the steps in which the system counts the times of files
    CHANGES[change](build / "results" / NAME / PREDICTIONS_FILE)
    assert whole(found, build) is None


def test_a_change_of_a_moment_ago_is_not_trusted(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SETTLED_NANOSECONDS", 3600 * 10**9)
    assert whole(known_whole(build), build) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"form": 1}', '{"folders": []}', "{"])
def test_a_damaged_index_is_none(build: Path, content: str) -> None:
    known_whole(build).save()
    path = build / "results" / INDEX_FILE
    form = json.loads(path.read_text(encoding="utf-8"))["form"]
    for text in (content, content.replace("{}", json.dumps({"form": form, "folders": {NAME: ["", 1]}}))):
        path.write_text(text, encoding="utf-8")
        assert whole(ResultsIndex(build), build) is None
    assert whole(known_whole(build), build) is not None


def test_what_other_code_found_whole_is_read(build: Path) -> None:
    known_whole(build).save()
    path = build / "results" / INDEX_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"form": "of a version before"}), encoding="utf-8")
    assert whole(ResultsIndex(build), build) is None


def test_a_digest_is_of_all_that_readers_see(build: Path) -> None:
    found, folder = ResultsIndex(build), build / "results" / NAME
    first = found.digest(folder)
    assert found.digest(folder) == first == ResultsIndex(build).digest(folder)
    assert whole(found, build) is None  # a digest says nothing of that
    time.sleep(0.02)
    (folder / "notes.txt").write_text("more")
    second = found.digest(folder)
    assert second not in (first, found.digest(build / "results" / "batch-4"))
    time.sleep(0.02)
    another_content(folder / "notes.txt")
    assert found.digest(folder) not in (first, second)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_can_not_be_read_has_no_hash(build: Path) -> None:
    found, folder = ResultsIndex(build), build / "results" / NAME
    first = found.digest(folder)
    time.sleep(0.02)
    (folder / PREDICTIONS_FILE).chmod(0)
    assert found.digest(folder) != first


def test_a_file_that_goes_meanwhile_has_no_hash(build: Path) -> None:
    path = build / "results" / NAME / "gone.txt"
    assert index._digest([path], file_index(build)) != index._digest([], file_index(build))


def states(plan: Plan, build: Path) -> object:
    return [(each.variant.name, each.why, each.result) for each in Workspace(plan, build).states()]


def study(plan: Plan, build: Path) -> object:
    found = load_study(plan, build)
    return found.finished, found.missing


@pytest.mark.parametrize("look", [states, study])
def test_no_array_is_read_twice(
    build: Path, look: Callable[[Plan, Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ``plan`` and ``report`` look at: the same the second time, unless a file was altered."""
    plan, read = make_plan(DEFAULT_PLAN, "full"), []
    really = finished.read_predictions

    def noted(path: Path, images: tuple[int, int], classes: int) -> PredictedSets:
        read.append(path.parent.name)
        return really(path, images, classes)

    monkeypatch.setattr(finished, "read_predictions", noted)
    results_index.cache_clear()
    first = look(plan, build)
    results_index(build).save()
    assert NAME in read
    read.clear()
    results_index.cache_clear()
    assert look(plan, build) == first
    assert not read
    another_content(build / "results" / NAME / PREDICTIONS_FILE)
    assert look(plan, build) != first


def test_few_results_are_not_worth_an_index(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "WORTH_FOLDERS", 100)
    known_whole(build).save()
    assert not (build / "results" / INDEX_FILE).exists()
    assert (build / "results" / NAME / RESULT_FILE).exists()
