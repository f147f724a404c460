"""Why a variant failed: a kernel that died, what a cell raised, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import kernel
from runner.execute.cause import cause_of, is_exhausted
from runner.files import write_json
from runner.language.i18n import speaking
from runner.processes.kernel_death import KernelDied
from runner.results.reasons import Reason, reason_words

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
def test_the_words_say_what_is_known(
    tmp_path: Path, death: KernelDied, exhausted: bool, english: str
) -> None:
    assert death.exhausted is exhausted
    reason = cause_of(death, tmp_path)
    assert "\n" not in str(reason)
    with speaking("en"):
        assert english in reason_words(reason)


class OfACell(Exception):
    """What papermill says of a cell that raised."""

    exec_count = 4

    def __init__(self, name: str, message: str) -> None:
        self.ename, self.evalue = name, message


OfACell.__name__ = "PapermillExecutionError"  # which takes a second to import
DIVERGED = Reason.of("not_finite", metric="loss", value="nan", epoch=2)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("loss es nan en la época 2", "FloatingPointError in cell 4: loss is nan in epoch 2"),
        ("otra cosa\nen la línea 2", "FloatingPointError in cell 4: otra cosa"),
        ("", "FloatingPointError in cell 4: "),
    ],
)
def test_the_reason_that_a_notebook_left_is_told_if_it_is_of_what_was_raised(
    tmp_path: Path, message: str, told: str
) -> None:
    """Another cell may have raised something else, once the notebook had gone on."""
    write_json(tmp_path / kernel.REASON_FILE, DIVERGED)
    reason = cause_of(OfACell("FloatingPointError", message), tmp_path)
    assert str(reason) == f"FloatingPointError en la celda 4: {message.splitlines()[0] if message else ''}"
    with speaking("en"):
        assert str(reason) == told


@pytest.mark.parametrize("content", [b"", b"{}", b'{"code": "none", "arguments": {}}', b"\xff"])
def test_a_damaged_reason_costs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / kernel.REASON_FILE).write_bytes(content)
    assert str(cause_of(OfACell("ValueError", "no"), tmp_path)) == "ValueError en la celda 4: no"


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
