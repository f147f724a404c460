"""The ``clean`` command: removes what the program made in the build folder, all of it or nothing."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from runner.build_folder import LOCK_FILE, held
from runner.commands.request import DAMAGED, MADE, Request, refuse_sources, say
from runner.errors import InputError, RunnerError, from_system

TRASH = ".removed-"  # begins the name of the folder where all is moved before any of it is gone
BY_HAND = "remove it by hand, if that is meant"
HINTS = {errno.EXDEV: "another file system is there", errno.EBUSY: "a file system is mounted there"}


def clean_build(request: Request, yes: bool) -> int:
    """Remove what the runner made in the build folder, and the folder if nothing else is in it.

    Raises InputError, everything being as it was, if some of it can't be removed.
    """
    refuse_sources(request)
    build_dir = request.build_dir
    made = [path for name in MADE if os.path.lexists(path := build_dir / name)]
    more = (f"{DAMAGED}*", f"{TRASH}*")  # notes put aside, and what a removal that was killed left
    there = [*made, *(path for pattern in more for path in build_dir.glob(pattern))]
    if not there:
        say(f"nothing to remove in {build_dir}")
        return 0
    if not yes and not confirmed(there, build_dir):
        say("nothing was removed")
        return 0
    with held(build_dir, request.wait, say):
        remove(there, build_dir)
    (build_dir / LOCK_FILE).unlink(missing_ok=True)
    if not build_dir.is_symlink() and not any(build_dir.iterdir()):
        build_dir.rmdir()
    return 0


def confirmed(there: Sequence[Path], build_dir: Path) -> bool:
    """Whether the user wants it; raises InputError where nobody can be asked."""
    try:
        return click.confirm(f"Remove {', '.join(p.name for p in there)} from {build_dir}?")
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        print(file=sys.stderr)  # after the question
        raise InputError("nobody answers", where="clean", hint="--yes removes without asking") from None


def remove(paths: Sequence[Path], build_dir: Path) -> None:
    """Remove files and folders of ``build_dir``; raises InputError, and changes nothing, if one can't be."""
    for path in paths:
        if path.is_symlink() and path.is_dir():
            what = "a link to another folder, which is not this program's: nothing was removed"
            raise InputError(what, where=str(path), hint=BY_HAND)
    trash = build_dir / f"{TRASH}{os.getpid()}"
    trash.mkdir()
    moved = Moved(trash)
    try:
        for path in paths:
            moved.take(path)
    except BaseException as error:
        moved.put_back()
        if not isinstance(error, OSError):
            raise
        refused = from_system(error)
        hint = HINTS.get(error.errno or 0, refused.hint) or BY_HAND
        what = f"can't be removed ({refused.what}): nothing was removed"
        raise InputError(what, where=refused.where, hint=hint) from error
    shutil.rmtree(trash)


@dataclass
class Moved:
    """What was taken out of its place, one by one: where that is not allowed, removing would fail, too."""

    trash: Path
    files: list[tuple[Path, Path]] = field(default_factory=list)  # from, to
    folders: list[tuple[Path, os.stat_result]] = field(default_factory=list)  # the inner ones first

    def take(self, path: Path) -> None:
        """Move a file, or all files of a folder, and remove the folder; links are not followed."""
        if path.is_symlink() or not path.is_dir():
            self._take_file(path)
            return
        tree = list(os.walk(path, topdown=False, onerror=_refuse))
        self.folders += [(Path(parent), Path(parent).stat()) for parent, _, _ in tree]
        for parent, folders, files in tree:
            links = [name for name in folders if Path(parent, name).is_symlink()]
            for name in (*files, *links):
                self._take_file(Path(parent, name))
            Path(parent).rmdir()

    def _take_file(self, path: Path) -> None:
        target = self.trash / str(len(self.files))
        path.rename(target)
        self.files.append((path, target))

    def put_back(self) -> None:
        """Have everything as it was; raises RunnerError saying where what can't be put back is."""
        try:
            for path, _ in reversed(self.folders):
                path.mkdir(exist_ok=True)
            for path, target in self.files:
                target.rename(path)
            for path, before in self.folders:
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
                path.chmod(before.st_mode)
            self.trash.rmdir()
        except OSError as error:
            what = f"can't be put back ({error.strerror})"
            raise RunnerError(what, where=str(error.filename), hint=f"the rest is in {self.trash}") from error


def _refuse(error: OSError) -> None:
    raise error
