"""What a command was asked for, now and by earlier commands, and the plan that comes of it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError

from runner.build_folder import DAMAGED, MADE, RUN_FILE
from runner.errors import InputError, RunnerError
from runner.faults import tell
from runner.files import Record, move, read_json, write_json
from runner.gate import kind, read_bytes
from runner.language import i18n
from runner.language.templating import check_texts
from runner.language.zone import local_zone, read_zone
from runner.plan.experiments import explain
from runner.plan.precision import wanted_precision
from runner.plan.records import Author, Precision, Seeds, Wanted
from runner.plan.seeds import wanted_seeds, with_seeds
from runner.plan.variants import DEFAULT_PLAN, Plan, make_plan, with_author

NOTED = ("--profile", "--name", "--course", "--group", "--date", "--locale", "--seeds", "--precision")


@dataclass(frozen=True)
class Request:
    """What the user asked for. ``profile`` None: that of the build folder, else full."""

    build_dir: Path = Path("build")
    plan_path: Path = DEFAULT_PLAN
    profile: str | None = None
    names: tuple[str, ...] = ()
    course: str = ""
    group: str = ""
    date: str = ""
    locale: str | None = None
    source: str | None = None
    jobs: int | None = None
    threads: int | None = None
    budget: str | None = None
    force: bool = False
    seeds: str | None = None
    precision: Wanted | None = None
    wait: bool = False
    scheduler: str | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    sign: Path | None = None  # a key with its certificate
    sign_passphrase: Path | None = None  # a file whose first line opens it
    templates: Path | None = None  # in the place of those that the experiments file names


def say(text: str) -> None:
    """News for the user, on standard error."""
    print(text, file=sys.stderr, flush=True)


def _known_zone(name: str) -> str:
    try:
        read_zone(name or "UTC")
    except (LookupError, ValueError, OSError):
        raise ValueError(f"no time zone '{name}' is known here") from None
    return name


class Note(Record):
    """What the last run in a build folder was told, for the commands to come."""

    profile: str = "full"
    author: Author | None = None
    written_author: Author | None = None
    seeds: Seeds | None = None
    precision: Precision | None = None
    locale: str | None = None  # None: that of the experiments file
    zone: Annotated[str, AfterValidator(_known_zone)] = ""


def load_plan(request: Request) -> Plan:
    """The plan of the request; raises InputError for a bad experiments file.

    Profile, author, locale, precision and seeds not given are those of the last run in the build folder, and
    so is the time zone.
    """
    refuse_sources(request)
    noted = read_note(request.build_dir)
    if asked := request.locale or noted.locale:
        i18n.checked(asked)
    plan = make_plan(request.plan_path.resolve(), request.profile or noted.profile, request.templates)
    check_texts(plan.templates)
    given = {
        "names": request.names,
        "course": request.course,
        "group": request.group,
        "date": request.date,
    }
    plan = replace(plan, zone=noted.zone, locale=asked or plan.locale)
    plan = with_author(plan, **(_noted_author(plan, noted) | {k: v for k, v in given.items() if v}))
    precision = wanted_precision(request.precision, plan.precision.written, noted.precision)
    plan = replace(plan, precision=precision)
    return with_seeds(plan, wanted_seeds(request.seeds, plan.seeds.written, noted.seeds))


def open_plan(request: Request) -> Plan:
    """``load_plan``, and all that this process renders from now on is in the plan's language."""
    plan = load_plan(request)
    i18n.use(plan.locale, plan.templates / "locale")
    return plan


def open_plan_here(request: Request) -> Plan:
    """``open_plan`` for what makes a report: its times are those of this machine's clocks."""
    return replace(open_plan(request), zone=local_zone())


def _noted_author(plan: Plan, noted: Note) -> dict[str, Any]:
    """What flags of an earlier command told of the author, unless the experiments file changed since."""
    written, then, author = plan.written_author, noted.written_author, noted.author
    if written is None or then is None or author is None:
        return {}
    return {key: value for key, value in vars(author).items() if getattr(then, key) == getattr(written, key)}


def refuse_sources(request: Request) -> None:
    """Raise InputError if what the runner makes would take the place of what it is made from."""
    for name in MADE:
        made = (request.build_dir / name).resolve()
        if any(path.resolve().is_relative_to(made) for path in (request.plan_path, DEFAULT_PLAN)):
            hint = f"give another folder, such as {request.build_dir / 'build'}"
            what = f"its folder '{name}' holds the experiments file, not results"
            raise InputError(what, where=str(request.build_dir), hint=hint)


def read_note(build_dir: Path) -> Note:
    """What the last run in the build folder was told; what is usual if there was none.

    A damaged note is told of, and counts as far as it can be read.
    """
    path = build_dir / RUN_FILE
    try:
        content = read_bytes(path, build_dir)
    except (FileNotFoundError, NotADirectoryError):
        return Note()
    try:
        return Note.model_validate_json(content)
    except ValidationError as error:
        faulty = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        what = f"can't be read: {explain(error, Note)}"
        hint = f"give again what it said ({', '.join(NOTED)}), or mend it; the next run keeps it as {DAMAGED}"
        tell(RunnerError(what, where=str(path), hint=hint))
    try:
        readable = read_json(content)
        return Note.model_validate({key: each for key, each in readable.items() if key not in faulty})
    except (ValueError, AttributeError):
        return Note()


def _put_aside(path: Path) -> None:
    """Keep a note that is not one of ours, whole or damaged, when another takes its place."""
    try:
        Note.model_validate_json(read_bytes(path, path.parent))
    except ValidationError:
        names = chain([DAMAGED], (f"{DAMAGED}-{number}" for number in count(2)))
        places = (path.with_name(name) for name in names)
        move(path, next(each for each in places if not os.path.lexists(each)), path.parent)


def remember(plan: Plan, build_dir: Path) -> None:
    """Keep what the plan was told for the commands to come; unchanged, the file stays as it is."""
    note = Note(
        profile=plan.profile,
        author=plan.author,
        written_author=plan.written_author,
        seeds=plan.seeds if plan.seeds != Seeds() else None,
        precision=plan.precision if plan.precision != Precision() else None,
        locale=None if plan.locale == plan.written_locale else plan.locale,
        zone=plan.zone,
    )
    path = build_dir / RUN_FILE
    if kind(path, build_dir) is not None:
        _put_aside(path)
    if kind(path, build_dir) is None or note != read_note(build_dir):
        usual = {key for key, value in Note() if value == getattr(note, key)} - {"profile"}
        write_json(path, note.model_dump(mode="json", exclude=usual), build_dir)
