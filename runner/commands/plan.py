"""Shows the plan: variants, differences, state and expected time."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from runner.analysis.compare import seeds_needed
from runner.build_folder import refuse_strange
from runner.commands.precision import described, practice_has_choice
from runner.commands.request import Request, open_plan
from runner.execute.calibration import former_seconds, read_samples
from runner.execute.estimate import Estimator
from runner.execute.likely import likely
from runner.execute.progress import duration
from runner.execute.state import VariantState, Workspace
from runner.machine.capacity import Limits, default_limits
from runner.plain_text import plain
from runner.plan.practice import costs_of
from runner.processes.garbage import no_collection
from runner.report.characters import refuse_unprintable
from runner.results.index import results_index

MOST_IN_TABLE = 300
COLUMNS = ("variant", "differences", "state", "time")
Row = tuple[str, str, str, str]


@no_collection()
def show_plan(request: Request) -> None:
    """Print the plan as a table; nothing is run, or written but an index of hundreds of results."""
    refuse_strange(request.build_dir)
    plan = open_plan(request)
    refuse_unprintable(plan)
    workspace = Workspace(plan, request.build_dir.resolve())
    states = workspace.states()
    results_index(workspace.build_dir).save()
    limits = default_limits(None)
    samples = read_samples(workspace.build_dir, limits.jobs, plan.practice, plan.precision.name)
    former = former_seconds(workspace.build_dir, plan.variants)
    estimator = Estimator(costs_of(plan.practice), samples, former)
    estimator.learn(workspace.finished.values())
    rows: list[Row] = []
    total, pending = 0.0, [s.variant.name for s in states if s.status != "done"]
    for state in states:
        seconds = _seconds(workspace, state, estimator, limits, pending)
        if state.status != "done":
            total += seconds
        rows.append((state.variant.name, _differences(workspace, state), _state(state), duration(seconds)))
    console = Console(markup=False, emoji=False)  # titles and labels are text
    _print(rows, f"{plan.title}\nprofile {plan.profile}", console)
    if practice_has_choice(plan):
        console.print(f"precision: {described(plan.precision)}", highlight=False)
    jobs = limits.jobs
    for line in workspace.undeclared():
        console.print(f"note: {line}", highlight=False)
    source = "from the calibration" if samples else "a rough estimate, before any calibration"
    console.print(
        f"expected: {duration(total / jobs)} with {jobs} variants side by side ({source})", highlight=False
    )
    if plan.seeds.auto:
        least = f"{seeds_needed(1)} or more"
        text = (
            f"then as many seeds as its test needs ({least}) where a comparison of questions 9 to 12 is open"
        )
        console.print(text, highlight=False)


def _print(rows: Sequence[Row], title: str, console: Console) -> None:
    """A table; of more variants than anybody reads, lines for ``grep``, which take a tenth of the time."""
    if len(rows) > MOST_IN_TABLE:
        ordered = [(name, state, time, differences) for name, differences, state, time in (COLUMNS, *rows)]
        widths = [max(map(len, column)) for column in zip(*ordered, strict=True)][:-1]
        lines = ("  ".join((*map(str.ljust, row, widths), row[-1])) for row in ordered)
        click.echo("\n".join((*map(plain, title.split("\n")), *map(plain, lines))))
        return
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, overflow="fold", justify="right" if column == "time" else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _seconds(
    workspace: Workspace,
    state: VariantState,
    estimator: Estimator,
    limits: Limits,
    pending: Sequence[str],
) -> float:
    """What the variant took, or is expected to take."""
    if state.result is not None:
        return state.result.result.wall_seconds
    variant = state.variant
    parameters = likely(variant, workspace.finished, pending, workspace.plan)
    return estimator.seconds(variant.name, variant.kind, parameters, limits.share)


def _differences(workspace: Workspace, state: VariantState) -> str:
    """What the variant changes in the one that it extends, which is named unless it is the baseline."""
    variant, plan = state.variant, workspace.plan
    if variant.kind == "notebook":
        return variant.notebook.name
    chosen = [name for entry in variant.choose for name in entry.parameters]
    differences = plan.differences(variant, variant.extends)
    parts = [f"{k}={v}" for k, v in differences.items() if k not in chosen]
    if variant.extends not in (None, plan.baseline):
        parts.insert(0, f"like {variant.extends}")
    if chosen:
        parts.append("chosen on validation: " + ", ".join(chosen))
    return ", ".join(parts) or "-"


def _state(state: VariantState) -> str:
    return f"{state.status} ({state.why})" if state.why else state.status
