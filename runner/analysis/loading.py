"""Loads a plan's results from the build folder into a study, whatever state they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from babel.dates import format_date

from runner.analysis.choices import decide
from runner.build_folder import FAILURE_FILE, RESULT_FILE, result_folder
from runner.errors import RunnerError
from runner.faults import tell
from runner.language import i18n
from runner.language.zone import in_zone
from runner.plan.experiments import read_experiments
from runner.plan.ladder import Step
from runner.plan.practice import check_parameters, practice_of
from runner.plan.records import REPEATED, Author, Compared, origin, repetition
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, Plan, Variant
from runner.results.awaited import read_awaited
from runner.results.finished import Finished, read_failure, read_result
from runner.results.index import Look, results_index
from runner.results.reasons import NOT_PLANNED, PENDING, Reason
from runner.results.seal import broken
from runner.results.study import Choice, MissingVariant, Rung, Study, VariantInfo


def load_study(plan: Plan, build_dir: Path) -> Study:
    """The plan with every result that can be read; the others are missing, with the reason."""
    finished: dict[str, Finished] = {}
    failed_since: dict[str, Reason] = {}
    missing = dict.fromkeys(_left_out(plan), NOT_PLANNED)
    labels = {variant.name: variant.label for variant in plan.variants}
    index = results_index(build_dir)
    awaited = read_awaited(build_dir)  # what a former run left there is not these variants' result
    missing |= {v.name: awaited[v.name] for v in plan.variants if v.name in awaited}
    for variant in plan.variants:
        if variant.name in awaited:
            continue
        there = index.look(result_folder(build_dir, variant.name))
        known = index.whole(there)
        try:
            finished[variant.name], reason = _read(plan, variant, there, known)
            if reason:
                failed_since[variant.name] = reason
        except MissingVariant as error:
            missing[variant.name] = error.reason
        if known is None and not _tell_altered(there.folder) and variant.name in finished:
            index.remember(there)
    _tell_mixed(finished)
    return Study(
        title=i18n.tr(plan.title),
        profile=plan.profile,
        draft=plan.draft,
        author=_dated(plan.author, finished, plan.zone),
        baseline=plan.baseline,
        variants=tuple(_info(plan, v, finished, _label(v, labels)) for v in plan.variants),
        finished=finished,
        missing=missing,
        choices=tuple(_translated(each) for each in _choices(plan, finished)),
        seeds=plan.seeds,
        zone=plan.zone,
        failed_since=failed_since,
        compare=_compared(plan),
        ladder=_ladder(plan, finished),
        precision=plan.precision,
        margins=plan.margins,
    )


def _tell_mixed(finished: dict[str, Finished]) -> None:
    """Tell of trainings of unlike precision in one folder; the report marks what compares them."""
    trained = [each.result for each in finished.values() if each.result.training is not None]
    faster = [each.variant for each in trained if each.precision == "bfloat16"]
    usual = [each.variant for each in trained if each.precision != "bfloat16"]
    if faster and usual:
        few, other = (faster, "float32") if len(faster) <= len(usual) else (usual, "bfloat16")
        own = "bfloat16" if few is faster else "float32"
        what = f"trainings of unlike precision: {', '.join(few)} in {own}, the others in {other}"
        hint = f"'all --precision {other}' trains those again; until then the report marks what compares them"
        tell(RunnerError(what, hint=hint))


def _left_out(plan: Plan) -> set[str]:
    """Names of the practice's own plan, which its templates know, that are not in this one."""
    if plan.path.samefile(DEFAULT_PLAN) or plan.templates != TEMPLATES:
        return set()
    practice = read_experiments(DEFAULT_PLAN)
    return {*practice.variants, *practice.notebooks} - {variant.name for variant in plan.variants}


def _compared(plan: Plan) -> tuple[Compared, ...]:
    """The plan's comparisons; those of the practice's own plan where its templates are used without any."""
    if plan.compare or plan.templates != TEMPLATES:
        return plan.compare
    own = read_experiments(DEFAULT_PLAN)
    return tuple(Compared(each.question, each.group, each.reference or "") for each in own.compare)


def _dated(author: Author, finished: dict[str, Finished], zone: str) -> Author:
    """The author with a date: that of the last result if none is given, so that it is the same tomorrow.

    It is the day that it was in the zone of who ran the program.
    """
    if author.date or not finished:
        return author
    last = max(each.result.finished for each in finished.values())
    return replace(author, date=format_date(in_zone(last, zone), format="long", locale=i18n.current()))


def _read(
    plan: Plan, variant: Variant, there: Look, known: Finished | None
) -> tuple[Finished, Reason | None]:
    """The result that is ``there``, and why another attempt at it failed since, if one did.

    ``known`` is one whose arrays need not be read. Raises MissingVariant if there is none that can be shown.
    """
    name = variant.name
    failure = read_failure(there.folder) if FAILURE_FILE in there.names else None
    failed = Reason.of("failed", reason=failure.reason) if failure else None
    if RESULT_FILE not in there.names:
        raise MissingVariant(name, failed or PENDING)
    try:
        found = known or read_result(there.folder)
        _check(found, variant)
        if known is None:
            _check_arrays(found, plan.is_small)
    except RunnerError as error:
        raise unreadable(name, error) from error
    if found.result.profile != plan.profile:
        other = Reason.of("other_profile", found=found.result.profile, wanted=plan.profile)
        raise MissingVariant(name, other)
    if failure and failed and failure.key != found.result.key:  # kept, but of other inputs than the last
        raise MissingVariant(name, failed)
    return found, failure.reason if failure else None


def _check(found: Finished, variant: Variant) -> None:
    """Raise RunnerError, with file and field, if a record is not what its variant should leave."""
    where = str(found.folder / RESULT_FILE)
    if found.result.training is None:  # of a practice that measures otherwise, or of none
        if variant.kind == "training" and not found.leaves_measures:
            raise RunnerError("training: missing, though the variant is one to train", where=where)
        return
    try:
        check_parameters(variant.practice, found.result.parameters, where)
    except RunnerError as error:
        raise RunnerError(f"parameters: {error.what}", where=where) from error


def _check_arrays(found: Finished, keep: bool) -> None:
    """Raise RunnerError, naming the file, for predictions or scores that can't be read."""
    found.check_scores(keep)
    if found.result.training is not None:
        found.check_predictions(keep)


def _tell_altered(folder: Path) -> bool:
    """Tell of each file that is not what the variant left; whoever needs it leaves its part out."""
    faults = list(broken(folder))
    for fault in faults:
        tell(fault)
    return bool(faults)


def _label(variant: Variant, labels: Mapping[str, str]) -> str:
    """What the variant is called in the reader's language; ``labels`` are as the plan has them."""
    number = repetition(variant.name)
    if number == 1:
        return i18n.tr(variant.label)
    return i18n.tr(REPEATED, label=i18n.tr(labels[origin(variant.name)]), number=number)


def _info(plan: Plan, variant: Variant, finished: dict[str, Finished], label: str) -> VariantInfo:
    if variant.name in finished and variant.kind == "training":
        # What was really run: a variant with choices has the winners' values in it.
        variant = replace(variant, parameters=finished[variant.name].result.parameters)
    return VariantInfo(
        name=variant.name,
        label=label,
        kind=variant.kind,
        questions=variant.questions,
        group=variant.group,
        differences=plan.differences(variant),
        parameters=variant.parameters,
        derived=_derived(variant),
    )


def _derived(variant: Variant) -> Mapping[str, Any]:
    """What the practice works out from the parameters of one of its trainings."""
    practice = practice_of(variant.practice)
    trains = practice is not None and variant.kind == "training"
    return practice.derived(variant.parameters) if practice is not None and trains else {}


def _translated(choice: Choice) -> Choice:
    reason = i18n.tr(choice.reason) if choice.reason else ""  # the text of nothing is the catalogue's head
    return replace(choice, label=i18n.tr(choice.label), reason=reason)


def _choices(plan: Plan, finished: dict[str, Finished]) -> tuple[Choice, ...]:
    first = (v for v in plan.variants if v.name == origin(v.name))  # repetitions make no choice of their own
    entries = dict.fromkeys(entry for v in first for entry in v.choose)  # the ladder's are the best model's
    return tuple(decide(entry, finished) for entry in entries)


def _ladder(plan: Plan, finished: dict[str, Finished]) -> tuple[Rung, ...]:
    """The plan's ladder, with the variant that each step leads to."""

    def name(step: Step) -> str:
        return step.variant if step.choice is None else decide(step.choice, finished).winner or ""

    steps = plan.ladder.steps if plan.ladder else ()
    return tuple(Rung(name(each), i18n.tr(each.label), each.asked) for each in steps)


def unreadable(variant: str, error: RunnerError) -> MissingVariant:
    """A variant that ended well, but left a file that can't be used."""
    tell(error)
    file = f"{Path(error.where).name}: " if error.where else ""
    return MissingVariant(variant, Reason.of("unreadable_result", reason=f"{file}{error.what}"))


def unreadable_result(error: RunnerError, study: Study) -> MissingVariant | None:
    """The finished variant whose folder the error is in, as a missing one; None if it is elsewhere.

    Any other folder on the way may be called like a variant.
    """
    place = Path(error.where or "")
    for name, found in study.finished.items():
        if place.is_relative_to(found.folder):
            return unreadable(name, error)
    return None
