"""Expected seconds: from samples where there are some, scaled where they are of something else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from runner.analysis.choices import resolve
from runner.execute.calibration import _wanted
from runner.execute.estimate import (
    Estimator,
    Sample,
    sample_of,
)
from runner.execute.likely import likely
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice import costs
from runner.practice.parameters import Parameters
from runner.results.finished import Finished
from tests.made_up import make_study

PLAN = make_plan(DEFAULT_PLAN, "full")
BASE = PLAN.get("baseline").parameters


def sample(name: str, train: float, forward: float = 1e-4, threads: int = 1) -> Sample:
    cost = costs.parameters(PLAN.get(name).parameters)
    return Sample(parameters=cost, threads=threads, train_seconds=train, forward_seconds=forward)


def seconds(estimator: Estimator, name: str, threads: int = 1) -> float:
    variant = PLAN.get(name)
    return estimator.seconds(name, variant.kind, variant.parameters, threads)


def test_a_sample_of_the_same_variant_is_taken_as_it_is() -> None:
    found = seconds(Estimator(costs, [sample("baseline", 5e-4), sample("batch-4", 9e-4)]), "batch-4")
    images = 10 * 37_500 * 9e-4 + (10 * 12_500 + 60_000) * 1e-4
    assert found == pytest.approx(images, abs=20)  # and some seconds to start
    assert found > images


def test_learning_rate_and_seed_make_no_other_kind_but_batches_and_layers_do() -> None:
    names = ("c-adam", "c-constant", "c-sgd", "c-flip", "c-no-norm")
    kinds = {n: repr(costs.parameters(PLAN.get(n).parameters)) for n in names}
    assert kinds["c-adam"] == kinds["c-constant"] == kinds["c-sgd"] == kinds["c-flip"] != kinds["c-no-norm"]
    assert costs.parameters(BASE) != costs.parameters(PLAN.get("batch-4").parameters)


def test_the_nearest_sample_is_scaled_by_the_operations() -> None:
    estimator = Estimator(costs, [sample("batch-256", 5e-4)])
    assert seconds(estimator, "filters-x2") > 2 * seconds(estimator, "batch-256")


def test_twice_the_filters_is_less_than_their_operations() -> None:
    """Each value's way through memory takes its time as well, and of values there are but twice as many."""
    estimator = Estimator(costs, [sample("batch-256", 5e-4)])
    operations = flops("filters-x2") / flops("batch-256")
    assert 2 < seconds(estimator, "filters-x2") / seconds(estimator, "batch-256") < 0.9 * operations


def flops(name: str) -> float:
    return costs.forward_flops(Parameters.model_validate_json(json.dumps(PLAN.get(name).parameters)))


def test_a_sample_with_as_many_threads_is_preferred() -> None:
    estimator = Estimator(costs, [sample("best", 9e-4, threads=1), sample("best", 4e-4, threads=2)])
    assert seconds(estimator, "best", 2) < seconds(estimator, "best", 1)


def test_what_is_finished_corrects_what_is_still_to_come(tmp_path: Path) -> None:
    finished = make_study(tmp_path).get("baseline")
    own = sample_of(finished, costs)
    assert own.train_seconds == finished.training.timing.epoch_seconds / finished.training.data.train_images
    estimator = Estimator(costs, [sample("baseline", own.train_seconds / 2), sample("batch-4", 9e-4)])
    estimator.samples = tuple(s.model_copy(update={"threads": own.threads}) for s in estimator.samples)
    before = seconds(estimator, "batch-4", own.threads)
    estimator.learn([finished])
    assert seconds(estimator, "batch-4", own.threads) > 1.7 * before - 30


def test_the_load_is_that_of_the_last_that_finished(tmp_path: Path) -> None:
    """A machine that was busy at first and is not any more is expected to stay so."""
    finished = make_study(tmp_path).get("baseline")
    own = sample_of(finished, costs)
    estimator = Estimator(
        costs, [sample("batch-4", own.train_seconds).model_copy(update={"threads": own.threads})]
    )
    estimator.learn([finished])
    quiet = seconds(estimator, "filters-x2", own.threads)
    estimator.learn([*(slower(finished, n) for n in range(2, 6)), *(later(finished, n) for n in range(3))])
    assert seconds(estimator, "filters-x2", own.threads) == pytest.approx(quiet, rel=0.1)


def later(finished: Finished, number: int) -> Finished:
    """The same training under another name, some hours later."""
    finish = finished.result.finished + timedelta(hours=1 + number)
    result = finished.result.model_copy(update={"variant": f"later-{number}", "finished": finish})
    return Finished(result, finished.folder)


def slower(finished: Finished, times: int) -> Finished:
    """The same training under another name, on a machine so many times slower."""
    training = finished.training
    timing = training.timing.model_copy(update={"epoch_seconds": times * training.timing.epoch_seconds})
    changed = {"variant": f"slow-{times}", "training": training.model_copy(update={"timing": timing})}
    return Finished(finished.result.model_copy(update=changed), finished.folder)


def test_choices_still_open_are_assumed_of_middle_cost_and_of_two_the_costlier() -> None:
    names = [v.name for v in PLAN.variants]
    assumed = likely(PLAN.get("best"), {}, names, PLAN)
    assert (assumed["batch_size"], assumed["filters_scale"], assumed["batch_norm"]) == (64, 2, True)


def test_a_choice_that_is_made_is_not_assumed(tmp_path: Path) -> None:
    finished = make_study(tmp_path).finished
    assert likely(PLAN.get("best"), finished, (), PLAN) == resolve(PLAN.get("best"), finished)


def test_kinds_of_little_work_are_not_calibrated() -> None:
    variants = [v for v in PLAN.variants if v.kind == "training"]
    todo = [(v, likely(v, {}, [v.name for v in variants], PLAN)) for v in variants]
    wanted = _wanted(todo, lambda v: 2 if v.name == "best" else 1, (), costs)
    assert 3 <= len(wanted) <= 6
    assert [threads for _, threads, _ in wanted].count(2) == 1  # the last one has both cores, and most work
    kept = [sample("c-adam", 1e-3)]
    assert len(_wanted(todo, lambda v: 2 if v.name == "best" else 1, kept, costs)) == len(wanted) - 1


def test_without_samples_the_operations_serve_and_notebooks_take_what_they_took() -> None:
    rough = Estimator(costs)
    assert seconds(rough, "baseline") == pytest.approx(costs.seconds(BASE, 1), abs=20)
    assert seconds(Estimator(costs, former={"timing": 77.0}), "timing") == 77.0
