"""What is attached is what the study was loaded from, even while a run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.analysis.loading import load_study
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, make_plan
from runner.report.attachments import collect
from runner.results.awaited import note_awaited, pending
from runner.results.reasons import Reason
from tests.made_up import make_study, write_failure

NAME = "batch-4"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-up")
    make_study(folder)
    return folder


@pytest.mark.parametrize("end", ["result", "failure"])
def test_what_ended_since_the_study_was_loaded_is_not_attached(end: str, build: Path) -> None:
    """Its row is not on the pages, and would be on those made again from the attachments."""
    plan, there = make_plan(DEFAULT_PLAN, "full"), build / "results" / NAME
    away = there.rename(build / f"{NAME}-{end}")
    try:
        note_awaited(build, pending([NAME]))
        study = load_study(plan, build)
        if end == "result":
            away.rename(there)
        else:
            write_failure(there, NAME, Reason.of("cell_raised", error="ValueError", cell=3, message="no"))
        attached = {each.path for each in collect(study, plan, build, TEMPLATES)}
        assert not {path for path in attached if NAME in path.replace(".", "/").split("/")}
        assert "results/batch-16/result.json" in attached
    finally:
        if end == "failure":
            (there / "failure.json").unlink()
            there.rmdir()
            away.rename(there)
        (build / "awaited.json").unlink(missing_ok=True)
