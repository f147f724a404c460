"""Repetitions of variants with other seeds: how many are wanted, and the plan that holds them.

``NAME~2`` is NAME with the next seed. The seed decides the split as well, so repetitions of the same number
share their validation images, and differences are taken between those.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from runner.errors import InputError
from runner.plan.records import MOST_SEEDS, REPEATED, SEED_MARK, Seeds, WrittenSeeds
from runner.plan.variants import Plan, Variant

AUTO: Literal["auto"] = "auto"
SEED_LIMIT = 2**31  # seeds are below it


def parse_seeds(text: str) -> int | Literal["auto"]:
    """What ``--seeds`` was given; raises InputError for anything but a small number or ``auto``."""
    if text == AUTO:
        return AUTO
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_SEEDS:
        return int(text)
    raise InputError(f"--seeds must be a number from 1 to {MOST_SEEDS}, or 'auto', not '{text}'")


def wanted_seeds(option: str | None, written: WrittenSeeds | None, before: Seeds | None) -> Seeds:
    """From the option; or as the build folder noted, unless the file was changed since; or the file.

    ``written`` is what the experiments file says of the profile, ``before`` what the last run left. An option
    is for all the variants, whatever is written of some. Raises InputError for a bad option.
    """
    if option is None and before is not None and before.written == written:
        return before
    wanted = (parse_seeds(option) if option else written) or 1
    if wanted == AUTO:
        found = before if before is not None and before.auto else Seeds()
        return found.model_copy(update={"auto": True, "written": written})
    if isinstance(wanted, dict):
        return Seeds(more=wanted, written=written)
    return Seeds(count=wanted, written=written)


def with_seeds(plan: Plan, seeds: Seeds) -> Plan:
    """The plan with the repetitions that ``seeds`` asks for, after all trainings; others are dropped.

    Raises InputError for repetitions where nothing is trained.
    """
    first = [v for v in plan.variants if SEED_MARK not in v.name]
    trainings = [v for v in first if v.kind == "training"]
    if not trainings and (seeds.count > 1 or seeds.auto):
        raise InputError("nothing takes them, as no variant is trained", where="--seeds", hint="--seeds 1")
    notebooks = [v for v in first if v.kind != "training"]
    most = max((seeds.of(v.name) for v in trainings), default=1)
    repeated = [
        repeat(v, number) for number in range(2, most + 1) for v in trainings if number <= seeds.of(v.name)
    ]
    return replace(plan, variants=(*trainings, *repeated, *notebooks), seeds=seeds)


def repeat(variant: Variant, number: int) -> Variant:
    """The variant with its seed raised by ``number`` - 1; choices are those made on the first seed."""
    seed = (int(variant.parameters["seed"]) + number - 1) % SEED_LIMIT
    return replace(
        variant,
        name=f"{variant.name}{SEED_MARK}{number}",
        label=REPEATED.format(label=variant.label, number=number),
        parameters={**variant.parameters, "seed": seed},
        extends=variant.name,
    )
