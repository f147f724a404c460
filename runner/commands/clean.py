"""The ``clean`` command: removes what the program made in the build folder, all of it or nothing.

What it made is on the list that it keeps there (see ``made``); whatever else is there stays, and is named.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import click

from runner import made
from runner.build_folder import (
    CHECKPOINTS,
    FOLDERS,
    LOCK_FILE,
    MADE,
    RESULTS,
    TRASH,
    held,
    is_of_attempt,
    made_there,
    refuse_strange,
)
from runner.commands.request import Request, refuse_sources, say
from runner.errors import InputError, RunnerError, from_system
from runner.gate import (
    files_below,
    kind,
    make_folder,
    names_in,
    remove_file,
    remove_folder,
    remove_tree,
    rename,
    status,
)
from runner.results.seal import own_files

BY_HAND = "remove it by hand, if that is meant"
HINTS = {errno.EXDEV: "another file system is there", errno.EBUSY: "a file system is mounted there"}
SHOWN = 10  # of what stays


def clean_build(request: Request, yes: bool) -> int:
    """Remove what the runner made in the build folder, and the folder if nothing else is in it.

    Raises InputError, everything being as it was, if some of it can't be removed, and for a build folder that
    is a link: what that leads to may be anything.
    """
    refuse_sources(request)
    build_dir = request.build_dir
    if build_dir.is_symlink():
        hint = f"give the folder that it leads to: --build-dir {build_dir.resolve()}"
        raise InputError("a link to another folder: nothing was removed", where=str(build_dir), hint=hint)
    refuse_strange(build_dir)
    there = sorted({name.split("/")[0] for name in made_there(build_dir) if _is_there(build_dir, name)})
    if not there:
        say(f"nothing to remove in {build_dir}")
        _say_left(build_dir)
        return 0
    if not yes and not confirmed([build_dir / name for name in there], build_dir):
        say("nothing was removed")
        return 0
    with held(build_dir, request.wait, say):
        remove(*own(build_dir), build_dir)
        remove_file(build_dir / made.LIST_FILE, build_dir)
    remove_file(build_dir / LOCK_FILE, build_dir)
    _say_left(build_dir)
    if not names_in(build_dir):
        build_dir.rmdir()
    return 0


def _is_there(build_dir: Path, name: str) -> bool:
    return kind(build_dir / name, build_dir) is not None


def own(build_dir: Path) -> tuple[list[Path], list[Path]]:
    """Files that the program made in its folder, and folders, the inner ones first, that may hold others."""
    files: dict[Path, None] = {}
    folders: list[Path] = []
    for path in (build_dir / name for name in sorted(made_there(build_dir), reverse=True)):
        found = kind(path, build_dir)
        if found == "folder":
            folders += [*reversed(_folders(path, build_dir)), path]
            files |= dict.fromkeys(_own_files(path, build_dir))
        elif found is not None:
            files[path] = None
    return list(files), list(dict.fromkeys(folders))


def _own_files(folder: Path, build_dir: Path) -> Iterator[Path]:
    """The program's own files in a variant's folder; what is in ``FOLDERS`` is listed itself."""
    if folder.parent == build_dir and folder.name in FOLDERS:
        return
    if folder.parent.name == RESULTS:
        yield from own_files(folder)
    elif folder.parent.name == CHECKPOINTS:
        yield from (folder / name for name in names_in(folder, build_dir) if is_of_attempt(name))
    else:
        yield from (path for path, _ in files_below(folder, build_dir))


def _folders(folder: Path, build_dir: Path) -> list[Path]:
    """The folders within one that is a variant's, the outer ones first."""
    if folder.parent == build_dir and folder.name in FOLDERS:
        return []
    inner = [folder / name for name, found in names_in(folder, build_dir).items() if found == "folder"]
    return [path for each in inner for path in (each, *_folders(each, build_dir))]


def _say_left(build_dir: Path) -> None:
    """Name what is in the program's places without being its own."""
    there = names_in(build_dir)
    left = [name for name in there if name in MADE and name not in FOLDERS]
    for folder in (name for name in FOLDERS if there.get(name) == "folder"):
        found = (path for path, _ in files_below(build_dir / folder, build_dir))
        left += [path.relative_to(build_dir).as_posix() for path in islice(found, SHOWN + 1)]
    if left:
        more = ", and more" if len(left) > SHOWN else ""
        say(f"left, as this program did not make it: {', '.join(left[:SHOWN])}{more}")


def confirmed(there: Sequence[Path], build_dir: Path) -> bool:
    """Whether the user wants it; raises InputError where nobody can be asked."""
    try:
        return click.confirm(f"Remove {', '.join(p.name for p in there)} from {build_dir}?")
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        print(file=sys.stderr)  # after the question
        raise InputError("nobody answers", where="clean", hint="--yes removes without asking") from None


def remove(files: Sequence[Path], folders: Sequence[Path], build_dir: Path) -> None:
    """Remove files of ``build_dir``, and the folders that are empty then.

    Raises InputError, and changes nothing, if one can't be removed.
    """
    trash = build_dir / f"{TRASH}{os.getpid()}"
    made.record(build_dir, trash)
    make_folder(trash, build_dir)
    moved = Moved(trash, build_dir)
    try:
        for path in files:
            moved.take(path)
        for path in folders:
            moved.take_folder(path)
    except BaseException as error:
        moved.put_back()
        if not isinstance(error, OSError):
            raise
        refused = from_system(error)
        hint = HINTS.get(error.errno or 0, refused.hint) or BY_HAND
        what = f"can't be removed ({refused.what}): nothing was removed"
        raise InputError(what, where=refused.where, hint=hint) from error
    remove_tree(trash, build_dir)


@dataclass
class Moved:
    """What was taken out of its place, one by one: where that is not allowed, removing would fail, too."""

    trash: Path
    build_dir: Path
    files: list[tuple[Path, Path]] = field(default_factory=list)  # from, to
    folders: list[Path] = field(default_factory=list)  # the inner ones first
    before: dict[Path, os.stat_result] = field(default_factory=dict)  # of all folders that something was in

    def take(self, path: Path) -> None:
        """Move a file."""
        self._look_at(path.parent)
        target = self.trash / str(len(self.files))
        try:
            rename(path, target, self.build_dir)
        except OSError as error:
            error.filename = str(path)
            raise
        self.files.append((path, target))

    def take_folder(self, path: Path) -> None:
        """Remove a folder, unless there is something in it."""
        if not names_in(path, self.build_dir):
            self._look_at(path)
            self._look_at(path.parent)
            remove_folder(path, self.build_dir)
            self.folders.append(path)

    def _look_at(self, folder: Path) -> None:
        if folder != self.build_dir and folder not in self.before:
            self.before[folder] = status(folder, self.build_dir)

    def put_back(self) -> None:
        """Have everything as it was; raises RunnerError saying where what can't be put back is."""
        try:
            for path in reversed(self.folders):
                make_folder(path, self.build_dir)
            for path, target in self.files:
                rename(target, path, self.build_dir)
            for path, before in self.before.items():
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
                path.chmod(before.st_mode)
            remove_folder(self.trash, self.build_dir)
        except OSError as error:
            what = f"can't be put back ({error.strerror})"
            raise RunnerError(what, where=str(error.filename), hint=f"the rest is in {self.trash}") from error
