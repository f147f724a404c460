"""What Linux's control groups leave this process of the machine: the limits of a container or of a scheduler.

Both versions of control groups are read, at each level from the process's own group up to the top one that
can be seen; the smallest limit counts. Elsewhere, and where there are no limits, each function returns None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")
NO_LIMIT = 2**60  # version 1 has a number as large as can be where there is none
OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """Where a hierarchy of groups is mounted: its ``root`` within the hierarchy at ``point``."""

    point: Path
    root: PurePosixPath
    controllers: frozenset[str]
    unified: bool  # version 2


@dataclass(frozen=True)
class Memory:
    """Bytes: the limit of a group, and what is left of it."""

    limit: int
    left: int


def memory(root: Path = ROOT) -> Memory | None:
    """The group that leaves the least memory; cached files, which can be dropped, count as free."""
    found = [found for folder, unified in _folders("memory", root) if (found := _memory(folder, unified))]
    return min(found, key=lambda each: each.left, default=None)


def cpu_quota(root: Path = ROOT) -> float | None:
    """Processors' worth of time that the processes may use together."""
    quotas = [quota for folder, unified in _folders("cpu", root) if (quota := _quota(folder, unified))]
    return min(quotas, default=None)


def process_limit(root: Path = ROOT) -> int | None:
    """How many more processes and threads may be started."""
    left = []
    for folder, _ in _folders("pids", root):
        limit, used = _number(folder / "pids.max"), _number(folder / "pids.current")
        if limit is not None:
            left.append(max(0, limit - (used or 0)))
    return min(left, default=None)


def _memory(folder: Path, unified: bool) -> Memory | None:
    names = ("memory.max", "memory.high") if unified else ("memory.limit_in_bytes",)
    limits = [limit for name in names if (limit := _number(folder / name)) and limit < NO_LIMIT]
    if not unified:  # its statistics know of groups that a container does not see
        around = _field(folder / "memory.stat", "hierarchical_memory_limit")
        limits += [around] if 0 < around < NO_LIMIT else []
    if not limits:
        return None
    used = _number(folder / ("memory.current" if unified else "memory.usage_in_bytes")) or 0
    dropped = _field(folder / "memory.stat", "inactive_file" if unified else "total_inactive_file")
    return Memory(min(limits), max(0, min(limits) - max(0, used - dropped)))


def _quota(folder: Path, unified: bool) -> float | None:
    if unified:
        words = _text(folder / "cpu.max").split()
        if len(words) != 2 or words[0] == "max":
            return None
        quota, period = int(words[0]), int(words[1])
    else:
        quota = _number(folder / "cpu.cfs_quota_us") or -1
        period = _number(folder / "cpu.cfs_period_us") or 0
    return quota / period if quota > 0 and period > 0 else None


def _folders(controller: str, root: Path) -> Iterator[tuple[Path, bool]]:
    """The group's folder and those above it, for each mount that has the controller; True for version 2."""
    paths = _own_paths(root)
    for mount in _mounts(root):
        path = paths.get("" if mount.unified else controller)
        if path is None or not (mount.unified or controller in mount.controllers):
            continue
        folder = _below(mount, path, root)
        yield folder, mount.unified
        top = _place(root, mount.point)
        while folder != top and folder.is_relative_to(top):
            folder = folder.parent
            yield folder, mount.unified


def _below(mount: Mount, path: PurePosixPath, root: Path) -> Path:
    """The folder of the group ``path``; a container that sees its own group only has that at the top."""
    top = _place(root, mount.point)
    if ".." not in path.parts and path.is_relative_to(mount.root):
        folder = top / path.relative_to(mount.root)
        if folder.is_dir():
            return folder
    return top


def _own_paths(root: Path) -> dict[str, PurePosixPath]:
    """The process's group by controller; by "" that of version 2."""
    found: dict[str, PurePosixPath] = {}
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), PurePosixPath(path))
    return found


def _mounts(root: Path) -> Iterator[Mount]:
    for line in _text(root / "proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = [*right.split(" ", 2), "", ""][:3]
        if kind in ("cgroup", "cgroup2"):
            words = left.split()
            point, top = _plain(words[4]), _plain(words[3])
            yield Mount(Path(point), PurePosixPath(top), frozenset(options.split(",")), kind == "cgroup2")


def _plain(path: str) -> str:
    """A path of mountinfo without its escapes."""
    return OCTAL.sub(lambda found: chr(int(found[1], 8)), path)


def _place(root: Path, absolute: Path) -> Path:
    return root / absolute.relative_to(absolute.anchor)


def _text(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    return ""


def _number(path: Path) -> int | None:
    with suppress(ValueError):
        return int(_text(path))
    return None


def _field(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name:
            return int(words[1])
    return 0
