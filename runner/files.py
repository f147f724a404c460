"""Writes and moves files and folders, whole or not at all, also to another file system.

With a ``root``, a build folder, no link below it is followed (see ``gate``), and what is written is added to
the list of what the program made there. Temporary files have names that nobody can foresee, and are made
anew: what is there already is never written to.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from runner import limits, made
from runner.gate import kind, place, remove_file, remove_tree, rename

CHANGES_NO_DIGIT = True  # of a training: see code_closure
HALF_OF_LETTER = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
ARRIVING = ".{}.new"  # what is being copied to its place


class Record(BaseModel):
    """A frozen record: no unknown field, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def write_json(path: Path, content: Mapping[str, Any] | Record, root: Path | None = None) -> None:
    """Write JSON without NaN, whole or not at all."""
    write_text(path, json_text(content), root)


def json_text(content: Mapping[str, Any] | Record) -> str:
    """The text of a JSON file, without NaN."""
    if isinstance(content, Record):
        content = content.model_dump(mode="json")
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def read_json(content: str | bytes, made: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The value of a JSON text; each object in it is what ``made`` makes of it, if that is given.

    Raises ValueError for what is none: also for NaN and the like, for halves of letters, which nothing could
    write again, and for more depth than there is in any file of this program's.
    """
    text = content if isinstance(content, str) else content.decode()
    try:
        found = json.loads(text, object_hook=made, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError(f"nested more than {limits.JSON_DEPTH} deep") from None
    _check_depth(found)
    if HALF_OF_LETTER.search(text):  # cheap: hardly any text has one
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"holds {constant}, which is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"holds {text[:20]}, which is too large for a number")
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(limits.JSON_DEPTH):
        level = [inner for each in level for inner in _inner(each) if isinstance(inner, dict | list)]
        if not level:
            return
    raise ValueError(f"nested more than {limits.JSON_DEPTH} deep")


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def write_text(path: Path, text: str, root: Path | None = None) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode(), root)


def write_bytes(path: Path, content: bytes, root: Path | None = None, lasting: bool = False) -> None:
    """Write a file whole or not at all; ``lasting``: on the disk itself before it takes its place."""
    with whole(path, root) as temporary, temporary.open("r+b") as file:
        file.write(content)
        if lasting:
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def whole(path: Path, root: Path | None = None) -> Iterator[Path]:
    """An empty file to write that takes the place of ``path`` at the end of the block, unless that fails.

    Folders on the way are made. Raises Strange for what must not be followed, and OSError that names
    ``path``: a full disk names none, and nobody knows the temporary file.
    """
    if root is not None:
        made.record(root, path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with place(temporary, root, make=True) as there:
            os.close(there.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            try:
                yield temporary
                there.check()
                here = there.folder
                os.replace(there.name, _beside(there.name, path), src_dir_fd=here, dst_dir_fd=here)
            finally:
                remove_file(temporary, root)
    except OSError as error:
        if error.filename in (None, str(temporary), temporary.name):
            error.filename, error.filename2 = str(path), None
        raise


def _beside(temporary: str, path: Path) -> str:
    """The place ``path``, named as the temporary file beside it is."""
    return os.path.join(os.path.dirname(temporary), path.name)  # noqa: PTH118, PTH120  a name, or a path


def move(source: Path, target: Path, root: Path | None = None) -> None:
    """Give a file or a folder the place ``target``: a file that is there is replaced, a folder must not be.

    Where the system can't rename it there, it is copied first, and goes when the copy is in its place.
    """
    if root is not None:
        made.record(root, target)
    try:
        rename(source, target, root)
    except OSError as error:
        # Another file system, or the same one seen twice, or a container's layer that can't be written.
        if error.errno != errno.EXDEV:
            raise
        rename(copied(source, target, root), target, root)
        remove(source, root)


def beside(source: Path, target: Path, root: Path | None = None) -> Path:
    """The folder ``source``; if it is on another file system than ``target``, a whole copy next to that."""
    same = source.lstat().st_dev == target.parent.stat().st_dev
    return source if same else copied(source, target, root)


def copied(source: Path, target: Path, root: Path | None = None) -> Path:
    """A whole copy of a file or a folder, next to ``target``, under a name that nothing else has."""
    arriving = target.with_name(ARRIVING.format(target.name))
    if root is not None:
        made.record(root, arriving)
    remove(arriving, root)
    try:
        if kind(source, root) == "folder":
            _copy_folder(source, arriving)
        else:
            shutil.copy2(source, arriving, follow_symlinks=False)
    except BaseException:
        remove(arriving, root)
        raise
    return arriving


def _copy_folder(source: Path, target: Path) -> None:
    """``shutil.copytree``, which hides what the system said, a full disk say, behind an error of its own."""
    target.mkdir()
    for entry in sorted(source.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            _copy_folder(entry, target / entry.name)
        else:
            shutil.copy2(entry, target / entry.name, follow_symlinks=False)


def remove(path: Path, root: Path | None = None) -> None:
    """Remove a file, a link itself, or a folder, as far as that can be done."""
    if kind(path, root) == "folder":
        remove_tree(path, root)
    else:
        remove_file(path, root)
