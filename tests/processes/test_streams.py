"""Standard streams that are closed, full, or without a reader: the program goes on, with a sensible code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner import PROJECT_ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell of Unix closes the streams")
RUNNER = f"{sys.executable} -m runner"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")


def shell(line: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A line of the shell, in which the first part of a pipe counts."""
    command = ["bash", "-c", f"set -o pipefail; {line}"]
    environment = os.environ | settings
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("streams", "code", "told"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        ("2>&1 | true", 0, ""),
        pytest.param("2>/dev/full", 0, "", marks=FULL),
        pytest.param(">/dev/full", 1, "standard output: No space left on device", marks=FULL),
    ],
)
@pytest.mark.parametrize("words", ["--help", "plan --build-dir {build}"])
def test_what_is_not_read_or_can_not_be_written_stops_nothing(
    words: str, streams: str, code: int, told: str, tmp_path: Path
) -> None:
    done = shell(f"{RUNNER} {words.format(build=tmp_path / 'build')} {streams}")
    assert done.returncode == code, done.stderr
    assert told in done.stderr and bool(told) == bool(done.stderr)


def test_the_error_stays_one_where_nobody_reads_it() -> None:
    assert shell(f"{RUNNER} plan --plan none.toml 2>&-").returncode == 2
    assert shell(f"{RUNNER} plan --plan none.toml 2>&1 | true").returncode == 2


WRITES = """
import subprocess, sys
from runner.processes import streams
streams.secure()
with open(sys.argv[1], "w") as file:
    assert file.fileno() > 2
    code = "import os; os.fstat(0), os.write(1, b'x'), os.write(2, b'y')"
    subprocess.run([sys.executable, "-c", code], check=True)
    print("words")
    print("more", file=sys.stderr)
assert sys.stdin.read() == ""
"""


def test_files_do_not_get_the_numbers_of_closed_streams(tmp_path: Path) -> None:
    """Else a library's words, or those of a process that is started, were written into them."""
    (tmp_path / "writes.py").write_text(WRITES)
    line = f"{sys.executable} {tmp_path / 'writes.py'} {tmp_path / 'result'} <&- >&- 2>&-"
    assert shell(line, PYTHONPATH=str(PROJECT_ROOT)).returncode == 0
    assert (tmp_path / "result").read_text() == ""


def test_letters_that_the_terminal_lacks_are_written_otherwise(tmp_path: Path) -> None:
    line = f"{RUNNER} plan --profile smoke --build-dir {tmp_path / 'build'}"
    done = shell(line, PYTHONIOENCODING="ascii", COLUMNS="160")
    assert done.returncode == 0, done.stderr
    assert "clasificaci\\xf3n" not in done.stderr and "Pr\\xe1ctica 5" in done.stdout
