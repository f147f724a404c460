"""Hashes of files by content, each read again only where it may have changed.

What takes long is kept in the build folder: hashes of large files with size, times and inode, and what was
read from source files with the hash of their content. A file that changed in any of these, or so lately that
a further change could have the same time, is read: nothing wrong is believed, whatever dates files have.
What was read from the program's own files is in the user's cache, too, for all build folders.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from runner.build_folder import HASHES_FILE
from runner.code_closure import Source, of_package, read_source
from runner.files import read_json, write_json
from runner.gate import opened, read_bytes, status
from runner.locks import in_turn

FORM = f"1, Python {sys.version_info.major}.{sys.version_info.minor}"  # of the index, and of what syntax is
SETTLED_NANOSECONDS = 2 * 10**9  # the coarsest times of files
LARGE_BYTES = 10**6  # below, a file is read as fast as it is looked up
WORTH_BYTES = 5 * 10**7  # new in the index: less is not worth writing it
WORTH_SOURCES = 5
MOST_SOURCES = 2000  # of the program, of all its versions; the oldest give way
PROGRAM_FILE = "sources.json"  # in the user's cache
PROGRAM_LOCK = "sources.lock"
_new: dict[str, Source] = {}  # what this process read from the program's files

State = tuple[int, int, int, int]


class FileIndex:
    """What is known of files. ``save`` keeps it for the next command."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._hashes: dict[str, tuple[State, int, str]] = {}  # state, when it was read, and what
        self._new_bytes = self._new_sources = 0

    def sha256(self, path: Path) -> str:
        """SHA-256 of the file's content; raises OSError if it can't be read."""
        root = self._root_of(path)
        state = _state(path, root)
        known = self._hashes.get(str(path)) or self._large.get(str(path))
        if known is not None and known[0] == state and _settled(state, known[1]):
            return known[2]
        now = time.time_ns()
        with path.open("rb") if root is None else opened(path, root) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._hashes[str(path)] = state, now, digest
        self._new_bytes += state[0]
        return digest

    def _root_of(self, path: Path) -> Path | None:
        """The build folder if the path is in it: no link is followed there."""
        root = self._path and self._path.parent
        return root if root is not None and path.is_relative_to(root) else None

    def source(self, path: Path) -> Source:
        """What a Python file says of itself; of a compiled one, the hash."""
        digest = self.sha256(path)
        if path.suffix != ".py":
            return Source(digest)
        return self._source(digest, path.read_bytes, of_package(path))

    def source_of(self, code: str) -> Source:
        """The same of code that is in no file of its own."""
        content = code.encode(errors="surrogatepass")
        return self._source(hashlib.sha256(content).hexdigest(), lambda: code)

    def _source(self, digest: str, read: Callable[[], str | bytes], own: bool = False) -> Source:
        if digest not in self._sources:
            found = _program().get(digest) if own else None
            if found is None:
                found = read_source(read())
                self._new_sources += 1
                _new.update({digest: found} if own else {})
            self._sources[digest] = found
        return self._sources[digest]

    def save(self) -> None:
        """Keep what was learned, if it spares more than writing it costs and the folder can be written to."""
        if self._path is None or not self._path.parent.is_dir():
            return
        if self._new_bytes < WORTH_BYTES and self._new_sources < WORTH_SOURCES:
            return
        large = self._large | {
            path: known for path, known in self._hashes.items() if known[0][0] >= LARGE_BYTES
        }
        files = {path: known for path, known in large.items() if Path(path).exists()}
        sources = {digest: asdict(source) for digest, source in self._sources.items()}
        with suppress(OSError):
            content = {"form": FORM, "files": files, "sources": sources}
            write_json(self._path, content, self._path.parent)
            self._new_bytes = self._new_sources = 0

    @cached_property
    def _kept(self) -> dict[str, Any]:
        """The index as it was written; empty if there is none of this form."""
        try:
            content = read_json(read_bytes(self._path, self._path.parent)) if self._path else {}
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) and content.get("form") == FORM else {}

    @cached_property
    def _large(self) -> dict[str, tuple[State, int, str]]:
        with suppress(ValueError, TypeError, AttributeError, KeyError):
            return {path: _known(*entry) for path, entry in self._kept["files"].items()}
        return {}

    @cached_property
    def _sources(self) -> dict[str, Source]:
        with suppress(ValueError, TypeError, AttributeError, KeyError):
            return {digest: _source(**entry) for digest, entry in self._kept["sources"].items()}
        return {}


@cache
def file_index(build_dir: Path) -> FileIndex:
    """The index of a build folder, one for the process."""
    return FileIndex(build_dir / HASHES_FILE)


def save_program() -> None:
    """Keep what this process read from the program's files, where the user has a cache."""
    if len(_new) < WORTH_SOURCES:
        return
    with suppress(OSError, RuntimeError):
        path = _program_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        with in_turn(path.with_name(PROGRAM_LOCK)):
            latest = [*(_read_program() | _new).items()][-MOST_SOURCES:]
            content = {digest: asdict(each) for digest, each in latest}
            write_json(path, {"form": FORM, "sources": content}, path.parent)
        _new.clear()


@cache
def _program() -> dict[str, Source]:
    return _read_program()


def _read_program() -> dict[str, Source]:
    """What was kept of the program's files, by their content; empty if that can't be had."""
    with suppress(OSError, RuntimeError, ValueError, TypeError, AttributeError, KeyError):
        path = _program_file()
        content = read_json(read_bytes(path, path.parent))
        if content["form"] == FORM:
            return {digest: _source(**entry) for digest, entry in content["sources"].items()}
    return {}


def _program_file() -> Path:
    """Raises RuntimeError where the user has no home."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("practica-cnn")) / PROGRAM_FILE


def _state(path: Path, root: Path | None) -> State:
    """What tells that a file was changed: one copied with its old date has another inode and change time."""
    found = path.stat() if root is None else status(path, root)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _settled(state: State, read: int) -> bool:
    """Whether any later change must have given the file another time."""
    return read - max(state[1], state[2]) > SETTLED_NANOSECONDS


def _known(state: list[int], read: int, digest: str) -> tuple[State, int, str]:
    size, modified, changed, inode = map(int, state)
    return (size, modified, changed, inode), int(read), str(digest)


def _source(digest: str, imports: list[str], folders: list[str], changes_no_digit: bool) -> Source:
    return Source(str(digest), tuple(map(str, imports)), tuple(map(str, folders)), bool(changes_no_digit))
