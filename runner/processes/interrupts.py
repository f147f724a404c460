"""Ctrl-C and other signals that ask to end, once or many times: the program ends in order, whenever."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from types import FrameType

from runner.processes import streams

INTERRUPTED = 130
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# A terminal sends these to all processes in its foreground; those below leave the answer to the program.
FROM_TERMINAL = set(ENDING) - {signal.SIGTERM}
SETTLING_SECONDS = 15.0  # after a Ctrl-C, for ending kernels and a rendering: another one changes nothing


def calmly(begin: Callable[[], Callable[[], int]]) -> int:
    """Run what ``begin`` imports and returns, the imports included; its exit code.

    A signal that who started the program has it ignore, as scripts' backgrounds and ``nohup`` do, stays so.
    Without a handler, process 1 of a container would not even hear SIGTERM.
    """
    streams.secure()
    heed = _Once()
    for signum in ENDING:
        if signal.getsignal(signum) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(signum, heed)
    try:
        code = begin()()
    except KeyboardInterrupt:  # before ``main`` could answer for it, or while it did
        print("interrupted", file=sys.stderr)
        code = INTERRUPTED
    if code == INTERRUPTED:
        _forget()
        code = heed.exit_code
    sys.stdout.flush()
    if lost := streams.complaint():
        print(f"error: {lost}", file=sys.stderr)
    return code or int(bool(lost))


def _forget() -> None:
    """Make Python forget the interrupt, so that it ends with our exit code.

    If it came while C code of a library ran some Python, as an import may, Python would end by the signal.
    """
    with suppress(AttributeError):  # not CPython
        ctypes.pythonapi.PyRun_SimpleString(b"")


class _Once:
    """Raises KeyboardInterrupt, but not again while what the first one began is still going on."""

    def __init__(self) -> None:
        self.last = float("-inf")
        self.exit_code = INTERRUPTED

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if monotonic() - self.last > SETTLING_SECONDS:
            self.last = monotonic()
            self.exit_code = 128 + signum  # as shells have it
            raise KeyboardInterrupt
