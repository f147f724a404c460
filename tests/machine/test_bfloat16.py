"""Flags are read where the system tells them, and a processor without them is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.machine import bfloat16
from runner.machine.bfloat16 import bfloat16_instructions, lack_of_bfloat16

FLAGS = {
    "flags\t\t: fpu avx2 avx512f amx_bf16 avx512_bf16 amx_tile\n": ("amx_bf16", "avx512_bf16"),
    "flags\t\t: fpu avx512_bf16\n": ("avx512_bf16",),
    "flags\t\t: fpu avx2 avx512f\n": (),
    "model name\t: amx_bf16 in a name is no flag\nflags\t\t: fpu\n": (),
    "Features\t: fp asimd bf16\n": (),
    "": (),
}


@pytest.mark.parametrize("text", FLAGS)
def test_the_flags_of_the_processor(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(text, encoding="utf-8")
    assert bfloat16_instructions(path) == FLAGS[text]
    monkeypatch.setattr(bfloat16, "CPUINFO", path)
    assert bool(lack_of_bfloat16()) != bool(FLAGS[text])


def test_where_the_system_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bfloat16, "CPUINFO", tmp_path / "none")
    assert "amx_bf16 or avx512_bf16" in lack_of_bfloat16()
