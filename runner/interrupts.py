"""Ctrl-C, once or many times: the program ends in order, whenever it comes."""

from __future__ import annotations

import signal
import sys
from time import monotonic
from types import FrameType

INTERRUPTED = 130
SETTLING_SECONDS = 15.0  # after a Ctrl-C, for ending kernels and a rendering: another one changes nothing


def calmly() -> int:
    """Run the command line, its imports included; its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not in the background of a script
        signal.signal(signal.SIGINT, _Once())
    try:
        from runner.cli import main

        return main()
    except KeyboardInterrupt:  # before ``main`` could answer for it, or while it did
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


class _Once:
    """Raises KeyboardInterrupt, but not again while what the first one began is still going on."""

    def __init__(self) -> None:
        self.last = float("-inf")

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if monotonic() - self.last > SETTLING_SECONDS:
            self.last = monotonic()
            raise KeyboardInterrupt
