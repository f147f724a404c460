"""The order in which variants start, and the cores that each has: those of real kernels."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.execute.progress import PlainDisplay
from runner.execute.schedule import Schedule
from runner.execute.state import Workspace
from runner.machine.capacity import Limits
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results.finished import read_result
from tests.tiny_plan import variant, write_plan

pytestmark = pytest.mark.xdist_group("kernels")

CHOOSES = """
[[variants.last.choose]]
label = "lote"
parameters = ["batch_size"]
among = ["good", "short", "long"]
"""


def test_the_baseline_first_then_the_longest_and_the_chosen_one_last_with_all_cores(tmp_path: Path) -> None:
    more = [
        variant("short", 2, "epochs = 2, batch_size = 32"),
        variant("long", 3, "epochs = 4, batch_size = 16"),
        variant("last", 4, "epochs = 3") + CHOOSES,
    ]
    plan = make_plan(write_plan(tmp_path, *more), "smoke")
    with PlainDisplay() as display:
        workspace = Workspace(plan, tmp_path / "build")
        schedule = Schedule(workspace, plan.variants, Limits(jobs=2, cores=2), display)
        assert schedule.run() == {}
    assert sorted(schedule.began, key=schedule.began.__getitem__) == ["good", "long", "short", "last"]
    threads = {
        name: read_result(tmp_path / "build" / "results" / name).training.environment.threads
        for name in schedule.began
    }
    assert threads == {"good": 1, "long": 1, "short": 1, "last": 2}


def test_the_full_plan_starts_the_longest_first(tmp_path: Path) -> None:
    """What can start at once; what waits for others, and what runs alone, comes later."""
    plan = make_plan(DEFAULT_PLAN, "full")
    workspace = Workspace(plan, tmp_path)
    workspace.states()
    with PlainDisplay() as display:
        schedule = Schedule(workspace, plan.variants, Limits(jobs=2, cores=2), display)
    ready = [v.name for v in schedule._ready()]
    assert ready[0] == "baseline"
    assert {"layers-x2", "filters-x2", "batch-4"} == set(ready[1:4])
    seconds = [schedule._cost(plan.get(name)) for name in ready[1:]]
    assert seconds == sorted(seconds, reverse=True)
    assert not {"best", "timing", "comparison"} & set(ready)
