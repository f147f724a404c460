"""The worked example of a second practice: its own notebook, experiments and templates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.report_summary import read_summary

PLAN = PROJECT_ROOT / "docs" / "example" / "experiments.toml"


def test_a_second_practice_has_its_own_report(tmp_path: Path) -> None:
    words = ["-m", "runner", "all", "--plan", str(PLAN), "--build-dir", str(tmp_path)]
    done = subprocess.run([sys.executable, *words], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = " ".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages)
    assert "Pregunta 1. La pendiente" in text and "50 puntos" in text
    assert "CIFAR" not in text
    assert read_summary(tmp_path / "report.pdf").answered == (1,)
    assert "Pregunta 1. La pendiente" in (tmp_path / "practica5.html").read_text("utf-8")
