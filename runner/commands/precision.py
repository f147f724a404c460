"""Decides, once for all the trainings of a run, whether they compute in bfloat16."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runner.commands.request import Request, remember, say
from runner.errors import InputError
from runner.execute.calibration import (
    LEAST_BUDGET_SECONDS,
    Parameterised,
    bfloat16_gain,
    of_precision,
)
from runner.execute.estimate import Sample
from runner.execute.state import Workspace
from runner.machine.bfloat16 import lack_of_bfloat16
from runner.plan.practice import precision_settings
from runner.plan.records import Precision, PrecisionName
from runner.plan.variants import Plan, Variant

LEAST_GAIN = 1.2  # times as fast, all trainings together, below which bfloat16 is not worth other digits
BFLOAT16: PrecisionName = "bfloat16"
BOTH: tuple[PrecisionName, ...] = ("float32", BFLOAT16)


def practice_has_choice(plan: Plan) -> bool:
    """Whether the plan's practice can compute in bfloat16 at all."""
    return precision_settings(plan.practice, BFLOAT16) is not None


def refuse_precision(plan: Plan, todo: Sequence[Variant], request: Request) -> None:
    """Raise InputError for trainings that nothing here can run in bfloat16, before any of them."""
    if plan.precision.name != BFLOAT16:
        return
    if not practice_has_choice(plan):
        what = f"the practice '{plan.practice}' has no bfloat16" if plan.practice else "without a practice"
        raise InputError(f"{what}: nothing takes it", where="precision", hint="leave it out, or float32")
    trains = any(variant.kind == "training" for variant in todo)
    lack = lack_of_bfloat16() if trains and request.scheduler is None else ""
    if lack:
        asked = plan.precision.asked == BFLOAT16
        before = "" if asked else "what is in the build folder was decided to be trained in bfloat16, but "
        hint = "--precision float32, or a machine that has it; without it, it would be many times slower"
        raise InputError(f"{before}{lack}", where="precision", hint=hint)


def described(precision: Precision) -> str:
    """The precision in words, why, and the gain if it was measured."""
    gain = "" if precision.gain is None else f", where bfloat16 is {precision.gain:.2f} times as fast"
    if precision.asked != "auto":
        return f"{precision.name}, as asked for{gain}"
    if precision.used is None:
        return "float32, unless a run measures that bfloat16 is much faster"
    return f"{precision.name}, as measured{gain}"


def open_precisions(workspace: Workspace, request: Request, budget: float | None) -> tuple[str, bool]:
    """Why ``auto`` is float32 without a measurement, in words; and whether there is anything to decide.

    What is finished in float32 stays comparable with what comes: it is not trained anew by itself.
    """
    precision = workspace.plan.precision
    if precision.used is not None or not practice_has_choice(workspace.plan):
        return "", False
    if request.scheduler is not None:
        return "nothing is measured on a cluster", False
    if lack := lack_of_bfloat16():
        return lack, False
    if not request.force and any(each.result.training for each in workspace.finished.values()):
        return "as what is finished here", False
    if budget is not None and budget < LEAST_BUDGET_SECONDS:
        return "the budget is too small to measure", False
    return "", True


def decide(
    workspace: Workspace,
    samples: Sequence[Sample],
    todo: Sequence[Parameterised],
    threads: Callable[[Variant], int],
) -> tuple[Sample, ...]:
    """Give the workspace's plan the precision that the samples speak for; those of it.

    One for all trainings. Too little work to be measured decides nothing.
    """
    plan = workspace.plan
    gain = bfloat16_gain(samples, todo, threads, plan.practice)
    if gain is not None:
        gain = round(gain, 2)  # what is said is what decides
        used: PrecisionName = BFLOAT16 if gain >= LEAST_GAIN else "float32"
        found = plan.precision.model_copy(update={"used": used, "gain": gain})
        workspace.plan = replace(plan, precision=found)
        remember(workspace.plan, workspace.build_dir)
        say(f"precision: {described(found)}")
    else:
        say("precision: float32 (too little work to measure another)")
    return of_precision(samples, workspace.plan.precision.name)
