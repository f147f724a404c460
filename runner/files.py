"""Puts files and folders in their place, whole or not at all, also where that is on another file system."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

ARRIVING = ".{}.new"  # what is being copied to its place


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
