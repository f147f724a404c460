"""The optional plan that takes one ingredient at a time out of the best model's recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.plan.records import Seeds
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.printing import conformance
from runner.report.render import render
from tests.benchmarks import ablation_page
from tests.benchmarks.kept_runs import keep, read_kept
from tests.made_up import Story, make_study

PLAN = PROJECT_ROOT / "notebooks" / "recipe.toml"
GPU = PROJECT_ROOT / "notebooks" / "gpu.toml"


def test_its_report_has_every_variant_and_conforms(tmp_path: Path) -> None:
    plan = make_plan(PLAN, "full")
    study = make_study(tmp_path, Story(seeds=Seeds(count=2), skipped=("no-decay",)), experiments=PLAN)
    pdf = render(study, plan, tmp_path, plan.templates)
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(pdf).pages)
    for variant in plan.variants:
        assert variant.label in text
    assert "sin decaimiento de pesos" in text and "pendiente" in text
    assert conformance.check(pdf) == ()


def test_a_draft_is_stamped_although_its_templates_have_no_stamp(tmp_path: Path) -> None:
    plan = make_plan(PLAN, "smoke")
    assert not (plan.templates / "draft.css").exists()
    pdf = render(make_study(tmp_path, profile="smoke", experiments=PLAN), plan, tmp_path, plan.templates)
    texts = [page.extract_text() for page in PdfReader(pdf).pages]
    assert texts and all("BORRADOR" in text for text in texts)
    assert conformance.check(pdf) == ()


def test_a_plan_has_its_own_answers_only(tmp_path: Path) -> None:
    """The ablation and the recipe for a GPU share their templates."""
    found = {}
    for path in (PLAN, GPU):
        plan, folder = make_plan(path, "full"), tmp_path / path.stem
        pdf = render(make_study(folder, experiments=path), plan, folder, plan.templates)
        found[path] = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(pdf).pages)
        assert conformance.check(pdf) == ()
    assert "sin cada uno" in found[PLAN] and "94 %" not in found[PLAN]
    assert "sin cada uno" not in found[GPU] and "¿Llega al 94" in found[GPU]
    assert "entrenada sin GPU" in found[GPU]


def test_the_recipe_is_the_best_model_where_nothing_is_chosen() -> None:
    """What `best` takes from its start is in both files."""
    best = make_plan(DEFAULT_PLAN, "full").get("best")
    recipe = make_plan(PLAN, "full").get("recipe").parameters
    chosen = {name for entry in best.choose for name in entry.parameters} | {"filters", "filters_scale"}
    start = {k: v for k, v in best.parameters.items() if k not in chosen}
    assert start == {k: v for k, v in recipe.items() if k in start}


def test_the_page_of_the_ablation_has_a_row_for_each(tmp_path: Path) -> None:
    plan = make_plan(PLAN, "full")
    study = make_study(tmp_path, Story(skipped=("no-decay",)), experiments=PLAN)
    rows = [line for line in ablation_page.page(plan, study).splitlines() if line.startswith("| `")]
    assert len(rows) == len(plan.variants)  # the recipe stands in both tables, no-decay in none
    assert sum(row.startswith("| `recipe` |") for row in rows) == 2
    without = next(row for row in rows if "`no-whitening`: stem learned" in row)
    assert any(f"| {verdict} |" in without for verdict in ("better", "worse", "not shown"))
    assert "- nowhere yet: `no-decay`" in ablation_page.page(plan, study)


def test_what_the_ablation_keeps_gives_the_same_page(tmp_path: Path) -> None:
    plan = make_plan(PLAN, "full")
    study = make_study(tmp_path, Story(skipped=("no-decay",)), experiments=PLAN)
    keep(study, tmp_path / "kept")
    kept = replace(study, finished=read_kept(tmp_path / "kept"))
    assert kept.finished.keys() == study.finished.keys()
    assert ablation_page.page(plan, kept) == ablation_page.page(plan, study)


def test_a_drafts_results_never_take_the_place_of_what_the_ablation_keeps(tmp_path: Path) -> None:
    make_study(tmp_path, profile="smoke", experiments=PLAN)
    kept = {path: path.read_bytes() for path in ablation_page.KEPT.rglob("*.*")}
    done = CliRunner().invoke(ablation_page.main, [str(tmp_path)])
    assert done.exit_code == 2 and "with the profile 'full'" in done.output
    assert kept == {path: path.read_bytes() for path in ablation_page.KEPT.rglob("*.*")}
