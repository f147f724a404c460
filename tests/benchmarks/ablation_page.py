"""docs/ablation.md: what each ingredient of the best model gives, from a finished build of recipe.toml.

python -m tests.benchmarks.ablation_page build-recipe
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner import PROJECT_ROOT, timing
from runner.analysis import Comparison
from runner.loading import load_study
from runner.plan import Plan
from runner.request import Request, load_plan
from runner.seed_statistics import OverSeeds, compare_all, over_seeds, paired_runs
from runner.study import Study
from tests.benchmarks.machine import machine, versions

PLAN = PROJECT_ROOT / "notebooks" / "recipe.toml"
PAGE = PROJECT_ROOT / "docs" / "ablation.md"
TEMPLATE = Path(__file__).parent / "ablation_page.md"
REFERENCE = "recipe"
VERDICTS = {"better": "better", "worse": "worse", "undecided": "not shown"}


@click.command(help="Writes docs/ablation.md from a finished build of notebooks/recipe.toml.")
@click.argument("build", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(build: Path) -> None:
    plan = load_plan(Request(plan_path=PLAN, build_dir=build.resolve()))
    PAGE.write_text(page(plan, load_study(plan, build)), encoding="utf-8")
    print(f"wrote {PAGE}", file=sys.stderr)


def page(plan: Plan, study: Study) -> str:
    """The page's text."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        without="\n".join(rows(plan, study, "without")),
        large="\n".join(rows(plan, study, "large")),
        machine=", ".join([*machine().values(), *(f"{k} {v}" for k, v in used(study).items())]),
        date=max(study.get(name).result.finished for name in study.finished).date(),
    )


def used(study: Study) -> dict[str, str]:
    """Versions of the libraries that trained."""
    environment = study.get(REFERENCE).training.environment
    return {"tensorflow": environment.tensorflow, "keras": environment.keras, "numpy": versions()["numpy"]}


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
    """What it is, seeds, operations, time, and both accuracies."""
    first = study.get(name).training
    validation, test = (
        over_seeds([getattr(study.get(run).training.evaluation, split).accuracy for run in study.runs(name)])
        for split in ("validation", "test")
    )
    cells = (
        what,
        str(validation.n),
        f"{first.model.flops_per_image / 1e6:.1f}",
        f"{timing.epoch_seconds(study, name):.0f}",
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
