"""How a notebook's kernel ended when nobody asked it to, as far as that is known."""

from __future__ import annotations

import signal
from contextlib import suppress

# Signals that a process gets when memory runs out: from the system, from C++, from a full /dev/shm.
OF_MEMORY = ("SIGKILL", "SIGABRT", "SIGBUS")
# What a cell raises then: TensorFlow, other libraries, and pools of which a process was killed.
ERRORS_OF_MEMORY = {
    "ResourceExhaustedError", "OutOfMemoryError", "BrokenProcessPool", "TerminatedWorkerError"
}  # fmt: skip
WORDS_OF_MEMORY = ("Cannot allocate memory", "RESOURCE_EXHAUSTED", "can't start new thread")
SERVER_GONE = 255  # the exit code that multiprocessing gives where a kernel's fork server ended before it


def is_of_memory(name: str, message: str) -> bool:
    """Whether an error, of this name, says that memory ran out."""
    of_kind = name.endswith("MemoryError") or name in ERRORS_OF_MEMORY
    return of_kind or any(words in message for words in WORDS_OF_MEMORY)


class KernelDied(Exception):
    """A kernel that ended by itself, or did not begin.

    ``began``: it had answered, so that it may have run a cell. ``status`` is its exit code, negative for a
    signal, None if not known; ``note`` what was heard of its start.
    """

    def __init__(self, began: bool, status: int | None, note: str = "") -> None:
        super().__init__(began, status, note)
        self.began, self.status, self.note = began, status, note

    def __str__(self) -> str:
        begun = "ended" if self.began else "did not begin"
        return f"the kernel {begun}, status {self.status}: {self.note}".removesuffix(": ")

    @property
    def signal_name(self) -> str:
        """The signal that ended it, as SIGKILL; empty if none did."""
        if self.status is None or self.status >= 0:
            return ""
        with suppress(ValueError):
            return signal.Signals(-self.status).name
        return str(-self.status)

    @property
    def exhausted(self) -> bool:
        """Whether memory may have run out."""
        unknown = self.began and self.status in (None, SERVER_GONE)
        return self.signal_name in OF_MEMORY or unknown
