"""Standard streams that are closed, full, or that nobody reads any more: the program goes on without them.

A run must not be lost because its words can't be written.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

lost: dict[str, OSError] = {}  # by stream: why what is written there is thrown away


def secure() -> None:
    """Have all three standard streams usable from now on; to be called before anything is opened.

    Else the first files that are opened get the numbers of closed streams, and what is meant for the
    terminal, of processes started later too, is written into them.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)  # takes the lowest number that is free, which is this one
            os.set_inheritable(opened, True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _forgiving(sys.stdout, 1, "stdout")
    sys.stderr = _forgiving(sys.stderr, 2, "stderr")


def complaint() -> str:
    """What was wrong with standard output, if words were lost there; a reader that went away is no fault."""
    error = lost.get("stdout")
    if error is None or error.errno == errno.EPIPE:
        return ""
    return f"standard output: {error.strerror}: not all was written"


def _forgiving(stream: TextIO | None, number: int, name: str) -> TextIO:
    """The stream again, without errors for what can't be written, nor for letters that its encoding lacks."""
    if os.name == "nt" and stream is not None and stream.isatty():
        return stream  # a console of Windows is written to by other means
    return io.TextIOWrapper(
        io.BufferedWriter(Forgiving(number, name)),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=getattr(stream, "line_buffering", False),
        write_through=getattr(stream, "write_through", False),
    )


class Forgiving(io.FileIO):
    """A file that is open already; from the first error on, what is written to it is thrown away."""

    def __init__(self, number: int, name: str) -> None:
        super().__init__(number, "w", closefd=False)
        self.stream = name

    def write(self, content: object, /) -> int:
        """Write, or pretend to."""
        try:
            return super().write(content)  # type: ignore[arg-type]
        except OSError as error:
            lost.setdefault(self.stream, error)
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())  # for the processes that are started later, too
            os.close(nothing)
            return memoryview(content).nbytes  # type: ignore[arg-type]
