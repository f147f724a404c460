"""From the experiments file and a profile to the list of variants, complete and in order."""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from typing import Any, Literal

from runner import LOCALES, shipped
from runner.build_folder import Outputs
from runner.errors import InputError
from runner.plan.data_files import DataPath, declared_data
from runner.plan.entries import ChooseEntry, Experiments, HandinEntry
from runner.plan.experiments import lineage, read_experiments
from runner.plan.ladder import Ladder, make_ladder
from runner.plan.notebooks import PARAMETERS, check_notebook, declared_parameters
from runner.plan.practice import allowed_parameters, check_parameters, practice_of
from runner.plan.precision import wanted_precision
from runner.plan.records import MARGINS, Author, Compared, Margin, Precision, Seeds

DEFAULT_PLAN = shipped("notebooks") / "experiments.toml"
TEMPLATES = shipped("templates")  # of this practice
SMALL = 200  # variants
MOST_COMBINATIONS = (
    1000  # of winners, tried before anything is run; what doesn't go together is told later, too
)


@dataclass(frozen=True)
class Variant:
    """One entry of the plan.

    ``needs`` are variants it can't do without, ``after`` those whose end (good or bad) it waits for, and
    ``alone`` is for what must have the machine to itself. ``parameters`` are complete; those named in
    ``choose`` are still to be replaced by the winner's. ``data`` are the files that it is declared to read.
    """

    name: str
    label: str
    kind: Literal["training", "notebook"]
    group: str
    questions: tuple[int, ...]
    notebook: Path
    parameters: Mapping[str, Any]
    extends: str | None = None
    choose: tuple[ChooseEntry, ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    alone: bool = False
    data: tuple[DataPath, ...] = ()
    practice: str = ""


@dataclass(frozen=True)
class Plan:
    """All that is to be run, in the order of the experiments file."""

    title: str
    profile: str
    draft: bool
    author: Author
    baseline: str
    path: Path
    variants: tuple[Variant, ...]
    handin: tuple[HandinEntry, ...]
    seeds: Seeds = field(default_factory=Seeds)
    precision: Precision = field(default_factory=Precision)
    templates: Path = TEMPLATES
    written_author: Author | None = None  # that of the experiments file, which flags may override
    zone: str = ""  # in which the report tells times; empty: as they were recorded
    practice: str = ""  # the module that knows the variants' parameters
    compare: tuple[Compared, ...] = ()
    ladder: Ladder | None = None
    locale: str = LOCALES[0]  # of the report
    written_locale: str = LOCALES[0]  # that of the experiments file, which a command may override
    outputs: Outputs = field(default_factory=Outputs)
    margins: Mapping[str, Margin] = field(default_factory=lambda: MARGINS)  # by metric: see Study

    def get(self, name: str) -> Variant:
        """The variant ``name``; raises InputError listing the names for any other."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        names = ", ".join(v.name for v in self.variants)
        raise InputError(f"no variant '{name}' in the plan; there are: {names}", where=str(self.path))

    @property
    def is_small(self) -> bool:
        """Whether the predictions of all its variants fit into memory together (0.5 MB each, of CIFAR-10)."""
        return len(self.variants) <= SMALL

    def differences(self, variant: Variant, reference: str | None = None) -> dict[str, Any]:
        """Parameters of a training variant that are unlike the reference's (the baseline's)."""
        if variant.kind == "notebook":
            return {}
        base = self.get(reference or self.baseline).parameters
        return {k: v for k, v in variant.parameters.items() if k not in base or v != base[k]}


def make_plan(path: Path, profile: str, templates: Path | None = None) -> Plan:
    """The plan of ``profile``; raises InputError for whatever does not fit in the file.

    ``templates`` take the place of those that the file names.
    """
    experiments = read_experiments(path)
    if profile not in experiments.profiles:
        known = ", ".join(sorted(experiments.profiles))
        raise InputError(f"no profile '{profile}'; there are: {known}", where=str(path))
    _check_practice(experiments, path)
    _check_profiles(experiments, path)
    notebooks = _notebook_paths(experiments, path)
    trainings = [_training(experiments, name, profile, path, notebooks) for name in experiments.variants]
    base = experiments.baseline
    ladder = _ladder(experiments, trainings, profile, path)
    if ladder is not None and experiments.profiles[profile].ladder:
        trainings += ladder.variants
    _check_choices(trainings, path)
    shared = _training_parameters(experiments, base, profile, path) if base else {}
    others = [_notebook(experiments, n, shared, path) for n in experiments.notebooks]
    entry = experiments.author
    author = Author(entry.names, entry.course, entry.group, entry.date)
    return Plan(
        title=experiments.title,
        profile=profile,
        draft=experiments.profiles[profile].draft,
        author=author,
        written_author=author,
        baseline=base or "",
        path=path,
        variants=(*trainings, *others),
        handin=experiments.handin,
        seeds=Seeds(written=experiments.seeds_of(profile)),
        precision=wanted_precision(None, experiments.precision, None),
        templates=templates or _templates(experiments, path),
        practice=experiments.practice,
        locale=experiments.locale,
        written_locale=experiments.locale,
        compare=tuple(Compared(e.question, e.group, e.reference or "") for e in experiments.compare),
        ladder=ladder,
        margins={**MARGINS, **experiments.margins},
        outputs=Outputs(experiments.output.notebook, experiments.output.message),
    )


def with_author(plan: Plan, **given: Any) -> Plan:
    """The plan signed by what was ``given`` (empty values leave the file's)."""
    return replace(plan, author=replace(plan.author, **{k: v for k, v in given.items() if v}))


def _check_practice(experiments: Experiments, path: Path) -> None:
    """Raise InputError for a practice that is none, and for comparisons of what is not there."""
    try:
        practice_of(experiments.practice)
    except InputError as error:
        raise InputError(error.what, where=f"{path}: practice", hint=error.hint) from error


def _refuse_unknown(names: Iterable[str], experiments: Experiments, where: str) -> None:
    """Raise InputError for a parameter that the practice does not know."""
    allowed = allowed_parameters(experiments.practice)
    unknown = sorted(set(names) - set(allowed)) if allowed is not None else []
    if allowed is not None and unknown:
        raise InputError(f"unknown parameter '{unknown[0]}'; allowed: {', '.join(allowed)}", where=where)


def _check_profiles(experiments: Experiments, path: Path) -> None:
    """Raise InputError for what a profile, used or not, asks of trainings that can't take it."""
    nobody = "nothing takes it, as there are no variants"
    if experiments.seeds is not None and not experiments.variants:
        raise InputError(nobody, where=f"{path}: seeds")
    for name, entry in experiments.profiles.items():
        where = f"{path}: profiles.{name}"
        if entry.seeds is not None and not experiments.variants:
            raise InputError(nobody, where=f"{where}.seeds")
        if not experiments.variants and (entry.parameters or entry.max_epochs is not None):
            key = "parameters" if entry.parameters else "max_epochs"
            hint = "the parameters of a notebook stand in its own entry"
            raise InputError(nobody, where=f"{where}.{key}", hint=hint)
        _refuse_unknown(entry.parameters, experiments, f"{where}.parameters")


def _training(
    experiments: Experiments, name: str, profile: str, path: Path, notebooks: Mapping[str, Path]
) -> Variant:
    entry = experiments.variants[name]
    waits = dict.fromkeys(other for choice in entry.choose for other in choice.among)
    for index, choice in enumerate(entry.choose):
        _refuse_unknown(choice.parameters, experiments, f"{path}: variants.{name}.choose.{index}.parameters")
    return Variant(
        name=name,
        label=entry.label,
        kind="training",
        group=entry.group,
        questions=entry.questions,
        notebook=notebooks[entry.notebook],
        parameters=_training_parameters(experiments, name, profile, path),
        extends=entry.extends,
        choose=entry.choose,
        after=tuple(waits),
        data=_data(experiments, name, path),
        practice=experiments.practice,
    )


def _ladder(
    experiments: Experiments, trainings: Sequence[Variant], profile: str, path: Path
) -> Ladder | None:
    """The file's ladder, if it has one; raises InputError for steps that can't be trained."""
    entry = experiments.ladder
    if entry is None or experiments.baseline is None:
        return None
    for place, step in enumerate(entry.steps):
        where = f"{path}: ladder.steps.{place}"
        _refuse_unknown(step.parameters, experiments, f"{where}.parameters")
    ladder = make_ladder(entry, experiments.baseline, {v.name: v for v in trainings}, path)
    practice = practice_of(experiments.practice)
    for variant in ladder.variants:
        where = f"{path}: ladder.steps: '{variant.name}'"
        complete = check_parameters(experiments.practice, dict(variant.parameters), where)
        if practice and (refusal := practice.refusal(complete, experiments.profiles[profile].draft)):
            raise InputError(refusal, where=where)
    return ladder


def _training_parameters(experiments: Experiments, name: str, profile: str, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for ancestor in lineage(experiments, name, path):
        values |= experiments.variants[ancestor].parameters
    where, practice = f"{path}: variants.{name}.parameters", experiments.practice
    complete = check_parameters(practice, values, where)
    entry = experiments.profiles[profile]
    if entry.parameters or entry.max_epochs is not None:
        values |= entry.parameters
        if entry.max_epochs is not None:
            if "epochs" not in values:
                raise InputError("no variant has epochs", where=f"{path}: profiles.{profile}.max_epochs")
            values["epochs"] = min(values["epochs"], entry.max_epochs)
        complete = check_parameters(practice, values, f"{path}: profiles.{profile}.parameters")
    found = practice_of(practice)
    if found is None:
        notebook = _notebook_path(experiments.variants[name].notebook, path, f"variants.{name}")
        _refuse_undeclared(complete, notebook, where)
    elif refusal := found.refusal(complete, entry.draft):
        raise InputError(refusal, where=where)
    return complete


def _refuse_undeclared(values: Iterable[str], notebook: Path, where: str) -> None:
    """Raise InputError for a parameter that the notebook does not declare."""
    declared = declared_parameters(notebook)
    if unknown := sorted(set(values) - declared.keys()):
        allowed = ", ".join(sorted(declared)) or "none"
        hint = f"the allowed ones are set in the cell of {notebook.name} that is tagged '{PARAMETERS}'"
        what = f"the notebook has no {', '.join(unknown)}; allowed: {allowed}"
        raise InputError(what, where=where, hint=hint)


def _check_choices(trainings: Sequence[Variant], path: Path) -> None:
    """Raise InputError for winners that would not go together, whichever of them it may be."""
    known = {variant.name: variant.parameters for variant in trainings}
    for variant in trainings:
        tried: set[str] = set()
        for winners in islice(product(*(entry.among for entry in variant.choose)), MOST_COMBINATIONS):
            values = dict(variant.parameters)
            for entry, winner in zip(variant.choose, winners, strict=True):
                values |= {name: known[winner][name] for name in entry.parameters}
            if winners and (text := json.dumps(values, default=str)) not in tried:
                tried.add(text)
                check_parameters(
                    variant.practice,
                    values,
                    f"{path}: variants.{variant.name}.choose: if {' and '.join(winners)} won",
                )


def _notebook(experiments: Experiments, name: str, shared: Mapping[str, Any], path: Path) -> Variant:
    entry = experiments.notebooks[name]
    notebook = _notebook_path(entry.notebook, path, f"notebooks.{name}")
    declared = declared_parameters(notebook)
    _refuse_undeclared(entry.parameters, notebook, f"{path}: notebooks.{name}.parameters")
    variants = (n for n, v in experiments.variants.items() if v.group in entry.after)
    after = (*variants, *(n for n in experiments.notebooks if n in entry.after))
    return Variant(
        name=name,
        label=entry.label,
        kind="notebook",
        group="notebook",
        questions=entry.questions,
        notebook=notebook,
        parameters={k: v for k, v in shared.items() if k in declared} | entry.parameters,
        needs=entry.needs,
        after=after,
        alone=entry.alone,
        data=(
            *declared_data(experiments.data, path, "data"),
            *declared_data(entry.data, path, f"notebooks.{name}.data"),
        ),
        practice=experiments.practice,
    )


def _data(experiments: Experiments, name: str, path: Path) -> tuple[DataPath, ...]:
    """What a training is declared to read: what every notebook does, then its own and its ancestors'."""
    found = [*declared_data(experiments.data, path, "data")]
    for each in lineage(experiments, name, path):
        found += declared_data(experiments.variants[each].data, path, f"variants.{each}.data")
    return tuple({each.path: each for each in found}.values())


def _templates(experiments: Experiments, plan: Path) -> Path:
    """The folder of the report's templates; raises InputError if it has no ``report.html``."""
    if experiments.templates is None:
        return TEMPLATES
    folder = (plan.parent / experiments.templates).resolve()
    if not (folder / "report.html").is_file():
        raise InputError(f"no report.html in {folder}", where=f"{plan}: templates")
    return folder


def templates_of(path: Path) -> Path:
    """The folder of templates that an experiments file names, or this practice's."""
    return _templates(read_experiments(path), path.resolve())


def _notebook_paths(experiments: Experiments, path: Path) -> dict[str, Path]:
    """Where each notebook that trains is; looked at once for all the variants that share it."""
    first: dict[str, str] = {}
    for name, entry in experiments.variants.items():
        first.setdefault(entry.notebook, name)
    return {each: _notebook_path(each, path, f"variants.{name}") for each, name in first.items()}


def _notebook_path(name: str, plan: Path, key: str) -> Path:
    """Where the notebook is: beside the experiments file or below it, as it travels with the report."""
    where = f"{plan}: {key}.notebook"
    path = Path(os.path.normpath(plan.parent / name))
    if not path.is_relative_to(plan.parent):
        hint = f"copy it into {plan.parent}: it is attached to the report with the experiments file"
        raise InputError(f"'{name}' is outside the folder of the experiments file", where=where, hint=hint)
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in plan.parent.glob("*.ipynb"))) or "none"
        raise InputError(f"no notebook {path}", where=where, hint=f"there are: {there}")
    check_notebook(path)
    return path
