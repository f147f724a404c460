"""Of very many variants, the report shows the best and the worst, and counts the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader

from runner.analysis.loading import load_study
from runner.analysis.selection import BEST, MOST_IN_GROUP, WORST, select
from runner.plan.variants import make_plan
from runner.report.attachments import collect
from runner.report.render import render
from runner.results.study import Study
from runner.verify.command import verify
from tests.benchmarks.many_finished import make
from tests.made_up import make_study

pytestmark = pytest.mark.xdist_group("selection")

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


def test_the_report_says_how_many_it_leaves_out_and_verify_that_it_cannot_make_it_again(
    crowd: tuple[Study, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    study, folder = crowd
    plan = make_plan(folder / "plan" / "experiments.toml", "full")
    pdf = render(study, plan, folder / "build", plan.templates)
    text = "".join(page.extract_text() for page in PdfReader(pdf).pages)
    assert f"Las otras {COUNT - BEST - WORST} están en el fichero adjunto" in " ".join(text.split())
    assert verify(pdf) == 1
    said = capsys.readouterr().out
    assert f"{COUNT - BEST - WORST} variants are only counted in it" in said
    assert "attachments  ok" in said
