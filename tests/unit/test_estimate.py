"""Expected seconds: from samples where there are some, scaled where they are of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.estimate import Estimator, Sample, cost_parameters, sample_of, training_seconds
from runner.plan import DEFAULT_PLAN, make_plan
from tests.made_up import make_study

PLAN = make_plan(DEFAULT_PLAN, "full")
BASE = PLAN.get("baseline").parameters


def sample(name: str, train: float, forward: float = 1e-4, threads: int = 1) -> Sample:
    cost = cost_parameters(PLAN.get(name).parameters)
    return Sample(parameters=cost, threads=threads, train_seconds=train, forward_seconds=forward)


def seconds(estimator: Estimator, name: str, threads: int = 1) -> float:
    variant = PLAN.get(name)
    return estimator.seconds(name, variant.kind, variant.parameters, threads)


def test_a_sample_of_the_same_variant_is_taken_as_it_is() -> None:
    found = seconds(Estimator([sample("baseline", 5e-4), sample("batch-4", 9e-4)]), "batch-4")
    images = 10 * 37_500 * 9e-4 + (10 * 12_500 + 60_000) * 1e-4
    assert found == pytest.approx(images, abs=20)  # and some seconds to start
    assert found > images


def test_learning_rate_and_seed_make_no_other_kind_but_batches_and_layers_do() -> None:
    kinds = {
        n: repr(cost_parameters(PLAN.get(n).parameters)) for n in ("c-adam", "c-constant", "c-sgd", "c-flip")
    }
    assert kinds["c-adam"] == kinds["c-constant"] == kinds["c-sgd"] != kinds["c-flip"]
    assert cost_parameters(BASE) != cost_parameters(PLAN.get("batch-4").parameters)


def test_the_nearest_sample_is_scaled_by_the_operations() -> None:
    estimator = Estimator([sample("batch-256", 5e-4)])
    assert seconds(estimator, "filters-x2") > 2 * seconds(estimator, "batch-256")


def test_a_sample_with_as_many_threads_is_preferred() -> None:
    estimator = Estimator([sample("best", 9e-4, threads=1), sample("best", 4e-4, threads=2)])
    assert seconds(estimator, "best", 2) < seconds(estimator, "best", 1)


def test_what_is_finished_corrects_what_is_still_to_come(tmp_path: Path) -> None:
    finished = make_study(tmp_path).get("baseline")
    own = sample_of(finished)
    assert own.train_seconds == finished.training.timing.epoch_seconds / finished.training.data.train_images
    estimator = Estimator([sample("baseline", own.train_seconds / 2), sample("batch-4", 9e-4)])
    estimator.samples = tuple(s.model_copy(update={"threads": own.threads}) for s in estimator.samples)
    before = seconds(estimator, "batch-4", own.threads)
    estimator.learn([finished])
    assert seconds(estimator, "batch-4", own.threads) > 1.7 * before - 30


def test_without_samples_the_operations_serve_and_notebooks_take_what_they_took() -> None:
    rough = Estimator()
    assert seconds(rough, "baseline") == pytest.approx(training_seconds(BASE, 1), abs=20)
    assert seconds(Estimator(former={"timing": 77.0}), "timing") == 77.0
