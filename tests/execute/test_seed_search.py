"""``--seeds auto``: what it spends seeds on, when it stops, and what it leaves word of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runner.analysis.choices import resolve
from runner.analysis.compare import seeds_needed
from runner.analysis.loading import load_study
from runner.commands.request import Request, open_plan, remember
from runner.execute import seed_search
from runner.execute.seed_search import Search, is_due, open_pairs, time_limit
from runner.execute.state import Workspace
from runner.plan.records import Pair, Seeds, SeedSearch
from runner.plan.seeds import with_seeds
from runner.plan.variants import DEFAULT_PLAN, Plan, Variant, make_plan
from tests.made_up import Story, make_study, write_training

AUTO = Seeds(auto=True)
PLAN = with_seeds(make_plan(DEFAULT_PLAN, "full"), AUTO)
STORY = Story(seeds=AUTO, layers="undecided", filters="better", images=(700, 600))
LAYERS = Pair(question=11, variant="layers-x2", reference="batch-256")
FILTERS = Pair(question=10, variant="filters-x2", reference="batch-256")
NOW = 5000.0  # by the clock of all of these tests, which stands still


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests themselves take is no part of a budget."""
    monkeypatch.setattr(seed_search, "monotonic", lambda: NOW)


def search(folder: Path, limit: float | None) -> tuple[Search, list[str]]:
    """A search in a folder with one seed of everything, whose runs are made up as their names say."""
    said: list[str] = []

    def write(workspace: Workspace, todo: Sequence[Variant]) -> dict[str, str]:
        finished = load_study(workspace.plan, folder).finished
        for variant in todo:
            target = folder / "results" / variant.name
            write_training(target, workspace.plan, variant, resolve(variant, finished), STORY)
        return {}

    found = Search(PLAN, folder, limit, lambda plan: remember(plan, folder), said.append, NOW)
    found.run(write)
    return found, said


def names(plan: Plan) -> list[str]:
    return [v.name for v in plan.variants if "~" in v.name]


def test_only_open_comparisons_are_open(tmp_path: Path) -> None:
    found = open_pairs(make_study(tmp_path, STORY))
    assert LAYERS in found
    assert FILTERS not in found
    assert not [pair for pair in found if pair.variant in ("batch-4", "batch-256", "best")]


def test_the_test_set_opens_nothing(tmp_path: Path) -> None:
    one = open_pairs(make_study(tmp_path / "one", STORY))
    assert open_pairs(make_study(tmp_path / "other", replace(STORY, test_shift=-2.0))) == one


def test_seeds_go_to_open_comparisons_as_many_as_they_need(tmp_path: Path) -> None:
    make_study(tmp_path, STORY)
    found, said = search(tmp_path, None)
    seeds = found.plan.seeds
    assert seeds.search is not None
    assert seeds.search.stopped == "most"
    assert LAYERS in seeds.search.pairs and FILTERS not in seeds.search.pairs
    needed = open_pairs(load_study(found.plan, tmp_path))
    assert set(needed) == set(seeds.search.pairs)  # further seeds open and close nothing: one look
    assert all(min(seeds.of(p.variant), seeds.of(p.reference)) >= n for p, n in needed.items())
    assert max(seeds.more.values()) == max(needed.values())
    assert seeds.of("layers-x2") == needed[LAYERS] == seeds_needed(1)
    assert not any(name.startswith(("batch-4~", "filters-x2~", "best~")) for name in names(found.plan))
    assert any(f"{needed[LAYERS]} for layers-x2 and batch-256" in line for line in said)
    again = open_plan(Request(build_dir=tmp_path))
    assert again.seeds == seeds
    assert not is_due(again.seeds, asked=False)  # a plain run spends nothing again
    assert is_due(again.seeds, asked=True)


def test_a_budget_that_no_seed_fits_in_spends_nothing(tmp_path: Path) -> None:
    make_study(tmp_path, STORY)
    found, said = search(tmp_path, 1.0)
    assert names(found.plan) == []
    assert found.plan.seeds.search is not None
    assert found.plan.seeds.search.stopped == "budget"
    assert "stopped: budget" in said[-1]


def test_what_fails_gets_no_further_seed(tmp_path: Path) -> None:
    make_study(tmp_path, STORY)
    begun: list[str] = []

    def fail(workspace: Workspace, todo: Sequence[Variant]) -> dict[str, str]:
        begun.extend(variant.name for variant in todo)
        return {variant.name: "falla" for variant in todo}

    _, failed = Search(PLAN, tmp_path, None, lambda plan: None, lambda text: None, NOW).run(fail)
    assert failed.keys() == set(begun)
    assert begun and len(begun) == len(set(begun))  # none is tried again


def test_the_budget_limits_what_is_begun(tmp_path: Path) -> None:
    make_study(tmp_path, STORY)
    pair_seconds = 2 * 300.5 * (seeds_needed(1) - 1)  # wall seconds of the made-up runs
    first = Search(PLAN, tmp_path, pair_seconds, lambda plan: None, lambda text: None, NOW)
    study = load_study(PLAN, tmp_path)
    chosen, stopped = first._next(study, open_pairs(study))
    assert len(chosen) == 1 and stopped is None


def test_nothing_open_spends_nothing(tmp_path: Path) -> None:
    """A plan whose only comparisons are clear."""
    skipped = tuple(v.name for v in PLAN.variants if v.group in ("layers", "candidates", "best"))
    make_study(tmp_path, replace(STORY, skipped=skipped))
    if open_pairs(load_study(PLAN, tmp_path)):
        pytest.fail("the story was to leave nothing open")
    found, _ = search(tmp_path, None)
    assert found.plan.seeds.search is not None
    assert (names(found.plan), found.plan.seeds.search.stopped) == ([], "decided")


def test_the_budget_is_of_the_whole_run(tmp_path: Path) -> None:
    """What the first seeds took is no longer there for further ones."""
    make_study(tmp_path, STORY)
    late = Search(PLAN, tmp_path, 3600.0, lambda plan: None, lambda text: None, NOW - 3600)
    study = load_study(PLAN, tmp_path)
    assert late._next(study, open_pairs(study)) == ((), "budget")
    assert time_limit(7200.0, AUTO) == 7200
    assert time_limit(None, AUTO) is None


def test_an_interrupted_search_goes_on_within_its_budget() -> None:
    half = SeedSearch(budget_seconds=600.0, pairs=(), stopped="interrupted")
    seeds = AUTO.model_copy(update={"search": half})
    assert is_due(seeds, asked=False)
    assert time_limit(None, seeds) == 600
