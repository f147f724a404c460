"""Writes and moves files and folders, whole or not at all, also to another file system."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

CHANGES_NO_DIGIT = True  # of a training: see code_closure
ARRIVING = ".{}.new"  # what is being copied to its place


class Record(BaseModel):
    """A frozen record: no unknown field, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def write_json(path: Path, content: Mapping[str, Any] | Record) -> None:
    """Write JSON without NaN, whole or not at all."""
    write_text(path, json_text(content))


def json_text(content: Mapping[str, Any] | Record) -> str:
    """The text of a JSON file, without NaN."""
    if isinstance(content, Record):
        content = content.model_dump(mode="json")
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        error.filename = str(path)  # a full disk names none, and nobody knows the temporary file
        error.filename2 = None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def move(source: Path, target: Path) -> None:
    """Give a file or a folder the place ``target``: a file that is there is replaced, a folder must not be.

    Where the system can't rename it there, it is copied first, and goes when the copy is in its place.
    """
    try:
        os.replace(source, target)
    except OSError as error:
        # Another file system, or the same one seen twice, or a container's layer that can't be written.
        if error.errno != errno.EXDEV:
            raise
        os.replace(copied(source, target), target)
        remove(source)


def beside(source: Path, target: Path) -> Path:
    """The folder ``source``; if it is on another file system than ``target``, a whole copy next to that."""
    same = source.stat().st_dev == target.parent.stat().st_dev
    return source if same else copied(source, target)


def copied(source: Path, target: Path) -> Path:
    """A whole copy of a file or a folder, next to ``target``, under a name that nothing else has."""
    arriving = target.with_name(ARRIVING.format(target.name))
    remove(arriving)
    try:
        if source.is_dir():
            _copy_folder(source, arriving)
        else:
            shutil.copy2(source, arriving)
    except BaseException:
        remove(arriving)
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


def remove(path: Path) -> None:
    """Remove a file or a folder, as far as that can be done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
