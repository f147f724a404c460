"""Two reports that the tests of the group ``reports`` share, as each takes some ten seconds to make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.analysis.loading import load_study
from runner.plan.records import Author
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, make_plan
from runner.report.render import render
from runner.results.study import Study
from tests.parcels import make_build
from tests.program import run_program

SCRIPT = "<script>alert(1)</script> {{ 7*7 }}"
LABEL = f"{SCRIPT} ../../etc/passwd"  # of the data: it comes from a record


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a complete study, beside a whole notebook; what is printed in it might be markup."""
    build = tmp_path_factory.mktemp("complete")
    make_build(build)
    plan = make_plan(DEFAULT_PLAN, "full")
    author = Author(("María Pérez", SCRIPT), "Un curso", "7", "24 de abril de 2026")
    render(replace(with_label(load_study(plan, build)), author=author), plan, build, TEMPLATES)
    return build


def with_label(study: Study) -> Study:
    """The study with data of another label."""
    first = study.get(study.baseline)
    data = first.training.data.model_copy(update={"label": LABEL})
    training = first.training.model_copy(update={"data": data})
    named = replace(first, result=first.result.model_copy(update={"training": training}))
    return replace(study, finished={**study.finished, study.baseline: named})


@pytest.fixture(scope="session")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder that ``report --locale en`` was told of; to be looked at, or copied."""
    build = tmp_path_factory.mktemp("english") / "build"
    make_build(build)
    done = run_program("report", "--build-dir", str(build), "--locale", "en")
    assert done.returncode == 0, done.stderr
    return build
