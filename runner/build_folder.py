"""One run at a time in a build folder: a lock, and who holds it."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from runner.errors import InputError
from runner.files import remove, write_json
from runner.locks import locked

RUN_FILE = "run.json"
LOCK_FILE = ".lock"
HOLDER_FILE = ".lock.json"
TRIED = ".rehearsal"  # begins the names of what is tried before a run, beside what is made
STAMP = f"{TRIED}.json"  # of what was tried
FOLDERS = ("work", "results", "notebooks", "checkpoints", "figures")


@contextmanager
def held(build_dir: Path, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the build folder; if another run does, wait for it, or raise InputError saying which.

    What a run that was killed left half-written there is removed.
    """
    build_dir.mkdir(parents=True, exist_ok=True)

    def busy() -> None:
        if not wait:
            raise InputError(
                f"another run is using this build folder: {holder(build_dir)}",
                where=str(build_dir),
                hint="its report.pdf is made again whenever a variant ends; to do more, wait for the run "
                "to end (--wait does), or give another --build-dir",
            ) from None
        say(f"waiting for another run in {build_dir}: {holder(build_dir)}")

    with locked(build_dir / LOCK_FILE, busy, say):
        try:
            sweep(build_dir)
            write_json(build_dir / HOLDER_FILE, _myself())
            yield
        finally:
            (build_dir / HOLDER_FILE).unlink(missing_ok=True)


def sweep(build_dir: Path) -> None:
    """Remove what processes that were killed left half-written or tried; for who holds the folder."""
    folders = (".", *FOLDERS)
    tried = (path for folder in folders for path in (build_dir / folder).glob(f"{TRIED}[.-]*"))
    for path in (*build_dir.glob(".*.tmp"), *tried):
        if path.name != STAMP:
            remove(path)


def holder(build_dir: Path) -> str:
    """Who holds the folder, in a line; it may be only just beginning, and not have said so."""
    try:
        found = json.loads((build_dir / HOLDER_FILE).read_text(encoding="utf-8"))
        return f"process {found['pid']} on {found['host']} since {found['since']}: {found['command']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it does not say which"


def _myself() -> dict[str, str | int]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        "command": shlex.join(["python", "-m", "runner", *sys.argv[1:]]),
    }
