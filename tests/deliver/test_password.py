"""The mail account's password is for ``deliver``: notebooks, and programs that are started, can't see it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.processes import isolation
from runner.processes.isolation import PASSWORD
from tests.program import HANG_SECONDS, command_line

SECRET = "s3cr3t-of-mine"
# What a notebook finds of the password in its environment, and in what the system shows of its ancestors'.
LOOK = f"""
import os, pathlib, psutil
found = [os.environ.get("{PASSWORD}", "")]
for process in [psutil.Process(), *psutil.Process().parents()]:
    if process.pid == {{outside}}:
        break
    shown = pathlib.Path(f"/proc/{{{{process.pid}}}}/environ")
    found.append(shown.read_text(errors="replace") if shown.exists() else "")
secret = "{SECRET[:4]}" + "{SECRET[4:]}"  # not as it is: this cell is kept, too
print("found" if any(secret in each for each in found) else f"none in {{{{len(found)}}}} environments")
"""
SAYS = """
import json, os
from runner.processes import isolation
isolation.begin()
print(json.dumps(dict(os.environ)))
"""
BEGINS_AGAIN = """
import os, sys
from runner.processes import isolation
def instead(program, words, environment):
    print(environment.get(isolation.PASSWORD, "none"), flush=True)
    os._exit(0)
os.execve = instead
sys.argv[1:] = ["run", "--help"]
isolation.begin()
print("went on")
"""


def test_no_notebook_sees_the_password(tmp_path: Path) -> None:
    practice = Path(shutil.copytree(PROJECT_ROOT / "docs" / "example", tmp_path / "practice"))
    path = practice / "line.ipynb"
    content = nbformat.read(path, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell(LOOK.format(outside=os.getpid())))
    nbformat.write(content, path)
    build = tmp_path / "build"
    words = (
        "run",
        "line",
        "--profile",
        "full",
        "--plan",
        str(practice / "experiments.toml"),
        "--build-dir",
        str(build),
    )
    done = subprocess.run(
        command_line(*words),
        cwd=PROJECT_ROOT,
        env=os.environ | {PASSWORD: SECRET},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    text = (build / "notebooks" / "line.ipynb").read_text("utf-8")
    assert re.search(r"none in ([4-9]|\d\d) environments", text)
    for file in build.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()


@pytest.mark.parametrize(("command", "kept"), [("deliver", True), ("run", False), ("all", False)])
def test_only_a_delivery_begins_with_the_password(command: str, kept: bool) -> None:
    """Also where the process begins again without other settings of the user's."""
    for more in ({}, {isolation.RESTARTED: "1"}):
        words = command_line(command, code=SAYS) if more else command_line(command, "--help")
        done = subprocess.run(
            words,
            cwd=PROJECT_ROOT,
            env=os.environ | more | {PASSWORD: SECRET},
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        if more:
            assert (PASSWORD in json.loads(done.stdout)) == kept


def test_a_worker_s_processes_have_no_password() -> None:
    assert PASSWORD not in isolation.isolated(os.environ | {PASSWORD: SECRET})


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
def test_the_system_shows_no_password_of_the_program() -> None:
    """A process shows what it began with, whatever it took away later."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", BEGINS_AGAIN],
        cwd=PROJECT_ROOT,
        env=os.environ | {PASSWORD: SECRET, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.stdout.strip() == "none", done.stderr
