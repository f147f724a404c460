"""The one way to files below a folder that may come from somebody else: nothing strange is followed.

No part of a path below its ``root`` may be a symbolic link, a pipe, a socket, a device, or a file of another
user: it is refused with ``Strange``. Folders are opened one by one, without following links, and all is done
from their descriptors; where the system has none of that (Windows), each part is looked at first. The root
itself is whoever runs the program's choice, and may be a link; without a ``root`` it is the path's folder.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Literal

from runner import limits
from runner.errors import InputError

CHANGES_NO_DIGIT = True  # of a training: see code_closure
BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
NO_FOLLOWING = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)  # for another end, as a pipe does
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
JUNCTION = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)  # what Windows has besides links
REMOVE_IT = "remove it, or move it elsewhere: it is none of this program's"
KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
Kind = Literal["file", "folder", "strange"]


class Strange(InputError):
    """Something in the place of a file or folder of the program's that it does not follow."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{what}: it is not followed", where=str(path), hint=REMOVE_IT)
        self.path, self.kind = path, what

    def __reduce__(self) -> tuple[type[Strange], tuple[Path, str]]:
        """How it goes from process to process."""
        return Strange, (self.path, self.kind)


@dataclass(frozen=True)
class Place:
    """A name in a folder that is open: ``name`` is seen from its descriptor, or whole where there is none."""

    path: Path
    name: str
    folder: int | None
    owner: int  # of the root

    def status(self) -> os.stat_result | None:
        """What is there, a link itself; None if nothing is."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def check(self) -> os.stat_result | None:
        """``status``; raises Strange for what is neither a file nor a folder, or somebody else's."""
        found = self.status()
        if found is not None:
            _refuse(found, self.path, self.owner)
        return found

    def open(self, flags: int, mode: int = 0o666) -> int:
        """A descriptor of what is there, looked at before and after it is opened."""
        self.check()
        with naming(self.path):
            number = os.open(self.name, flags | NO_FOLLOWING | WITHOUT_WAITING, mode, dir_fd=self.folder)
        try:
            found = os.fstat(number)
            _refuse(found, self.path, self.owner)
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
        except BaseException:
            os.close(number)
            raise
        return number


@contextmanager
def place(path: Path, root: Path | None = None, make: bool = False) -> Iterator[Place]:
    """The place ``path`` below ``root``; folders on the way are made if ``make``.

    Raises Strange for a part that is not to be followed, OSError for folders that are not there.
    """
    root = path.parent if root is None else root
    parts = _parts_below(path, root)
    if make:
        root.mkdir(parents=True, exist_ok=True)
    if not BY_DESCRIPTOR:
        yield _looked_at(path, root, make)
        return
    folder, owner = os.open(root, FOLDER), 0
    try:
        owner = os.fstat(folder).st_uid
        for part, here in zip(parts[:-1], reversed(path.parents[: len(parts) - 1]), strict=True):
            inner = _inner(Place(here, part, folder, owner), make)
            os.close(folder)
            folder = inner
        yield Place(path, parts[-1], folder, owner)
    finally:
        os.close(folder)


def _parts_below(path: Path, root: Path) -> tuple[str, ...]:
    """The names on the way from ``root`` to ``path``; raises ValueError if that is not below it."""
    count = len(root.parts)
    below = path.parts[count:] if path.parts[:count] == root.parts else path.relative_to(root).parts
    if not below or ".." in below:
        raise ValueError(f"{path} is not below {root}")
    return below


def _inner(inner: Place, make: bool) -> int:
    """A descriptor of the folder in this place."""
    if inner.check() is None and make:
        with suppress(FileExistsError), naming(inner.path):
            os.mkdir(inner.name, dir_fd=inner.folder)
    with naming(inner.path):
        return os.open(inner.name, FOLDER | NO_FOLLOWING, dir_fd=inner.folder)


def _looked_at(path: Path, root: Path, make: bool) -> Place:
    owner = root.stat().st_uid
    for folder in reversed(path.relative_to(root).parents):
        if folder.parts:
            here = root / folder
            if Place(here, str(here), None, owner).check() is None and make:
                here.mkdir(exist_ok=True)
    return Place(path, str(path), None, owner)


def _refuse(found: os.stat_result, path: Path, owner: int) -> None:
    """Raise Strange for what is neither file nor folder, and for what is a stranger's.

    Files are the user's, root's, or of whoever has the root: on some shared disks all have one owner.
    """
    kind = KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is None and getattr(found, "st_reparse_tag", 0) == getattr(
        stat, "IO_REPARSE_TAG_MOUNT_POINT", -1
    ):
        kind = "a junction"
    if kind is not None:
        raise Strange(path, kind)
    if hasattr(os, "geteuid") and found.st_uid not in (os.geteuid(), 0, owner):
        raise Strange(path, f"of another user (number {found.st_uid})")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have the system's errors name the file by its whole path, and no other."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def status(path: Path, root: Path | None = None) -> os.stat_result:
    """Size, times and number of what is there; raises Strange for a link or the like, OSError for nothing."""
    with place(path, root) as there:
        found = there.check()
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return found


def kind(path: Path, root: Path | None = None) -> Kind | None:
    """What is in this place, nothing followed; None if nothing is."""
    try:
        with place(path, root) as there:
            found = there.check()
    except Strange:
        return "strange"
    except (FileNotFoundError, NotADirectoryError):
        return None
    if found is None:
        return None
    return "folder" if stat.S_ISDIR(found.st_mode) else "file"


def opened(path: Path, root: Path | None = None) -> BufferedReader:
    """The file, open to be read; raises Strange for what is no plain file, OSError if it can't be read."""
    with place(path, root) as there, naming(path):
        return open(path, "rb", opener=lambda *_: there.open(os.O_RDONLY))


def opened_to_append(path: Path, root: Path | None = None) -> FileIO:
    """The file, open for what is added at its end, without a buffer; made if it is not there."""
    with place(path, root, make=True) as there:
        return os.fdopen(there.open(os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab", buffering=0)


def most_bytes(path: Path) -> int:
    """How large a file of this name may be to be read as a whole."""
    return limits.FILE_BYTES.get(path.suffix or path.name, limits.OTHER_FILE_BYTES)


def read_bytes(path: Path, root: Path | None = None) -> bytes:
    """The file's content; raises also Strange for one that is larger than the limits allow."""
    with open_folder(path.parent, root) as folder:
        return folder.read_bytes(path.name)


def read_given(path: Path) -> bytes:
    """The content of a file that the user named, wherever a link leads.

    Raises OSError, and InputError for a pipe or device, and for what is larger than the limits allow.
    """
    flags = os.O_RDONLY | (NO_FOLLOWING & ~getattr(os, "O_NOFOLLOW", 0)) | WITHOUT_WAITING
    with naming(path), open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        strange = KINDS.get(stat.S_IFMT(os.fstat(file.fileno()).st_mode))
        content = None if strange else _content(file, most_bytes(path))
    if content is None:
        raise InputError(f"no plain file, but {strange}" if strange else _too_large(path), where=str(path))
    return content


def _content(file: BufferedReader, most: int) -> bytes | None:
    """What is in the file; None if that is more than so many bytes."""
    if os.fstat(file.fileno()).st_size > most:
        return None
    content = file.read(most + 1)
    return content if len(content) <= most else None


def _too_large(path: Path) -> str:
    return f"larger than {most_bytes(path) // limits.MIB} MiB, which no such file is"


def read_text(path: Path, root: Path | None = None) -> str:
    """The file's content as UTF-8; raises also ValueError for what is none."""
    return read_bytes(path, root).decode()


def names_in(folder: Path, root: Path | None = None) -> dict[str, Kind]:
    """What is in a folder, by name; nothing if it is not there. Raises Strange for a link to a folder."""
    try:
        with place(folder / "x", root) as there:  # whose folder is this one
            if there.folder is None or os.scandir not in os.supports_fd:
                return _kinds(folder)
            return _kinds(there.folder)
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _kinds(folder: Path | int) -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found[entry.name] = "folder"
            else:
                found[entry.name] = "file" if entry.is_file(follow_symlinks=False) else "strange"
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class OpenFolder:
    """A folder that is open: for several looks at what is in it."""

    path: Path
    inner: Place  # any place in it

    def states(self) -> dict[str, os.stat_result]:
        """What is in it, by name, as the system sees it, links themselves."""
        if self.inner.folder is None or os.listdir not in os.supports_fd:
            return {path.name: path.lstat() for path in sorted(self.path.iterdir())}
        names = sorted(os.listdir(self.inner.folder))  # noqa: PTH208  a descriptor
        return {name: os.stat(name, dir_fd=self.inner.folder, follow_symlinks=False) for name in names}

    def read_bytes(self, name: str) -> bytes:
        """As the function of that name."""
        path = self.path / name
        there = Place(
            path, str(path) if self.inner.folder is None else name, self.inner.folder, self.inner.owner
        )
        with naming(path), open(path, "rb", opener=lambda *_: there.open(os.O_RDONLY)) as file:
            content = _content(file, most_bytes(path))
        if content is None:
            raise Strange(path, _too_large(path))
        return content


@contextmanager
def open_folder(folder: Path, root: Path | None = None) -> Iterator[OpenFolder]:
    """A folder to look at; raises Strange for a link to one, OSError if it is not there."""
    with place(folder / "x", root) as inner:
        yield OpenFolder(folder, inner)


def files_below(folder: Path, root: Path | None = None) -> Iterator[tuple[Path, Kind]]:
    """Every entry below a folder that is no folder itself, in order; links are named, not followed."""
    for name, found in names_in(folder, root).items():
        if found == "folder":
            yield from files_below(folder / name, root or folder)
        else:
            yield folder / name, found


def make_folder(path: Path, root: Path | None = None) -> None:
    """Have a folder there, with those on the way; raises Strange or OSError for what is no folder."""
    with place(path / "x", root, make=True):
        pass


def rename(source: Path, target: Path, root: Path | None = None) -> None:
    """Give ``source`` the place ``target``, as ``os.replace`` does, no link followed.

    Folders on the way to the target are made. Raises OSError with EXDEV for another file system.
    """
    with place(source, root) as there, place(target, root, make=True) as goal, naming(target):
        os.replace(there.name, goal.name, src_dir_fd=there.folder, dst_dir_fd=goal.folder)


def remove_file(path: Path, root: Path | None = None) -> None:
    """Remove a file, or a link itself, if it is there."""
    with suppress(FileNotFoundError, NotADirectoryError), place(path, root) as there, naming(path):
        os.unlink(there.name, dir_fd=there.folder)


def remove_folder(path: Path, root: Path | None = None) -> None:
    """Remove an empty folder; raises OSError for another."""
    with place(path, root) as there, naming(path):
        os.rmdir(there.name, dir_fd=there.folder)


def remove_tree(path: Path, root: Path | None = None) -> None:
    """Remove a folder with all that is in it, as far as that can be done; links in it go, nothing else."""
    with suppress(FileNotFoundError, NotADirectoryError), place(path, root) as there:
        if there.folder is None:
            shutil.rmtree(path, ignore_errors=True)
        else:
            shutil.rmtree(there.name, ignore_errors=True, dir_fd=there.folder)
