"""The ladder: variants between the baseline and the best model, each with one more step of the way.

A step names parameters; they take the values of the ladder's last variant, chosen ones by the same choices.
What is trained for a step is an ordinary variant. Nothing is trained for the last step, which is the last
variant itself, nor for one that the winner of a choice has made already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import InputError
from runner.plan.entries import ChooseEntry, LadderEntry

if TYPE_CHECKING:
    from runner.plan.variants import Variant

GROUP = "ladder"


@dataclass(frozen=True)
class Step:
    """One step: ``variant`` is trained for it, or else the winner of ``choice`` is what it leads to.

    ``asked`` says that the practice's statement asks for it.
    """

    label: str
    asked: bool
    variant: str
    choice: ChooseEntry | None = None


@dataclass(frozen=True)
class Ladder:
    """The steps in order, and the variants that are trained for them alone; ``question`` shows it."""

    question: int
    steps: tuple[Step, ...]
    variants: tuple[Variant, ...]


def make_ladder(entry: LadderEntry, baseline: str, known: Mapping[str, Variant], path: Path) -> Ladder:
    """The ladder from the baseline on; ``known`` are all the file's variants by name.

    Raises InputError, naming the key in the file at ``path``, for steps that don't lead there.
    """
    start, end = known[baseline], known[entry.to]
    _check_names(entry, known, path)
    _check_parameters(entry, start, end, path)
    steps, variants, values, choices = [], [], dict(start.parameters), list[ChooseEntry]()
    for place, each in enumerate(entry.steps):
        values |= {name: end.parameters[name] for name in each.parameters if name in end.parameters}
        choices += [c for c in end.choose if c.parameters[0] in each.parameters]
        made = _made_by_a_choice(values, choices, known)
        steps.append(Step(each.label, each.asked, each.name, made))
        if place < len(entry.steps) - 1 and made is None:
            variants.append(
                replace(
                    end,
                    name=each.name,
                    label=each.label,
                    group=GROUP,
                    questions=(entry.question,),
                    parameters=dict(values),
                    extends=start.name,
                    choose=tuple(choices),
                    after=tuple(dict.fromkeys(name for choice in choices for name in choice.among)),
                )
            )
    return Ladder(entry.question, tuple(steps), tuple(variants))


def _made_by_a_choice(
    values: Mapping[str, Any], choices: Sequence[ChooseEntry], known: Mapping[str, Variant]
) -> ChooseEntry | None:
    """The only choice so far if each that may win it has all of these values, and the one it won with."""
    if len(choices) != 1:
        return None
    for name in choices[0].among:
        taken = known[name].parameters
        if {**values, **{key: taken[key] for key in choices[0].parameters}} != dict(taken):
            return None
    return choices[0]


def _check_names(entry: LadderEntry, known: Mapping[str, Variant], path: Path) -> None:
    names = [step.name for step in entry.steps]
    for place, name in enumerate(names[:-1]):
        if name in known or name in names[:place]:
            what = f"'{name}' is another variant already"
            raise InputError(what, where=f"{path}: ladder.steps.{place}.name")
        if entry.steps[place + 1].asked and not entry.steps[place].asked:
            what = "asked by the statement, but a step before it is not"
            raise InputError(what, where=f"{path}: ladder.steps.{place + 1}.asked")
    if names[-1] != entry.to:
        what = f"the last step is '{names[-1]}', but the ladder leads to '{entry.to}'"
        raise InputError(what, where=f"{path}: ladder.steps.{len(names) - 1}.name")


def _check_parameters(entry: LadderEntry, start: Variant, end: Variant, path: Path) -> None:
    """Raise InputError unless each parameter that changes does so in one step, and each choice as a whole."""
    seen: set[str] = set()
    for place, step in enumerate(entry.steps):
        where = f"{path}: ladder.steps.{place}.parameters"
        if twice := seen & {*step.parameters}:
            raise InputError(f"'{min(twice)}' is in an earlier step", where=where)
        seen |= {*step.parameters}
        for choice in end.choose:
            named = [name for name in choice.parameters if name in step.parameters]
            if named and len(named) < len(choice.parameters):
                together = ", ".join(choice.parameters)
                raise InputError(f"chosen together, so they belong into one step: {together}", where=where)
    chosen = {name for choice in end.choose for name in choice.parameters}
    both = {*start.parameters, *end.parameters}
    unlike = chosen | {name for name in both if start.parameters.get(name) != end.parameters.get(name)}
    if lost := sorted(unlike - seen):
        what = f"'{end.name}' differs from '{start.name}' in {', '.join(lost)}, too"
        raise InputError(what, where=f"{path}: ladder.steps", hint="name them in a step")
