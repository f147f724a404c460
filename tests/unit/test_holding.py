"""The build folder in one run's hands."""

from __future__ import annotations

from pathlib import Path

from runner.holding import HOLDER_FILE, held


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    """Whatever the next one has to do there; whole files stay."""
    half, whole = tmp_path / ".report.pdf.8497.tmp", tmp_path / "report.pdf"
    for path in (half, whole):
        path.write_bytes(b"%PDF")
    with held(tmp_path, wait=False, say=print):
        assert not half.exists()
        assert whole.exists() and (tmp_path / HOLDER_FILE).exists()
    assert not (tmp_path / HOLDER_FILE).exists()
