"""What a report says of itself (manifest, map of evidence), read strictly: it may be anybody's."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from runner.build_folder import AWAITED_FILE, PACKAGES_FILE, PLAN_FOLDER
from runner.errors import RunnerError
from runner.files import Record
from runner.report.attachments import EVIDENCE, MANIFEST, TABLE, TABLE_JSON
from runner.report.crate import METADATA

FOLDERS = {PLAN_FOLDER, "notebooks", "results"}
ALONE = {TABLE, TABLE_JSON, METADATA, "run.json", AWAITED_FILE, PACKAGES_FILE}  # files in no folder
# Names that mean the same file on every system: neither ":" nor "\" of Windows, nothing that can't be seen.
PROGRAM = re.compile(r"practica_runner-[0-9.]+-py3-none-any\.whl")  # of whatever version made the report
PART = re.compile(r"[^\\/:*?\"<>|\x00-\x1f\x7f]{1,255}")
T = TypeVar("T")


def _inside(text: str) -> str:
    """A path of what a report attaches, seen from a build folder."""
    parts = text.split("/")
    if not all(PART.fullmatch(p) and p.isprintable() and not p.startswith(".") for p in parts):
        raise ValueError("no path of a file within a folder")
    if text not in ALONE and not PROGRAM.fullmatch(text) and (len(parts) == 1 or parts[0] not in FOLDERS):
        raise ValueError("not where a report's attachments belong")
    return text


class Strict(Record):
    """A record without conversions: a number is no text."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class ListedFile(Strict):
    """One attachment: its name in the PDF, its path in a build folder, its length and hash."""

    name: str
    path: Annotated[str, AfterValidator(_inside)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def parts(self) -> tuple[str, ...]:
        """The path, folder by folder."""
        return PurePosixPath(self.path).parts


class Manifest(Strict):
    """All attachments but the manifest itself and the map of evidence, and what the report was made with."""

    title: str
    profile: str
    made_with: dict[str, str]
    templates_sha256: str
    left_out: Annotated[int, Field(ge=0)]
    states_left_out: tuple[str, ...] = ()
    files: tuple[ListedFile, ...]


class Value(Strict):
    """One printed number of a claim."""

    field: str
    text: str
    value: Any


class ClaimRow(Strict):
    """One claim of the map of evidence."""

    number: str
    section: str
    variants: tuple[str, ...]
    metric: str
    test: str
    values: tuple[Value, ...]


_CLAIMS = TypeAdapter(tuple[ClaimRow, ...])


def read_manifest(content: bytes) -> Manifest:
    """The manifest; raises RunnerError, naming the field, for what is none."""
    return read_strictly(TypeAdapter(Manifest), content, MANIFEST)


def read_claims(content: bytes) -> tuple[ClaimRow, ...]:
    """The claims; raises RunnerError, naming the field, for what are none."""
    return read_strictly(_CLAIMS, content, EVIDENCE)


def read_strictly(form: TypeAdapter[T], content: bytes, where: str) -> T:
    """What the JSON of a file holds; raises RunnerError, naming file and field, if it is of another form."""
    try:
        return form.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise RunnerError(f"{field}: {first['msg']}" if field else first["msg"], where=where) from error
