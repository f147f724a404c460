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
# What lists had when this process last saw them: number, size in bytes and time of the file, and its lines.
_seen: dict[Path, tuple[tuple[int, int, int], set[str]]] = {}


def record(root: Path, *paths: Path) -> None:
    """Add what is about to be made below ``root``; what is told again costs nothing."""
    names = [unit(path, root) for path in paths]
    known = _known(root)
    if not {*names} - known:
        return
    folders = dict.fromkeys(name.partition("/")[0] for name in names if "/" in name)
    names = [*(name for name in folders if not os.path.lexists(root / name)), *names]
    with opened_to_append(root / LIST_FILE, root) as file, naming(root / LIST_FILE):
        # An empty line first: what was cut off before must not become a part of this.
        before, text = os.fstat(file.fileno()), os.fsencode("\n" + "\n".join(names) + "\n")
        file.write(text)
        after = os.fstat(file.fileno())
    as_known = not known if root not in _seen else _seen[root][0] == _state(before)
    if as_known and after.st_size == before.st_size + len(text):  # nobody else added to it meanwhile
        _seen[root] = _state(after), {*known, *names}


def _known(root: Path) -> set[str]:
    """What the list has; it is read only if it is not as this process last saw it."""
    try:
        state = _state((root / LIST_FILE).lstat())
    except OSError:
        return set()
    if root not in _seen or _seen[root][0] != state:
        _seen[root] = state, recorded(root)
    return _seen[root][1]


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


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
    return name in _known(root)


def write_list(root: Path, names: Iterable[str]) -> None:
    """Write the whole list anew, for who holds the folder; one that says the same already stays."""
    content = os.fsencode("".join(f"{name}\n" for name in sorted(names)))
    if is_kept(root) and read_bytes(root / LIST_FILE, root) == content:
        return
    temporary = root / f"{LIST_FILE}.{os.urandom(8).hex()}.tmp"
    with place(temporary, root) as there, place(root / LIST_FILE, root) as goal, naming(goal.path):
        number = there.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
            os.replace(there.name, goal.name, src_dir_fd=there.folder, dst_dir_fd=goal.folder)
        except BaseException:  # a full disk, or a limit
            os.unlink(there.name, dir_fd=there.folder)
            raise
