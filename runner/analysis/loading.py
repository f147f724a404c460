"""Loads a plan's results from the build folder into a study, whatever state they are in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from babel.dates import format_date

from runner.analysis.choices import decide
from runner.build_folder import RESULT_FILE, result_folder
from runner.errors import RunnerError
from runner.faults import tell
from runner.gate import kind
from runner.language import i18n
from runner.language.zone import in_zone
from runner.plan.experiments import read_experiments
from runner.plan.records import REPEATED, Author, origin
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, Plan, Variant, check_parameters
from runner.results.awaited import read_awaited
from runner.results.records import Finished, read_failure, read_result
from runner.results.seal import broken
from runner.results.study import NOT_PLANNED, PENDING, Choice, MissingVariant, Study, VariantInfo


def load_study(plan: Plan, build_dir: Path) -> Study:
    """The plan with every result that can be read; the others are missing, with the reason."""
    finished: dict[str, Finished] = {}
    failed_since: dict[str, str] = {}
    missing = dict.fromkeys(_left_out(plan), NOT_PLANNED)
    awaited = read_awaited(build_dir)  # what a former run left there is not these variants' result
    missing |= {v.name: awaited[v.name] for v in plan.variants if v.name in awaited}
    for variant in plan.variants:
        if variant.name in awaited:
            continue
        try:
            finished[variant.name], reason = _read(plan, variant, build_dir)
            if reason:
                failed_since[variant.name] = reason
        except RunnerError as error:
            missing[variant.name] = error.what
        _tell_altered(variant.name, build_dir)
    return Study(
        title=i18n.tr(plan.title),
        profile=plan.profile,
        draft=plan.draft,
        author=_dated(plan.author, finished, plan.zone),
        baseline=plan.baseline,
        variants=tuple(_info(plan, v, finished) for v in plan.variants),
        finished=finished,
        missing=missing,
        choices=tuple(replace(each, label=i18n.tr(each.label)) for each in _choices(plan, finished)),
        seeds=plan.seeds,
        zone=plan.zone,
        failed_since=failed_since,
    )


def _left_out(plan: Plan) -> set[str]:
    """Names of the practice's own plan, which its templates know, that are not in this one."""
    if plan.path.samefile(DEFAULT_PLAN) or plan.templates != TEMPLATES:
        return set()
    practice = read_experiments(DEFAULT_PLAN)
    return {*practice.variants, *practice.notebooks} - {variant.name for variant in plan.variants}


def _dated(author: Author, finished: dict[str, Finished], zone: str) -> Author:
    """The author with a date: that of the last result if none is given, so that it is the same tomorrow.

    It is the day that it was in the zone of who ran the program.
    """
    if author.date or not finished:
        return author
    last = max(each.result.finished for each in finished.values())
    return replace(author, date=format_date(in_zone(last, zone), format="long", locale=i18n.current()))


def _read(plan: Plan, variant: Variant, build_dir: Path) -> tuple[Finished, str]:
    """The variant's result, and why another attempt at it failed since, if one did."""
    folder = result_folder(build_dir, variant.name)
    failure = read_failure(folder)
    if kind(folder / RESULT_FILE, build_dir) is None:
        raise RunnerError(f"falló: {failure.reason}" if failure else PENDING)
    try:
        found = read_result(folder)
        _check(found, variant, plan.is_small)
    except RunnerError as error:
        tell(error)
        raise RunnerError(unreadable(variant.name, error).reason) from error
    if found.result.profile != plan.profile:
        problem = f"el resultado es del perfil «{found.result.profile}», no de «{plan.profile}»"
        raise RunnerError(problem)
    if failure is not None and failure.key != found.result.key:  # kept, but of other inputs than the last
        raise RunnerError(f"falló: {failure.reason}")
    return found, failure.reason if failure else ""


def _check(found: Finished, variant: Variant, keep: bool) -> None:
    """Raise RunnerError, with file and field, if a record is not what its variant should leave."""
    where = str(found.folder / RESULT_FILE)
    if variant.kind == "training" and found.result.training is None:
        raise RunnerError("training: missing, though the variant is one to train", where=where)
    if found.result.training is None:
        return
    try:
        check_parameters(found.result.parameters, where)
    except RunnerError as error:
        raise RunnerError(f"parameters: {error.what}", where=where) from error
    found.check_predictions(keep)


def _tell_altered(name: str, build_dir: Path) -> None:
    """Tell of each file that is not what the variant left; whoever needs it leaves its part out."""
    for fault in broken(result_folder(build_dir, name)):
        tell(fault)


def _info(plan: Plan, variant: Variant, finished: dict[str, Finished]) -> VariantInfo:
    if variant.name in finished and variant.kind == "training":
        # What was really run: a variant with choices has the winners' values in it.
        variant = replace(variant, parameters=finished[variant.name].result.parameters)
    return VariantInfo(
        name=variant.name,
        label=i18n.retold(variant.label, (REPEATED,)),
        kind=variant.kind,
        questions=variant.questions,
        group=variant.group,
        differences=plan.differences(variant),
        parameters=variant.parameters,
    )


def _choices(plan: Plan, finished: dict[str, Finished]) -> tuple[Choice, ...]:
    first = (v for v in plan.variants if v.name == origin(v.name))  # repetitions make no choice of their own
    return tuple(decide(entry, finished) for v in first for entry in v.choose)


def unreadable(variant: str, error: RunnerError) -> MissingVariant:
    """A variant that ended well, but left a file that can't be used."""
    tell(error)
    file = f"{Path(error.where).name}: " if error.where else ""
    return MissingVariant(variant, f"el resultado no se puede leer: {file}{error.what}")


def unreadable_result(error: RunnerError, study: Study) -> MissingVariant | None:
    """The finished variant whose folder the error is in, as a missing one; None if it is elsewhere.

    Any other folder on the way may be called like a variant.
    """
    place = Path(error.where or "")
    for name, found in study.finished.items():
        if place.is_relative_to(found.folder):
            return unreadable(name, error)
    return None
