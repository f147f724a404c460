"""The hashes of what a variant left, written when it is published: what was altered since is found.

Results without a seal (of earlier versions, or unpacked from a report) are taken as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from runner.errors import RunnerError

SEAL_FILE = ".sha256.json"  # hidden: it is of this folder, and does not travel with the report
HINT = "run 'all' again: the variant will be trained anew"


def seal(folder: Path, but: str = "") -> None:
    """Write the SHA-256 of every file in ``folder``, ``but`` one, beside them: whole, or not at all."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    text = json.dumps({path.name: _sha256(path) for path in files if path.name != but}, indent=1) + "\n"
    temporary = folder / f"{SEAL_FILE}.tmp"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, folder / SEAL_FILE)


def check_sealed(path: Path) -> None:
    """Raise RunnerError if the file is not what it was when its folder was sealed."""
    expected = _read(path.parent).get(path.name)
    if expected is None or not path.is_file():
        return  # not sealed; or missing, which whoever reads it says
    if _sha256(path) != expected:
        raise RunnerError("altered since it was written (its SHA-256 differs)", where=str(path), hint=HINT)


def sealed_hash(path: Path) -> str:
    """The SHA-256 that the file had when its folder was sealed; empty if it was not."""
    return _read(path.parent).get(path.name, "")


def broken(folder: Path) -> Iterator[RunnerError]:
    """What is missing or altered in a sealed folder."""
    try:
        names = sorted(_read(folder))
    except RunnerError as error:
        yield error
        return
    for name in names:
        path = folder / name
        if not path.is_file():
            yield RunnerError("file is missing", where=str(path), hint=HINT)
            continue
        try:
            check_sealed(path)
        except (RunnerError, OSError) as error:
            yield error if isinstance(error, RunnerError) else RunnerError(str(error), where=str(path))


def _read(folder: Path) -> dict[str, str]:
    path = folder / SEAL_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise RunnerError(f"cannot be read: {error}", where=str(path), hint=HINT) from error
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise RunnerError("not a list of hashes", where=str(path), hint=HINT)
    return content


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
