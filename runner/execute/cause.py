"""Why a variant failed: what ended its notebook, as a reason that can be told in any language."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from runner import kernel
from runner.errors import FULL, RunnerError
from runner.gate import read_bytes
from runner.machine import container
from runner.processes.kernel_death import OF_MEMORY, KernelDied, is_of_memory
from runner.results.reasons import Reason, said


def cause_of(error: BaseException, work_dir: Path) -> Reason:
    """The reason for whatever ended a notebook, which ran in ``work_dir``."""
    kind = type(error).__name__
    if kind == "PapermillExecutionError":
        return _of_cell(error, work_dir)
    if isinstance(error, KernelDied):
        return _of_death(error)
    if kind == "CellTimeoutError":
        return Reason.of("cell_timeout")
    if isinstance(error, RunnerError):
        return said(error.what)
    if isinstance(error, OSError) and error.errno in FULL:
        return Reason.of("disk_full")
    return said(_line(f"{kind}: {error}"))


def _of_cell(error: BaseException, work_dir: Path) -> Reason:
    """What a cell raised, with its message, or the reason that the notebook has left of that message."""
    cell, message = getattr(error, "exec_count", None), _line(str(getattr(error, "evalue", "")))
    left = _left(work_dir / kernel.REASON_FILE)
    return Reason.of(
        "cell_raised",
        error=getattr(error, "ename", ""),
        cell="?" if cell is None else cell,
        message=left if left is not None and str(left) == message else message,
    )


def _left(path: Path) -> Reason | None:
    """The reason that a notebook left before it raised, if it did."""
    try:
        return Reason.model_validate_json(read_bytes(path))
    except (OSError, RunnerError, ValidationError):
        return None


def _line(text: str) -> str:
    return (text.splitlines() or [""])[0]


def _of_death(death: KernelDied) -> Reason:
    if death.began:
        return Reason.of("kernel_ended", ending=_ending(death))
    told = death.note.splitlines()[-1] if death.note else ""
    return Reason.of("kernel_not_begun", why=told or _ending(death))


def _ending(death: KernelDied) -> Reason:
    name = death.signal_name
    if name == "SIGILL":
        return Reason.of("illegal_instruction")
    if name in OF_MEMORY:
        limited = container.memory()
        if limited is None:
            return Reason.of("memory", signal=name)
        return Reason.of("memory_limited", signal=name, limit=f"{limited.limit // 2**20} MiB")
    if name:
        return Reason.of("signal", signal=name)
    if death.status is None:
        return Reason.of("unknown_end")
    return Reason.of("exit_code", code=death.status)


def is_exhausted(error: BaseException) -> bool:
    """Whether the memory, of the machine or of its GPU, may have run out."""
    if isinstance(error, KernelDied):
        return error.exhausted
    name = getattr(error, "ename", type(error).__name__)
    return is_of_memory(name, str(getattr(error, "evalue", error)))


def is_unstarted(error: BaseException) -> bool:
    """Whether a kernel died before it ran a cell."""
    return isinstance(error, KernelDied) and not error.began
