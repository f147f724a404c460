"""A plan of two small trainings on digits, to try the benchmarks out."""

from __future__ import annotations

from pathlib import Path

from tests.tiny_plan import variant, write_plan


def write_small(folder: Path) -> Path:
    """The experiments file, with its notebook beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_plan(folder, variant("other", 1, "batch_size = 128"))
