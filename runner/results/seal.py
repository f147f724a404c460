"""The hashes of what a variant left, written when it is published: what was altered since is found.

Results without a seal (of earlier versions, or unpacked from a report) are taken as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from runner.build_folder import FAILURE_FILE, HALF, LEFT_BEFORE, SEAL_FILE, root_of
from runner.errors import RunnerError
from runner.files import read_json, write_text
from runner.gate import files_below, kind, names_in, opened, read_bytes

HINT = "run 'all' again: the variant will be trained anew"


def seal(folder: Path, but: str = "") -> None:
    """Write the SHA-256 of every file in ``folder``, ``but`` one, beside them: whole, or not at all.

    Raises Strange for a link or the like, which is not what a variant may leave.
    """
    hashes = {}
    root = root_of(folder)
    for path, found in files_below(folder, root):
        name = path.relative_to(folder).as_posix()
        if found == "strange" or not (name in (but, SEAL_FILE) or HALF.fullmatch(path.name)):
            hashes[name] = _sha256(path, root)
    write_text(folder / SEAL_FILE, json.dumps(hashes, indent=1) + "\n", root)


def check_sealed(path: Path) -> None:
    """Raise RunnerError if the file is not what it was when its folder was sealed."""
    expected = _read(path.parent).get(path.name)
    root = root_of(path.parent)
    if expected is None or kind(path, root) is None:
        return  # not sealed; or missing, which whoever reads it says
    if _sha256(path, root) != expected:
        raise RunnerError("altered since it was written (its SHA-256 differs)", where=str(path), hint=HINT)


def sealed_hash(path: Path) -> str:
    """The SHA-256 that the file had when its folder was sealed; empty if it was not."""
    return _read(path.parent).get(path.name, "")


def own_files(folder: Path) -> list[Path]:
    """All files in a variant's folder that this program made, and that are there.

    They are those that the seal lists; without a seal, those of this practice; and what is kept beside them.
    """
    root = root_of(folder)
    try:
        names = set(_read(folder)) or {*LEFT_BEFORE}
    except RunnerError:
        names = {*LEFT_BEFORE}
    names |= {FAILURE_FILE, SEAL_FILE} | {name for name in names_in(folder, root) if HALF.fullmatch(name)}
    return [path for name in sorted(names) if kind(path := folder / name, root) == "file"]


def broken(folder: Path) -> Iterator[RunnerError]:
    """What is missing or altered in a sealed folder."""
    try:
        hashes = _read(folder)
    except RunnerError as error:
        yield error
        return
    for name, expected in sorted(hashes.items()):
        path = folder / name
        try:
            if _sha256(path, root_of(folder)) != expected:
                what = "altered since it was written (its SHA-256 differs)"
                yield RunnerError(what, where=str(path), hint=HINT)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            yield RunnerError("file is missing", where=str(path), hint=HINT)
        except (RunnerError, OSError) as error:
            yield error if isinstance(error, RunnerError) else RunnerError(str(error), where=str(path))


def _read(folder: Path) -> dict[str, str]:
    path = folder / SEAL_FILE
    try:
        content = read_json(read_bytes(path, root_of(folder)))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise RunnerError(f"cannot be read: {error}", where=str(path), hint=HINT) from error
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise RunnerError("not a list of hashes", where=str(path), hint=HINT)
    if not all(map(_is_within, content)):
        raise RunnerError("lists a file outside the folder", where=str(path), hint=HINT)
    return content


def _is_within(name: str) -> bool:
    path = PurePosixPath(name)
    strange = "\0" in name or "\\" in name or (":" in name and Path(name).drive)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and not strange


def _sha256(path: Path, root: Path) -> str:
    with opened(path, root) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
