"""The program as a user without rights, whoever runs the tests: root may write and read everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner import PROJECT_ROOT

NOBODY = 65534
CODE = """
import json, os, sys
from pathlib import Path
import runner.commands.clean
from runner.cli import main
first, words, folder, mode = json.loads(sys.argv[1])
main(first)  # all is imported then: nobody may not read this Python
if os.getuid() == 0:
    os.setgid(NOBODY), os.setuid(NOBODY)
before = Path(folder).stat().st_mode
Path(folder).chmod(mode)
try:
    sys.exit(main(words))
finally:
    Path(folder).chmod(before)
""".replace("NOBODY", str(NOBODY))


@contextmanager
def place_of_nobody(*contents: Path) -> Iterator[Path]:
    """A folder with copies of these folders; all may look into it, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        for each in contents:
            shutil.copytree(each, place / each.name, symlinks=True)
        if os.getuid() == 0:
            for path in (place, *place.rglob("*")):
                os.lchown(path, NOBODY, NOBODY)
        yield place


def run_as_nobody(
    first: list[str], words: list[str], folder: Path, mode: int
) -> subprocess.CompletedProcess[str]:
    """The program with ``words`` while ``folder`` has the rights of ``mode``; before, with ``first``."""
    return subprocess.run(
        [sys.executable, "-c", CODE, json.dumps([first, words, str(folder), mode])],
        cwd=PROJECT_ROOT,
        env={"PYTHONPATH": str(PROJECT_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
