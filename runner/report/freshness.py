"""Whether what was rendered shows what is there now: by content, whatever dates files have.

A record beside the report holds hashes of all that it was made from, and of what was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationError

from runner.build_folder import (
    AWAITED_FILE,
    MADE_FROM_FILE,
    PACKAGES_FILE,
    RUN_FILE,
    notebook_of,
    result_folder,
)
from runner.code_closure import combined, module_file, needed
from runner.execute.keys import digest
from runner.figures.own import FILE, drawing_folder
from runner.file_index import FileIndex, file_index
from runner.files import Record, write_json
from runner.gate import read_bytes
from runner.language.i18n import current
from runner.packages import made_with
from runner.plan.data_files import files_in
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, Plan
from runner.report.attachments import templates_digest
from runner.results.index import results_index

MAKER = "runner.commands.render"  # the module that makes them, with all that it imports
LIBRARIES = ("nbconvert", "nbformat", "pygments", "latex2mathml")  # besides those that the report names
ABSENT = "absent"
PAGE_TEMPLATES = ("notebook", "base", "locale")  # folders of templates that the notebook's page may come from
PAGE_MAKERS = ("the program", "the libraries")


def _plain(name: str) -> str:
    """The path of a file in a build folder."""
    if name.startswith("/") or {*name} & {"\0", "\\", ":"} or not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise ValueError("no path within a build folder")
    return name


Name = Annotated[str, AfterValidator(_plain)]


class MadeFrom(Record):
    """Hashes: of what the outputs were made from, of pictures in the build folder, and of the outputs.

    ``page`` is of all that the notebook's page was made from.
    """

    inputs: dict[str, str]
    pictures: dict[Name, str]
    outputs: dict[Name, str]
    page: str = ""


def inputs(plan: Plan, build_dir: Path) -> dict[str, str]:
    """Hash of each kind of thing that the outputs show, by its name for users; taken before rendering."""
    index = file_index(build_dir)
    written = {plan.path, *(variant.notebook for variant in plan.variants), DEFAULT_PLAN}
    noted = (RUN_FILE, AWAITED_FILE, PACKAGES_FILE)
    return {
        "the experiments file or its notebooks": _files(sorted(written), index),
        "names, language or seeds": digest(
            {"profile": plan.profile, "noted": _files((build_dir / n for n in noted), index)}
        ),
        "the results": _results(plan, build_dir),
        "the templates": digest(
            {"own": templates_digest(plan.templates), "program": templates_digest(TEMPLATES)}
        ),
        "the program": _code(plan, index),
        "the libraries": digest(made_with(LIBRARIES)),
    }


def page_inputs(plan: Plan, notebook: Path, made_from: Mapping[str, str]) -> str:
    """One hash of what a notebook's page follows from; ``made_from`` are the ``inputs`` of all outputs."""
    folders = (folder / name for folder in (plan.templates, TEMPLATES) for name in PAGE_TEMPLATES)
    templates = [path for folder in folders for path in files_in(folder)]
    parts = {name: made_from[name] for name in PAGE_MAKERS}
    parts["language"] = current()
    parts["notebook"] = hashlib.sha256(notebook.read_bytes()).hexdigest()
    parts["templates"] = _files(templates, FileIndex(None))
    return digest(parts)


def former_page(plan: Plan, build_dir: Path, made_from: str) -> bytes | None:
    """The page that is there, if it was made from the same and was not altered since."""
    record, path = _read(build_dir), build_dir / plan.outputs.page
    if record is None or record.page != made_from:
        return None
    try:
        content = read_bytes(path, build_dir)
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == record.outputs.get(path.name) else None


def note(
    plan: Plan, build_dir: Path, made_from: Mapping[str, str], read: Iterable[Path], page: str = ""
) -> None:
    """Record what the outputs and the page were made from; ``read`` are the files that the pages show."""
    folder = build_dir.resolve()
    shown = sorted({path.relative_to(folder).as_posix() for path in read if path.is_relative_to(folder)})
    index = file_index(build_dir)
    record = MadeFrom(
        inputs=dict(made_from),
        pictures={name: _hash(build_dir / name, index) for name in shown},
        outputs={name: _hash(build_dir / name, index) for name in plan.outputs.rendered},
        page=page,
    )
    write_json(build_dir / MADE_FROM_FILE, record, build_dir)


def outdated(plan: Plan, build_dir: Path) -> tuple[str, ...]:
    """What is wrong with the outputs, a line each; nothing if they are what a rendering would give now."""
    record = _read(build_dir)
    if record is None:
        return ("it is not known what they were made from",)
    return tuple(_differences(record, plan, build_dir))


def _read(build_dir: Path) -> MadeFrom | None:
    """The record, if it is there and whole."""
    try:
        return MadeFrom.model_validate_json(read_bytes(build_dir / MADE_FROM_FILE, build_dir))
    except (OSError, ValidationError):
        return None


def _differences(record: MadeFrom, plan: Plan, build_dir: Path) -> Iterator[str]:
    index = file_index(build_dir)
    for name, expected in record.outputs.items():
        yield from _altered(name, expected, _hash(build_dir / name, index), "made")
    for name, expected in record.pictures.items():
        yield from _altered(name, expected, _hash(build_dir / name, index), "shown")
    now = inputs(plan, build_dir)
    changed = [name for name in now if record.inputs.get(name) != now[name]]
    if changed:
        yield f"{', '.join(changed)} changed since they were made"


def _altered(name: str, expected: str, found: str, done: str) -> Iterator[str]:
    if found != expected:
        yield f"{name} is gone" if found == ABSENT else f"{name} was altered since it was {done}"


def _results(plan: Plan, build_dir: Path) -> str:
    """One hash for records, arrays and executed notebooks of the variants; no models, which nothing shows."""
    index, folders = file_index(build_dir), results_index(build_dir)
    found = hashlib.sha256()
    for variant in plan.variants:
        notebook = _hash(notebook_of(build_dir, variant.name), index)
        left = folders.digest(result_folder(build_dir, variant.name))
        found.update(f"{variant.name}\0{notebook} {left}\n".encode())
    return found.hexdigest()


def _code(plan: Plan, index: FileIndex) -> str:
    """The program's modules that make the outputs, and the practice's own figures."""
    drawing = drawing_folder(plan.templates)
    return combined(needed((module_file(MAKER), drawing / FILE), index.source, (drawing,)))


def _files(paths: Iterable[Path], index: FileIndex) -> str:
    """One hash for names and contents of files that may be absent."""
    found = hashlib.sha256()
    for path in paths:
        found.update(
            f"{path.parent.name}/{path.name}\0{_hash(path, index)}\n".encode(errors="surrogateescape")
        )
    return found.hexdigest()


def _hash(path: Path, index: FileIndex) -> str:
    try:
        return index.sha256(path)
    except OSError:
        return ABSENT
