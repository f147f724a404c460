"""What a run has still to do, or left undone, and why: kept in the build folder for the report.

An entry holds until the variant has another result than it had when the entry was made, so that it needs
no change when the variant ends, and a killed run leaves nothing wrong behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from runner.build_folder import AWAITED_FILE, result_folder
from runner.durations import in_words
from runner.errors import RunnerError
from runner.faults import tell
from runner.files import write_json
from runner.gate import read_bytes, remove_file
from runner.results.finished import read_failure, read_result
from runner.results.reasons import PENDING, Reason, Recorded


class Awaited(BaseModel):
    """Why a variant is not there; ``replaces`` is when its former record was made, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Recorded
    replaces: str | None


# A variant's, which names a folder: never a path to another one.
Name = Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]
_FORM = TypeAdapter(dict[Name, Awaited])


def over_budget(seconds: float) -> Reason:
    """The reason of a variant that a time budget left out."""
    return Reason.of("over_budget", time=in_words(seconds))


def note_awaited(build_dir: Path, reasons: Mapping[str, Reason], settled: Iterable[str] = ()) -> bool:
    """Note why the variants of ``reasons`` are not there; earlier notes stay but for ``settled`` variants.

    What no longer holds is dropped. Returns whether anything changed; if not, the file stays as it is.
    """
    before = _read(build_dir)
    kept = {n: a for n, a in before.items() if n not in settled and a.replaces == _record(build_dir, n)}
    fresh = {n: Awaited(reason=r, replaces=_record(build_dir, n)) for n, r in reasons.items()}
    after = kept | fresh
    if after == before:
        return False
    if after:
        content = {name: each.model_dump() for name, each in after.items()}
        write_json(build_dir / AWAITED_FILE, content, build_dir)
    else:
        remove_file(build_dir / AWAITED_FILE, build_dir)
    return True


def pending(names: Iterable[str]) -> dict[str, Reason]:
    """The reason of what is about to be run."""
    return dict.fromkeys(names, PENDING)


def read_awaited(build_dir: Path) -> dict[str, Reason]:
    """Reasons by name, of the notes that still hold; damaged notes are told of, and hold nothing."""
    path = build_dir / AWAITED_FILE
    try:
        _FORM.validate_json(read_bytes(path, build_dir))
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        what = f"can't be read, so outdated results may count as current: {str(error).splitlines()[0]}"
        tell(RunnerError(what, where=str(path), hint="'all' writes it again"))
    return {n: a.reason for n, a in _read(build_dir).items() if a.replaces == _record(build_dir, n)}


def _read(build_dir: Path) -> dict[str, Awaited]:
    try:
        return _FORM.validate_json(read_bytes(build_dir / AWAITED_FILE, build_dir))
    except (OSError, ValidationError):
        return {}


def _record(build_dir: Path, name: str) -> str | None:
    """When the variant's record in the build folder, good or bad, was made."""
    folder = result_folder(build_dir, name)
    failure = read_failure(folder)
    failed = [failure.finished.isoformat()] if failure else []
    try:
        return " ".join([read_result(folder).result.finished.isoformat(), *failed])
    except RunnerError:
        return " ".join(failed) or None
