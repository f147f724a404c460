"""What is said of a kernel that died, in Spanish and as it is told again in English."""

from __future__ import annotations

import pytest

from runner.execute.task import is_exhausted
from runner.language.i18n import speaking
from runner.processes.kernel_death import KernelDied
from runner.results.reasons import reason_words

CASES = [
    (
        KernelDied(True, -9),
        True,
        "the notebook's process was killed by the signal SIGKILL: memory may have run out",
    ),
    (KernelDied(True, -6), True, "SIGABRT"),
    (KernelDied(True, -11), False, "the notebook's process was killed by the signal SIGSEGV"),
    (KernelDied(True, -4), False, "this processor lacks an instruction"),
    (KernelDied(True, 3), False, "the notebook's process ended by itself with code 3"),
    (KernelDied(True, None), True, "of an unknown cause"),
    (KernelDied(True, 255), True, "code 255"),  # its fork server died: multiprocessing knows no more
    (
        KernelDied(False, 1, "Traceback\nZMQError: taken"),
        False,
        "process did not begin: ZMQError: taken",
    ),
    (KernelDied(False, -11), False, "did not begin: was killed by the signal SIGSEGV"),
    (KernelDied(True, -200), False, "by the signal 200"),
]


@pytest.mark.parametrize(("death", "exhausted", "english"), CASES, ids=lambda value: str(value)[-40:])
def test_the_words_say_what_is_known(death: KernelDied, exhausted: bool, english: str) -> None:
    assert death.exhausted is exhausted
    assert "\n" not in death.reason
    with speaking("en"):
        assert english in reason_words(death.reason)


class OfACell(Exception):
    """What papermill says of a cell that raised."""

    def __init__(self, name: str, message: str) -> None:
        self.ename, self.evalue = name, message


@pytest.mark.parametrize(
    ("error", "exhausted"),
    [
        (OfACell("MemoryError", ""), True),
        (OfACell("_ArrayMemoryError", "Unable to allocate 8.00 GiB for an array"), True),  # NumPy's
        (OfACell("ResourceExhaustedError", "OOM when allocating tensor"), True),
        (OfACell("OSError", "[Errno 12] Cannot allocate memory"), True),
        (OfACell("RuntimeError", "can't start new thread"), True),
        (OfACell("BrokenProcessPool", "A process in the process pool was terminated abruptly"), True),
        (OfACell("ValueError", "memory of elephants"), False),
        (MemoryError(), True),
        (OSError(12, "Cannot allocate memory"), True),
        (OSError(28, "No space left on device"), False),
    ],
    ids=str,
)
def test_what_a_cell_raises_when_memory_runs_out(error: Exception, exhausted: bool) -> None:
    assert is_exhausted(error) is exhausted
