"""Which folders of results were found whole, so that thousands are not all read again.

A folder is as it was if each file in it has the size, times, inode, mode and owner that it had, and none is
new or gone. One that was looked at so soon after a change that a further change could have the same time is
not remembered; nor is anything once the code that reads results is another.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from runner.build_folder import INDEX_FILE, RESULT_FILE, RESULTS
from runner.code_closure import combined, needed
from runner.file_index import SETTLED_NANOSECONDS, FileIndex, file_index
from runner.files import read_json, write_json
from runner.gate import Strange, names_in, open_folder, read_bytes
from runner.results import finished
from runner.results.finished import Finished, files_for_readers
from runner.results.records import Result

CHANGES_NO_DIGIT = True  # of a training: see code_closure
WORTH_FOLDERS = 100  # new in the index: fewer are not worth writing it


@dataclass(frozen=True)
class Look:
    """What is in a variant's folder: the names, and a hash of all that tells whether a file changed.

    ``state`` is empty where a later change might not be seen; ``record`` is what the result's file holds if
    the folder is as it was when it was found whole.
    """

    folder: Path
    names: frozenset[str]
    state: str = ""
    record: bytes = b""


@dataclass(frozen=True)
class Known:
    """What is known of a folder in this state: whether all was whole, and a hash of what readers see."""

    state: str
    whole: bool = False
    digest: str = ""


class ResultsIndex:
    """What is known of the folders of results in a build folder. ``save`` keeps it for the next command."""

    def __init__(self, build_dir: Path) -> None:
        self._build_dir = build_dir
        self._new: set[str] = set()

    def look(self, folder: Path, record: bool = True) -> Look:
        """What is in ``folder`` now, with the ``record`` of a whole one.

        Where that can't be seen, a result: who reads it says what is wrong.
        """
        now = time.time_ns()
        try:
            with open_folder(folder, self._build_dir) as there:
                found = there.states()
                look = Look(folder, frozenset(found), _state(found, now))
                known = self._at(look)
                if record and known is not None and known.whole:
                    look = replace(look, record=there.read_bytes(RESULT_FILE))
                return look
        except (FileNotFoundError, NotADirectoryError):
            return Look(folder, frozenset())
        except (OSError, Strange):
            return Look(folder, frozenset({RESULT_FILE}))

    def whole(self, look: Look) -> Finished | None:
        """The result, if the folder is as it was when it was found whole."""
        with suppress(ValueError):
            return Finished(Result.model_validate_json(look.record), look.folder) if look.record else None
        return None

    def remember(self, look: Look) -> None:
        """Take a folder as whole: since this look, all in it was read and nothing was wrong."""
        self._keep(look, replace(self._at(look) or Known(look.state), whole=True))

    def digest(self, folder: Path) -> str:
        """Hash of the names and contents of a folder's files for readers, worked out once for each state."""
        look = self.look(folder, record=False)
        known = self._at(look) or Known(look.state)
        if not known.digest:
            known = replace(known, digest=_digest(files_for_readers(folder), file_index(self._build_dir)))
            self._keep(look, known)
        return known.digest

    def _at(self, look: Look) -> Known | None:
        known = self._known.get(look.folder.name)
        return known if known is not None and look.state and known.state == look.state else None

    def _keep(self, look: Look, known: Known) -> None:
        if look.state and self._known.get(look.folder.name) != known:
            self._known[look.folder.name] = known
            self._new.add(look.folder.name)

    def save(self) -> None:
        """Keep what was learned, if it is worth it and the folder can be written to."""
        if len(self._new) < WORTH_FOLDERS:
            return
        path = self._build_dir / RESULTS / INDEX_FILE
        names = names_in(path.parent, self._build_dir)
        known = {name: astuple(each) for name, each in self._known.items() if name in names}
        with suppress(OSError):
            write_json(path, {"form": self._form, "folders": known}, self._build_dir)
            self._new.clear()

    @cached_property
    def _form(self) -> str:
        """Hash of the code that finds a result whole, and who may read: what is remembered is of these."""
        code = combined(needed((Path(finished.__file__),), file_index(self._build_dir).source))
        return f"1 {code} {os.geteuid() if hasattr(os, 'geteuid') else ''}"

    @cached_property
    def _known(self) -> dict[str, Known]:
        """What is known of each folder by name; nothing, if what is kept is of another form."""
        try:
            content = read_json(read_bytes(self._build_dir / RESULTS / INDEX_FILE, self._build_dir))
        except (OSError, ValueError):
            return {}
        if isinstance(content, dict) and content.get("form") == self._form:
            with suppress(AttributeError, KeyError, TypeError):
                return {name: _known(*entry) for name, entry in content["folders"].items()}
        return {}


@cache
def results_index(build_dir: Path) -> ResultsIndex:
    """The index of a build folder, one for the process."""
    return ResultsIndex(build_dir)


def _state(found: dict[str, os.stat_result], now: int) -> str:
    """Hash of what was found in a folder; empty if it holds more than plain files, or one that is too new."""
    newest = max((max(each.st_mtime_ns, each.st_ctime_ns) for each in found.values()), default=now)
    if now - newest <= SETTLED_NANOSECONDS or not all(stat.S_ISREG(each.st_mode) for each in found.values()):
        return ""
    return hashlib.sha256(repr(list(_seen(found))).encode()).hexdigest()


def _digest(paths: Iterable[Path], index: FileIndex) -> str:
    lines = (f"{path.name}\0{_sha256(path, index)}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def _sha256(path: Path, index: FileIndex) -> str:
    """The file's hash; empty for one that can't be read, which whoever needs it says."""
    try:
        return index.sha256(path)
    except OSError:
        return ""


def _seen(found: dict[str, os.stat_result]) -> Iterator[tuple[str | int, ...]]:
    for name, each in found.items():
        times = each.st_mtime_ns, each.st_ctime_ns
        yield name, each.st_size, *times, each.st_ino, each.st_mode, each.st_uid


def _known(state: str, whole: bool, digest: str) -> Known:
    return Known(str(state), whole is True, str(digest))
