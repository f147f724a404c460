"""Ctrl-C and other signals that ask to end, once or many times: the program ends in order, whenever."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING

from runner.processes import streams

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# A terminal sends these to all processes in its foreground; those below leave the answer to the program.
FROM_TERMINAL = set(ENDING) - {signal.SIGTERM}
SOON_SECONDS = 0.05
SETTLING_SECONDS = 15.0  # after a Ctrl-C, for ending kernels and a rendering: another one changes nothing


def calmly(begin: Callable[[], Callable[[], int]]) -> int:
    """Run what ``begin`` imports and returns, the imports included; its exit code.

    A signal that who started the program has it ignore, as scripts' backgrounds and ``nohup`` do, stays so.
    Without a handler, process 1 of a container would not even hear SIGTERM.
    """
    streams.secure()
    heed = _Once()
    sys.unraisablehook = heed.unraisable
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


def _signal_main_thread(signum: int) -> None:
    """A signal of its own ends what the main thread waits for, too."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signum)
    else:
        interrupt_main(signal.Signals(signum))


class _Once:
    """Raises KeyboardInterrupt, but not again while what the first one began is still going on."""

    def __init__(self) -> None:
        self.last = float("-inf")
        self.signum = int(signal.SIGINT)

    @property
    def exit_code(self) -> int:
        """As shells have it."""
        return 128 + self.signum

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if monotonic() - self.last > SETTLING_SECONDS:
            self.last, self.signum = monotonic(), signum
            raise KeyboardInterrupt

    def unraisable(self, what: UnraisableHookArgs) -> None:
        """Raise it again, soon, if it came where nothing can be raised: while an object was destroyed, say.

        Python would say so with a traceback, and go on as if nobody had asked it to end.
        """
        if what.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(what)
            return
        self.last = float("-inf")
        again = threading.Timer(SOON_SECONDS, _signal_main_thread, (self.signum,))
        again.daemon = True
        again.start()
