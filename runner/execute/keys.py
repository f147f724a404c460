"""What a result depends on, as hashes: when one of them changes, the result is stale."""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runner.code_closure import Source, imported, meaning, named, of_package, parsed, read_source
from runner.file_index import FileIndex
from runner.plan.data_files import DataPath, data_hash, folder_hash, named_files
from runner.plan.notebooks import PARAMETERS, code_of, read_cells
from runner.plan.practice import data_sets_of, practice_of, precision_settings

FLOAT32 = "float32"

NOTEBOOK = "notebook"  # the part of its own code
CODE = "code"  # the part of the program
INJECTED = "injected-parameters"  # papermill's tag of the cell that it puts in


@dataclass(frozen=True)
class Content:
    """What a notebook is and reads, besides its parameters: the hash of each by name.

    ``files`` are the practice's own, its modules and data, wherever they are; ``undeclared`` are those that
    the code names, and that nobody knows whether it reads.
    """

    parts: Mapping[str, str]
    files: frozenset[Path]
    undeclared: frozenset[Path]


def content_of(
    notebook: Path,
    index: FileIndex,
    *,
    given: frozenset[str] = frozenset(),
    training: bool = False,
    plan: Path | None = None,
    declared: Sequence[DataPath] = (),
) -> Content:
    """What ``notebook`` depends on; ``given`` are the names that get a value, ``plan`` the experiments file.

    Of what a ``training`` imports, modules that change no digit don't count; what another notebook shows
    depends on all of them. Raises InputError for declared data that is not there.
    """
    cells = read_cells(notebook)
    code = "\n\n".join(code_of(cells))
    own = index.source_of(code)
    root = plan.parent if plan else notebook.parent
    places = tuple(dict.fromkeys((notebook.parent, root)))
    modules = imported(own, notebook.parent, index.source, places, whole=not training)
    program = {named(path): source.digest for path, source in modules.items() if of_package(path)}
    theirs = {path: source for path, source in modules.items() if not of_package(path)}
    parts = {NOTEBOOK: _notebook(own, cells, given)}
    parts[CODE] = digest(program)
    parts |= {f"code of {_place(path, root)}": source.digest for path, source in theirs.items()}
    parts |= {f"file {each.name}": data_hash(each, index) for each in declared}
    read, others = _named(code, theirs, places)
    read -= {each for each in read if any(each.is_relative_to(d.path) for d in declared)}
    parts |= {f"file {_place(path, root)}": _hash(path, index) for path in read}
    known = {*theirs, *read, notebook, plan}
    unclear = {p for p in others - known if not any(p.is_relative_to(d.path) for d in declared)}
    files = frozenset((*theirs, *read, *(each.path for each in declared)))
    return Content(parts, files, frozenset(unclear))


def key_parts(
    content: Mapping[str, str],
    parameters: Mapping[str, Any],
    inputs: Mapping[str, str],
    practice: str,
    precision: str = FLOAT32,
) -> dict[str, str]:
    """Hash of each thing a run of the ``practice`` depends on, by name.

    ``content`` are the parts of its notebook's content, ``inputs`` the keys of other results that it reads.
    float32 is in no key, as it was before there was another.
    """
    parts = {**content, "parameters": digest(parameters)}
    if found := practice_of(practice):
        parts |= {package: _version(package) for package in found.packages}
        parts["settings"] = digest(found.settings)
        for name in data_sets_of(practice, parameters):
            parts["data"] = found.fingerprint(name)
    if precision != FLOAT32 and precision_settings(practice, precision) is not None:
        parts["precision"] = precision
    if inputs:
        parts["inputs"] = digest(inputs)
    return parts


def as_it_ran(parts: Mapping[str, str], cells: Sequence[Any], given: frozenset[str]) -> dict[str, str]:
    """The parts of a run whose executed notebook has these ``cells``, with what papermill put in.

    Between the look at a notebook and its run somebody may have changed it: what ran counts.
    """
    own = [cell for cell in cells if INJECTED not in cell["metadata"].get("tags", [])]
    ran = _notebook(read_source("\n\n".join(code_of(own))), own, given)
    return {**parts, **({NOTEBOOK: ran} if NOTEBOOK in parts else {})}


def _notebook(code: Source, cells: Sequence[Mapping[str, Any]], given: frozenset[str]) -> str:
    return digest({"code": code.digest, "defaults": _defaults(cells, given)})


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a mapping, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def changed_parts(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the parts that differ."""
    if old == new:
        return ()
    return tuple(sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n)))


def _defaults(cells: Sequence[Mapping[str, Any]], given: frozenset[str]) -> str:
    """Hash of what the parameters' cell sets and nobody else does."""
    kept: list[ast.stmt] = []
    for cell in cells:
        if cell["cell_type"] == "code" and PARAMETERS in cell["metadata"].get("tags", []):
            kept += (n for n in parsed("".join(cell["source"])).body if not _names(n) & given)
    return meaning(ast.Module(kept, [])) if kept else ""


def _names(node: ast.stmt) -> set[str]:
    """What a statement gives a value to, if that is all it does."""
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return (
        {node.target.id} if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else set()
    )


def _named(
    code: str, modules: Mapping[Path, Source], places: tuple[Path, ...]
) -> tuple[set[Path], set[Path]]:
    """Files that notebook and modules plainly read, and others that they name."""
    read: set[Path] = set()
    others: set[Path] = set()
    for text, near in ((code, places), *_texts(modules, places)):
        found = named_files(text, near)
        read |= found.read
        others |= found.others
    return read - others, others


def _texts(
    modules: Mapping[Path, Source], places: tuple[Path, ...]
) -> Iterator[tuple[str, tuple[Path, ...]]]:
    for path in modules:
        if path.suffix == ".py":
            yield (
                path.read_text(encoding="utf-8", errors="replace"),
                tuple(dict.fromkeys((*places, path.parent))),
            )


def _hash(path: Path, index: FileIndex) -> str:
    return folder_hash(path, index) if path.is_dir() else index.sha256(path)


def _place(path: Path, root: Path) -> str:
    """A file of the practice as the experiments file sees it."""
    return Path(os.path.relpath(path, root)).as_posix()


# Kept for the process: thousands of variants ask for it.
@cache
def _version(package: str) -> str:
    return version(package)
