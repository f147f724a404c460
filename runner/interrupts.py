"""Ctrl-C, once or many times: the program ends in order, whenever it comes."""

from __future__ import annotations

import ctypes
import signal
import sys
from contextlib import suppress
from time import monotonic
from types import FrameType

INTERRUPTED = 130
SETTLING_SECONDS = 15.0  # after a Ctrl-C, for ending kernels and a rendering: another one changes nothing


def calmly() -> int:
    """Run the command line, its imports included; its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not in the background of a script
        signal.signal(signal.SIGINT, _Once())
    try:
        from runner import isolation

        isolation.begin()
        from runner.cli import main

        code = main()
    except KeyboardInterrupt:  # before ``main`` could answer for it, or while it did
        print("interrupted", file=sys.stderr)
        code = INTERRUPTED
    if code == INTERRUPTED:
        _forget()
    return code


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

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if monotonic() - self.last > SETTLING_SECONDS:
            self.last = monotonic()
            raise KeyboardInterrupt
