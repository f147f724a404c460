"""Whether the processor has instructions for bfloat16; without them it is many times slower."""

from __future__ import annotations

from pathlib import Path

from runner.machine.processor import processor

CPUINFO = Path("/proc/cpuinfo")  # the one place where flags are read: tests put another file here
INSTRUCTIONS = ("amx_bf16", "avx512_bf16")


def bfloat16_instructions(cpuinfo: Path | None = None) -> tuple[str, ...]:
    """Those of ``INSTRUCTIONS`` that the processor has; none where the system doesn't tell."""
    try:
        lines = (cpuinfo or CPUINFO).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return tuple(name for name in INSTRUCTIONS if name in flags)


def lack_of_bfloat16() -> str:
    """What is there instead, in words; empty if the processor has it."""
    if bfloat16_instructions():
        return ""
    return f"{processor()} has no bfloat16 of its own ({' or '.join(INSTRUCTIONS)})"
