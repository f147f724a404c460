"""What is finished stays until something is in its place: results, notebooks, checkpoints."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from runner.analysis.loading import load_study
from runner.build_folder import CHECKPOINT_FILE, FAILURE_FILE, RESULT_FILE
from runner.cluster.parcels import Delivery, pack, publish
from runner.commands.run import forget_attempts, forget_failures, refuse_other_profile
from runner.execute.state import VariantState, Workspace
from runner.execute.task import Outcome, Task, record_failure, recover
from runner.files import write_json
from runner.plan.variants import Plan, make_plan
from runner.results import attempts
from runner.results.awaited import note_awaited, pending
from runner.results.finished import read_result
from runner.results.reasons import Reason, english_words
from runner.results.seal import seal
from tests.made_up import Story, write_training
from tests.tiny_plan import write_plan

DIED = Reason.of("kernel_ended", ending=Reason.of("unknown_end"))


class Finished:
    """A plan of one training that is up to date, made up."""

    def __init__(self, folder: Path) -> None:
        self.path, self.build = write_plan(folder), folder / "build"
        self.results = self.build / "results" / "good"
        self.notebook = self.build / "notebooks" / "good.ipynb"
        self.notebook.parent.mkdir(parents=True)
        self.notebook.write_text("{}")
        workspace, variant = Workspace(self.plan, self.build), self.plan.get("good")
        write_training(
            self.results, self.plan, variant, workspace.parameters(variant), Story(images=(60, 40))
        )
        record = read_result(self.results).result
        parts = workspace.parts(variant)
        write_json(
            self.results / RESULT_FILE, record.model_copy(update={"key_parts": parts, "key": self.task.key})
        )
        seal(self.results)

    @property
    def plan(self) -> Plan:
        return make_plan(self.path, "smoke")

    @property
    def task(self) -> Task:
        return Workspace(self.plan, self.build).task(self.plan.get("good"), 1, None)

    @property
    def state(self) -> VariantState:
        (state,) = Workspace(self.plan, self.build).states()
        return state

    @property
    def files(self) -> dict[str, bytes]:
        """All that belongs to the result."""
        kept = [*self.results.iterdir(), self.notebook]
        return {path.name: path.read_bytes() for path in kept if path.name != FAILURE_FILE}

    def edit(self, old: str, new: str) -> None:
        text = self.path.read_text("utf-8")
        assert old in text
        self.path.write_text(text.replace(old, new), "utf-8")

    def fail(self) -> None:
        """An attempt with the inputs of now, whose kernel got as far as leaving a notebook."""
        task = self.task
        task.work_dir.mkdir(parents=True)
        (task.work_dir / "notebook.ipynb").write_text('{"cells": []}')
        record_failure(task, DIED)


@pytest.fixture
def finished(tmp_path: Path) -> Finished:
    made = Finished(tmp_path)
    assert made.state.status == "done"
    return made


def test_a_failed_attempt_with_the_same_inputs_costs_nothing(finished: Finished) -> None:
    """The result is right as before: it is shown, with a word on the attempt; and it is run again."""
    before = finished.files
    finished.fail()
    assert finished.files == before
    assert (finished.build / "notebooks" / "good.failed.ipynb").exists()
    state = finished.state
    assert state.status == "failed" and state.why.startswith(english_words(DIED)) and state.result is not None
    study = load_study(finished.plan, finished.build)
    assert study.has("good") and study.failed_since == {"good": DIED}


def test_a_failed_attempt_with_other_inputs_is_told_and_the_result_kept(finished: Finished) -> None:
    """It is not shown as if it were of the new inputs; when the old ones are back, it is up to date."""
    before = finished.files
    finished.edit("epochs = 2", "epochs = 1")
    assert finished.state.status == "stale"
    finished.fail()
    assert finished.files == before
    state = finished.state
    assert state.status == "failed" and state.result is None
    study = load_study(finished.plan, finished.build)
    assert not study.has("good") and study.missing["good"] == Reason.of("failed", reason=DIED)
    finished.edit("epochs = 1", "epochs = 2")
    assert finished.state.status == "done"
    forget_failures(finished.build, (finished.state,))
    study = load_study(finished.plan, finished.build)
    assert study.has("good") and not study.failed_since


def test_what_was_awaited_is_settled_by_a_failure(finished: Finished) -> None:
    note_awaited(finished.build, pending(["good"]))
    assert not load_study(finished.plan, finished.build).has("good")
    finished.fail()
    assert load_study(finished.plan, finished.build).has("good")


def test_a_kept_result_of_another_profile_is_in_nobodys_way(finished: Finished) -> None:
    record = read_result(finished.results).result
    write_json(finished.results / RESULT_FILE, record.model_copy(update={"profile": "full"}))
    seal(finished.results)
    finished.fail()
    refuse_other_profile(finished.plan, finished.build, force=False)


def test_a_failure_that_comes_from_a_cluster_leaves_the_result(finished: Finished, tmp_path: Path) -> None:
    before = finished.files
    there = tmp_path / "there"
    task = replace(finished.task, build_dir=there)
    record_failure(task, DIED)
    failure = there / "results" / "good" / FAILURE_FILE
    outputs = pack({f"results/good/{FAILURE_FILE}": failure})
    publish(Delivery(Outcome("good", DIED, 1.0), outputs), finished.task)
    assert finished.files == before
    assert finished.state.status == "failed"


def newer(finished: Finished) -> dict[str, bytes]:
    """A run that was just finished, sealed in its work folder; what is to be in place then."""
    work = finished.task.work_dir
    shutil.copytree(finished.results, work)
    record = read_result(finished.results).result
    later = record.model_copy(update={"finished": record.finished + timedelta(hours=1)})
    write_json(work / RESULT_FILE, later)
    seal(work)
    (work / "notebook.ipynb").write_text('{"cells": [1]}')
    files = {path.name: path.read_bytes() for path in work.iterdir()}
    files["good.ipynb"] = files.pop("notebook.ipynb")
    return files


@pytest.mark.parametrize("until", ["sealed", "notebook", "moved away"])
def test_a_finished_run_that_was_killed_while_published_is_published(finished: Finished, until: str) -> None:
    wanted = newer(finished)
    work = finished.task.work_dir
    if until != "sealed":
        (work / "notebook.ipynb").replace(finished.notebook)
    if until == "moved away":
        finished.results.rename(finished.results.with_name(".good.old"))
    recover(finished.build)
    assert finished.files == wanted
    assert [path.name for path in finished.results.parent.iterdir()] == ["good"]
    assert not work.exists()


def test_a_run_that_was_not_finished_is_not_published(finished: Finished) -> None:
    before = finished.files
    newer(finished)
    (finished.task.work_dir / "predictions.npz").write_bytes(b"half")
    recover(finished.build)
    assert finished.files == before


def test_a_result_that_was_moved_away_comes_back(finished: Finished) -> None:
    before = finished.files
    finished.results.rename(finished.results.with_name(".good.old"))
    recover(finished.build)
    assert finished.files == before


# ---------------------------------------------------------------- checkpoints


def trained(folder: Path, key: str, epoch: int) -> None:
    """An attempt that was cut off after some epochs."""
    attempts.begin(folder, key, threads=1)
    (folder / CHECKPOINT_FILE).write_text(json.dumps({"key": key, "epoch": epoch}))


def epoch(folder: Path) -> int | None:
    path = folder / CHECKPOINT_FILE
    return int(json.loads(path.read_text())["epoch"]) if path.exists() else None


def test_epochs_are_there_again_when_the_inputs_are(tmp_path: Path) -> None:
    folder = tmp_path / "good"
    trained(folder, "one", 9)
    attempts.begin(folder, "two", threads=1)  # killed before its first epoch
    assert epoch(folder) is None
    assert attempts.begin(folder, "one", threads=1).interruptions == 1
    assert epoch(folder) == 9
    trained(folder, "two", 3)  # with an epoch of its own
    attempts.begin(folder, "one", threads=1)
    assert epoch(folder) == 9
    attempts.begin(folder, "two", threads=1)
    assert epoch(folder) == 3


def test_forced_it_begins_afresh_and_what_was_there_is_lost_only_to_more(tmp_path: Path) -> None:
    finished = Finished(tmp_path)
    variants, folder = finished.plan.variants, finished.task.checkpoint_dir
    trained(folder, "one", 9)
    forget_attempts(finished.build, variants)
    assert attempts.begin(folder, "one", threads=1).interruptions == 0
    assert epoch(folder) is None
    attempts.end_in_vain(folder)
    assert epoch(folder) == 9
    forget_attempts(finished.build, variants)
    attempts.begin(folder, "one", threads=1)  # killed at once
    attempts.begin(folder, "one", threads=1)
    assert epoch(folder) == 9
    forget_attempts(finished.build, variants)
    trained(folder, "one", 2)
    attempts.end_in_vain(folder)
    assert epoch(folder) == 2
    attempts.forget(folder)
    assert not list(folder.parent.iterdir())
