"""The receipts of deliveries: what was sent to whom, with hashes, and what came of it.

An attempt is noted before it begins, so that one which never ended can be told from one that was refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationError
from pypdf import PdfReader

from runner.build_folder import Outputs
from runner.deliver.private_files import private
from runner.errors import InputError, RunnerError
from runner.files import Record, write_json
from runner.gate import read_bytes
from runner.language.i18n import tr
from runner.report.attachments import MANIFEST
from runner.report.summary import file_sha256

# "begun" is one whose end is not known: the program or the machine stopped in the middle.
Status = Literal["begun", "sent", "not sent", "unknown"]
FIRST_YEAR, LAST_YEAR = 1970, 9000
SENT_PERHAPS = frozenset({"begun", "sent", "unknown"})


def _representable(time: datetime) -> datetime:
    """A moment that can be told in every zone; raises ValueError for one at the ends of the calendar."""
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError("a time out of all reason")
    return time


class Attachment(Record):
    """One attached file."""

    name: str
    bytes: int
    sha256: str


class Receipt(Record):
    """One attempt to send. ``parcel`` is the hash of files and recipients; ``reply`` the server's last words.

    ``contents`` are the hashes of what the report itself carries, by path.
    """

    parcel: str
    status: Status
    time: Annotated[datetime, AfterValidator(_representable)]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    server: str
    reply: str
    files: tuple[Attachment, ...]
    contents: dict[str, str]


class Receipts(Record):
    """The whole file, oldest first."""

    schema_version: Literal[1] = 1
    attempts: tuple[Receipt, ...] = ()

    def last_sent(self) -> Receipt | None:
        """The last delivery that the server took."""
        return next((r for r in reversed(self.attempts) if r.status == "sent"), None)

    def before(self, parcel: str) -> Receipt | None:
        """The last attempt that delivered this parcel, or may have."""
        return next(
            (r for r in reversed(self.attempts) if r.parcel == parcel and r.status in SENT_PERHAPS), None
        )


@dataclass(frozen=True)
class Book:
    """The receipts of one build folder."""

    build_dir: Path
    outputs: Outputs

    @property
    def path(self) -> Path:
        """The file."""
        return self.build_dir / self.outputs.receipt

    @property
    def draft(self) -> Path:
        """Where the message lies, to be sent by hand or as it was sent."""
        return self.build_dir / self.outputs.draft

    def read(self) -> Receipts:
        """All receipts; raises InputError if the file is there and can't be read."""
        try:
            return Receipts.model_validate_json(read_bytes(self.path, self.build_dir))
        except FileNotFoundError:
            return Receipts()
        except (OSError, RunnerError, ValidationError) as error:
            words = error.what if isinstance(error, RunnerError) else str(error)
            first = (words.splitlines() or [""])[0]
            raise InputError(
                f"the receipts can't be read: {first}",
                where=str(self.path),
                hint="mend the file or move it away; without it nobody knows what was sent",
            ) from error

    def note(self, receipt: Receipt) -> None:
        """Add a receipt, or put it in place of the one of the same message."""
        kept = tuple(r for r in self.read().attempts if r.message_id != receipt.message_id)
        with private():
            write_json(self.path, Receipts(attempts=(*kept, receipt)))


def attachments(files: Iterable[Path]) -> tuple[Attachment, ...]:
    """Name, size and hash of each file."""
    return tuple(Attachment(name=f.name, bytes=f.stat().st_size, sha256=file_sha256(f)) for f in files)


def parcel_id(files: Iterable[Attachment], recipients: Iterable[str]) -> str:
    """Hash of what is sent and to whom; subject and text don't make another parcel."""
    content = [sorted(f.sha256 for f in files), sorted(address.lower() for address in recipients)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def contents(report: Path) -> dict[str, str]:
    """Hash of each file that the report's manifest lists, by path; empty if it has none."""
    try:
        attached = PdfReader(report).attachments.get(MANIFEST)
        listed = json.loads(attached[0])["files"] if attached else []
        found = [(entry["path"], entry["sha256"]) for entry in listed]
        return {path: sha256 for path, sha256 in found if isinstance(path, str) and isinstance(sha256, str)}
    except Exception:  # of a stranger's PDF: it may raise anything
        return {}


def changes(
    before: Receipt, files: Sequence[Attachment], inside: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[str, ...]:
    """What is not as it was in ``before``, in words; ``labels`` are what variants are called."""
    lines: list[str] = []
    old = {f.name: f.sha256 for f in before.files}
    for name, verb in _differences(old, {f.name: f.sha256 for f in files}):
        lines.append(f"{name}: {verb}")
    for variant, verb in _differences(_by_variant(before.contents), _by_variant(inside)):
        lines.append(tr("resultados de «{label}»: {verb}", label=labels.get(variant, variant), verb=verb))
    return tuple(lines) or (tr("ninguno en los ficheros adjuntos"),)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys((*new, *old)):
        if name not in old:
            yield name, tr("no estaba")
        elif name not in new:
            yield name, tr("ya no está")
        elif old[name] != new[name]:
            yield name, tr("ha cambiado")


def _by_variant(inside: Mapping[str, str]) -> dict[str, str]:
    """One hash for all the results of each variant."""
    parts: dict[str, list[str]] = {}
    for path, sha256 in sorted(inside.items()):
        folder, _, rest = path.partition("/")
        if folder == "results":
            parts.setdefault(rest.split("/")[0], []).append(path + sha256)
    return {variant: "".join(each) for variant, each in parts.items()}
