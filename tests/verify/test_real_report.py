"""The report of a real run, of the whole practice, verifies from its attachments alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runner import PROJECT_ROOT


@pytest.mark.xdist_group("smoke")
def test_the_report_verifies_alone_and_without_tensorflow(build: Path, tmp_path: Path) -> None:
    alone = tmp_path / "sent by mail.pdf"
    alone.write_bytes((build / "report.pdf").read_bytes())
    code = (
        "import sys; from pathlib import Path; from runner.verify.command import verify;"
        f"assert verify(Path({str(alone)!r})) == 0;"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified" in done.stdout
    for kind in ("attachments", "versions", "notebooks", "metrics", "claims", "tables", "pages", "objects"):
        assert re.search(rf"^{kind} +ok: ", done.stdout, re.MULTILINE)
