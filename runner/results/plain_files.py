"""Opens a file that somebody else may have made: a plain one, which is read in small pieces only."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from runner import limits
from runner.errors import RunnerError
from runner.gate import naming, place

CHANGES_NO_DIGIT = True  # of a training: see code_closure
PIECE = 2**20  # bytes that are asked for at once
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class PlainFile(io.BufferedReader):
    """A file on disk that gives no more than ``PIECE_BYTES`` at once, whatever its content asks for.

    Readers of archives take sizes from the archive, and would take as much memory.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, as many as asked for or left; raises RunnerError for more than ``PIECE_BYTES``."""
        few = size is not None and 0 <= size <= limits.PIECE_BYTES
        content = super().read(size if few else limits.PIECE_BYTES + 1)
        if len(content) > limits.PIECE_BYTES:
            raise RunnerError("a part of it is larger than it may be", where=str(self.name))
        return content

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return os.fstat(self.fileno()).st_size


def open_plain(path: Path, root: Path | None = None) -> PlainFile:
    """Open a file to read; raises OSError, and RunnerError for a pipe, a device or a folder.

    What kind it is, is asked of what was opened: a path may lead to another thing a moment later. Below
    ``root``, a build folder, no link is followed.
    """
    if root is not None:
        with place(path, root) as there, naming(path):
            return PlainFile(io.FileIO(path, "rb", opener=lambda *_: there.open(os.O_RDONLY)))
    if path.is_dir():
        raise RunnerError("a folder, not a file", where=str(path))
    raw = io.FileIO(path, "rb", opener=lambda name, flags: os.open(name, flags | WITHOUT_WAITING))
    if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
        raw.close()
        raise RunnerError("no plain file, but a pipe or a device", where=str(path))
    return PlainFile(raw)
