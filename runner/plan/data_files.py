"""The files that a practice's notebooks read: declared in the experiments file, or plain to see in the code.

``pd.read_csv("datos.csv")`` is plain: that file counts by itself. A name that stands elsewhere in the code,
of a file that is there, is only told of: it may be one that the notebook writes. What has no literal name is
to be declared.
"""

from __future__ import annotations

import ast
import glob
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from runner.code_closure import parsed
from runner.errors import InputError
from runner.file_index import FileIndex

READERS = re.compile(
    r"(read|load|scan|imread|genfromtxt|fromfile|memmap|run_path|listdir|scandir|walk|i?glob)(_\w+|[a-z]*)$"
)
OPENERS = ("open", "ZipFile", "TarFile", "File")
PATHS = ("Path", "PurePath", "join")
OF_PATHS = re.compile(r"(read_\w+|open|iterdir|r?glob|walk)$")
MODES = re.compile(r"r[bt]?")  # of reading
SKIPPED = "__pycache__"
LONGEST_NAME = 255


@dataclass(frozen=True)
class DataPath:
    """A declared file or folder: its name and key in the experiments file, and where it is."""

    name: str
    path: Path
    where: str


def declared_data(names: Iterable[str], plan: Path, key: str) -> Iterator[DataPath]:
    """The paths that stand in the experiments file ``plan`` under ``key``.

    Raises InputError for one outside its folder, or that holds the experiments file itself.
    """
    for name in names:
        where = f"{plan}: {key}"
        path = Path(os.path.normpath(plan.parent / name))
        if not path.is_relative_to(plan.parent):
            hint = f"copy it into {plan.parent}, or link it there"
            raise InputError(
                f"'{name}' is outside the folder of the experiments file", where=where, hint=hint
            )
        if plan.is_relative_to(path):
            hint = "name the files, or a folder of their own"
            raise InputError(f"'{name}' holds the experiments file itself", where=where, hint=hint)
        yield DataPath(name, path, where)


def data_hash(data: DataPath, index: FileIndex) -> str:
    """Hash of a declared file, or of the names and contents in a declared folder.

    Raises InputError for one that is not there or can't be read.
    """
    try:
        if data.path.is_file():
            return index.sha256(data.path)
        if data.path.is_dir():
            return folder_hash(data.path, index)
    except OSError as error:
        what = f"can't be read: {error.strerror}"
        raise InputError(f"'{data.name}' {what}: {error.filename}", where=data.where) from error
    if data.path.exists():
        raise InputError(f"'{data.name}' is neither a file nor a folder", where=data.where)
    hint = "paths are seen from the experiments file"
    raise InputError(f"no file or folder {data.path}", where=data.where, hint=hint)


def folder_hash(folder: Path, index: FileIndex) -> str:
    """Hash of the names and contents of what is in a folder."""
    digest = hashlib.sha256()
    for path in files_in(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{index.sha256(path)}\n".encode())
    return digest.hexdigest()


def files_in(folder: Path) -> list[Path]:
    """All files below a folder, linked folders too; but for hidden ones, and what Python leaves there."""
    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link to a folder around it
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".") and name != SKIPPED]
        found += (Path(place, name) for name in files if not name.startswith("."))
    return sorted(path for path in found if path.is_file())


@dataclass(frozen=True)
class Named:
    """Files and folders that a piece of code names: those that it only reads, and the others."""

    read: frozenset[Path]
    others: frozenset[Path]


def named_files(code: str, places: Sequence[Path]) -> Named:
    """What is there of the names that stand in the code, seen from the folders ``places``."""
    try:
        tree = parsed(code)
    except (SyntaxError, ValueError):
        return Named(frozenset(), frozenset())
    reading = {id(node) for node in _read_names(tree)}
    paths = {id(node) for call in ast.walk(tree) if _is_path(call) for node in call.args} | reading
    read: set[Path] = set()
    others: set[Path] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_be_name(node.value):
            there = _there(node.value, places, id(node) in paths)
            (read if id(node) in reading else others).update(there)
    return Named(frozenset(read - others), frozenset(others))


def _may_be_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text.strip("./\\") != ""


def _there(name: str, places: Sequence[Path], path: bool) -> Iterator[Path]:
    """Files of that name; where a path is meant, also those of a pattern, and folders."""
    for place in places:
        names = [name]
        if path and glob.has_magic(name):
            names += glob.glob(name, root_dir=place, recursive=True)  # noqa: PTH207  any pattern, absolute too
        for each in (Path(os.path.normpath(place / found)) for found in names):
            if each.is_file() or (path and each.is_dir() and not place.is_relative_to(each)):
                yield each


def _read_names(tree: ast.AST) -> Iterator[ast.Constant]:
    """The literal names given to functions that read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (each for each in _given(node) if isinstance(each, ast.Constant))


def _given(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that name what it reads; none if it does not read."""
    function = call.func
    called = getattr(function, "id", getattr(function, "attr", ""))
    if isinstance(function, ast.Attribute) and OF_PATHS.match(called):
        path = function.value
        if _is_path(path):
            return path.args[:1] if called != "open" or _is_reading(call, 0) else []
        if (
            called.endswith("glob") and getattr(path, "id", "") != "glob"
        ):  # of a path that has no literal name
            return []
    if READERS.match(called) or (called in OPENERS and _is_reading(call, 1)):
        return [*call.args[:1], *(k.value for k in call.keywords if k.arg not in (None, "mode"))]
    return []


def _is_path(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in PATHS


def _is_reading(call: ast.Call, place: int) -> bool:
    """Whether a file is opened to be read: the mode is its argument ``place``."""
    modes = [*call.args[place : place + 1], *(k.value for k in call.keywords if k.arg == "mode")]
    return all(
        isinstance(m, ast.Constant) and isinstance(m.value, str) and MODES.fullmatch(m.value) for m in modes
    )
