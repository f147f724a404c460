"""Of very many variants, the report shows the best and the worst, and counts the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.attachments import collect
from runner.loading import load_study
from runner.plan import make_plan
from runner.selection import BEST, MOST_IN_GROUP, WORST, select
from runner.study import Study
from tests.benchmarks.many_finished import make
from tests.made_up import make_study

COUNT = MOST_IN_GROUP + 20


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A study with a large group, and its folder."""
    folder = tmp_path_factory.mktemp("crowd")
    plan, build_dir = make(folder / "crowd", COUNT)
    return load_study(make_plan(plan, "full"), build_dir), folder / "crowd"


def test_small_groups_are_shown_whole(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    found = select(study)
    assert found.left_out == 0
    assert all(variant.name in found for variant in study.variants)


def test_a_large_group_is_shown_by_its_ends(crowd: tuple[Study, Path]) -> None:
    study, _ = crowd
    found = select(study)
    shown = [name for name in study.group("grid") if name in found]
    accuracies = [study.get(n).training.evaluation.validation.accuracy for n in study.group("grid")]
    kept = [study.get(n).training.evaluation.validation.accuracy for n in shown]
    assert len(shown) == BEST + WORST
    assert (max(kept), min(kept)) == (max(accuracies), min(accuracies))
    assert (found.left_out, found.unfinished) == (COUNT - BEST - WORST, 0)
    assert study.baseline in found and "best" in found


def test_a_repetition_is_shown_with_its_variant(crowd: tuple[Study, Path]) -> None:
    found = select(crowd[0])
    assert f"{crowd[0].baseline}~2" in found


def test_only_what_is_shown_is_attached_but_the_table_has_all(crowd: tuple[Study, Path]) -> None:
    study, folder = crowd
    plan = make_plan(folder / "plan" / "experiments.toml", "full")
    files = {f.path: f.content for f in collect(study, plan, folder / "build", plan.templates)}
    attached = [path for path in files if path.startswith("results/g-") and path.endswith("result.json")]
    assert len(attached) == BEST + WORST
    assert files["results.csv"].decode().count("\ng-") == COUNT
