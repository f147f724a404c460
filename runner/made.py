"""What this program made in a build folder: a list kept there, and nothing but that is ever removed.

``.made`` has a line for each path, of at most two parts (``report.pdf``, ``results/baseline``), that is
added before the thing itself is made. Several processes add to it at once, each line with one write; half a
line, which only a dead machine leaves, counts for nothing. Of a folder ``results/NAME`` the seal within
tells which files are the program's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from runner.gate import kind, naming, opened_to_append, place, read_bytes

CHANGES_NO_DIGIT = True  # of a training: see code_closure
LIST_FILE = ".made"
PARTS = 2
PLAIN = re.compile(r"[^/\\\0\r\n]+(/[^/\\\0\r\n]+)?")
_known: dict[tuple[Path, int], set[str]] = {}  # what this process has added to a list, the file with a number


def record(root: Path, *paths: Path) -> None:
    """Add what is about to be made below ``root``; what is told again costs nothing."""
    names = [unit(path, root) for path in paths]
    if not {*names} - _added(root):
        return
    folders = dict.fromkeys(name.partition("/")[0] for name in names if "/" in name)
    names = [*(name for name in folders if not os.path.lexists(root / name)), *names]
    with opened_to_append(root / LIST_FILE, root) as file, naming(root / LIST_FILE):
        # An empty line first: what was cut off before must not become a part of this.
        file.write(os.fsencode("\n" + "\n".join(names) + "\n"))
    _added(root).update(names)


def _added(root: Path) -> set[str]:
    try:
        number = (root / LIST_FILE).lstat().st_ino
    except OSError:
        return set()
    return _known.setdefault((root, number), set())


def unit(path: Path, root: Path) -> str:
    """The line of a path below ``root``: what it is in, if it lies deeper."""
    return PurePath(*path.relative_to(root).parts[:PARTS]).as_posix()


def is_kept(root: Path) -> bool:
    """Whether there is a list."""
    return kind(root / LIST_FILE, root) is not None


def recorded(root: Path) -> set[str]:
    """The paths of the list that are one; empty if there is no list."""
    try:
        lines = read_bytes(root / LIST_FILE, root).rpartition(b"\n")[0].split(b"\n")
    except FileNotFoundError:
        return set()
    found = {os.fsdecode(line) for line in lines if line}
    return {line for line in found if PLAIN.fullmatch(line) and not {".", ".."} & {*line.split("/")}}


def has(root: Path, path: Path) -> bool:
    """Whether the program made this, or what it is in."""
    name = unit(path, root)
    return name in _added(root) or name in recorded(root)


def write_list(root: Path, names: Iterable[str]) -> None:
    """Write the whole list anew, for who holds the folder; one that says the same already stays."""
    content = os.fsencode("".join(f"{name}\n" for name in sorted(names)))
    if is_kept(root) and read_bytes(root / LIST_FILE, root) == content:
        return
    temporary = root / f"{LIST_FILE}.{os.urandom(8).hex()}.tmp"
    with place(temporary, root) as there, place(root / LIST_FILE, root) as goal, naming(goal.path):
        number = there.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(there.name, goal.name, src_dir_fd=there.folder, dst_dir_fd=goal.folder)
