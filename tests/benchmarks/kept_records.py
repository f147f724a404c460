"""A record of a study: one JSON file for each training, read if it is whole and written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from runner.files import Record, write_json

R = TypeVar("R", bound=Record)


def read_record(path: Path, form: type[R]) -> R | None:
    """The record, if it is there and whole."""
    try:
        return form.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def keep_record(path: Path, record: Record) -> None:
    """Write the record down, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, record)
