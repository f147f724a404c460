"""docs/ablation.md: what each ingredient of the best model gives, from trainings of recipe.toml.

    python -m tests.benchmarks.ablation_page build-recipe

keeps what is finished in a build folder, and writes the page from all that was kept.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from runner import PROJECT_ROOT
from runner.analysis.compare import Comparison
from runner.analysis.loading import load_study
from runner.analysis.over_seeds import OverSeeds, compare_all, over_seeds, paired_runs
from runner.commands.request import Request, load_plan
from runner.plan.records import MOST_SEEDS
from runner.plan.variants import Plan
from runner.results.study import Study
from tests.benchmarks.kept_runs import keep, read_kept

PLAN = PROJECT_ROOT / "notebooks" / "recipe.toml"
PAGE = PROJECT_ROOT / "docs" / "ablation.md"
KEPT = PROJECT_ROOT / "docs" / "ablation"
TEMPLATE = Path(__file__).parent / "ablation_page.md"
REFERENCE = "recipe"
VERDICTS = {"better": "better", "worse": "worse", "undecided": "not shown"}


@click.command(help="Keeps what is finished in BUILD, and writes docs/ablation.md from all that was kept.")
@click.argument("build", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(build: Path) -> None:
    asked = Request(plan_path=PLAN, build_dir=build.resolve(), profile="full", seeds=str(MOST_SEEDS))
    plan = load_plan(asked)
    study = load_study(plan, build)
    if not study.finished:  # a draft's results among them: they must not take the place of what is kept
        raise click.UsageError(f"no variant of {PLAN.name} is finished in {build} with the profile 'full'")
    keep(study, KEPT)
    PAGE.write_text(page(plan, replace(study, finished=read_kept(KEPT))), encoding="utf-8")
    print(f"wrote {PAGE}", file=sys.stderr)


def page(plan: Plan, study: Study) -> str:
    """The page's text."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        without="\n".join(rows(plan, study, "without")),
        large="\n".join(rows(plan, study, "large")),
        machines="\n".join(machines(study)),
    )


def machines(study: Study) -> list[str]:
    """Where and when the variants were trained, a line for each processor and its versions; what was not."""
    found: dict[str, list[str]] = {}
    for name in study.available(variant.name for variant in study.variants):
        finished = study.get(name)
        where, day = finished.training.environment, finished.result.finished.date()
        versions = f"tensorflow {where.tensorflow}, keras {where.keras}, numpy {where.numpy}"
        found.setdefault(f"{where.processor}, {where.cores} cores, {versions}", []).append(f"`{name}` {day}")
    missing = [f"`{v.name}`" for v in study.variants if not v.repeats and not study.has(v.name)]
    told = [f"- {place}: {', '.join(names)}" for place, names in found.items()]
    return told + ([f"- nowhere yet: {', '.join(missing)}"] if missing else [])


def rows(plan: Plan, study: Study, group: str) -> list[str]:
    """The recipe's row, then one for each variant that is there; compared on validation, corrected."""
    present = study.available(study.group(group))
    compared = compare_all(
        [paired_runs(study, name, REFERENCE) for name in present], "validation", "accuracy"
    )
    judged = [judgement(found) for found in compared]
    return [
        row(study, name, changed(plan, name), told)
        for name, told in zip((REFERENCE, *present), ("- | -", *judged), strict=True)
    ]


def judgement(found: Comparison) -> str:
    """Difference in points with its interval, and what it shows."""
    values = (100 * value for value in (found.difference, found.low, found.high))
    difference, low, high = (f"{value:+.2f}" for value in values)
    return f"{difference} ({low}..{high}) | {VERDICTS[found.verdict]}"


def changed(plan: Plan, name: str) -> str:
    """The variant's name, and what it has in place of the recipe's."""
    recipe, parameters = plan.get(REFERENCE).parameters, plan.get(name).parameters
    told = [f"{key} {value}" for key, value in parameters.items() if value != recipe[key]]
    return f"`{name}`: {', '.join(told)}" if told else f"`{name}`"


def row(study: Study, name: str, what: str, judged: str) -> str:
    """What it is, seeds, operations, and both accuracies."""
    first = study.get(name).training
    validation, test = (
        over_seeds([getattr(study.get(run).training.evaluation, split).accuracy for run in study.runs(name)])
        for split in ("validation", "test")
    )
    cells = (
        what,
        str(validation.n),
        f"{first.model.flops_per_image / 1e6:.1f}",
        accuracy(validation),
        judged,
        accuracy(test),
    )
    return f"| {' | '.join(cells)} |"


def accuracy(found: OverSeeds) -> str:
    """In percent; with several seeds the mean and the standard deviation."""
    spread = "" if found.std is None else f" ± {100 * found.std:.2f}"
    return f"{100 * found.mean:.2f}{spread}"


if __name__ == "__main__":
    main()
