"""Opens a report: its pages' text and its attachments, checked against their manifest."""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pypdf import PdfReader

from runner import limits
from runner.errors import InputError, RunnerError
from runner.gate import read_given
from runner.packages import made_with
from runner.report.attachments import EVIDENCE, MANIFEST, templates_digest
from runner.verify.records import Manifest, read_manifest
from runner.verify.signatures import document_of


@dataclass(frozen=True)
class Parcel:
    """A report, its bytes, and its attachments by name; ``twice`` are names that several files have.

    ``signed`` is the whole file where signatures were added to it, and empty where there are none.
    """

    path: Path
    content: bytes
    reader: PdfReader
    attached: Mapping[str, bytes]
    twice: tuple[str, ...] = ()
    signed: bytes = b""

    @cached_property
    def pages(self) -> tuple[str, ...]:
        """The text of each page, with single blanks; raises RunnerError for a page that can't be read."""
        return tuple(self._text(number) for number in range(len(self.reader.pages)))

    def _text(self, number: int) -> str:
        with understood(f"page {number + 1}"):
            return " ".join(self.reader.pages[number].extract_text().split())
        raise AssertionError  # what is not understood is raised

    @cached_property
    def manifest(self) -> Manifest:
        """What the manifest says; raises RunnerError if it is missing or none."""
        if MANIFEST not in self.attached:
            raise RunnerError("missing", where=MANIFEST)
        return read_manifest(self.attached[MANIFEST])

    def made_otherwise(self, templates: Path) -> Iterator[str]:
        """How this program differs from the one that made the report: pages may differ for that reason."""
        here, there = made_with(), self.manifest.made_with
        for name in sorted({*here, *there}):
            if here.get(name) != there.get(name):
                yield f"it was made with {name} {there.get(name)}, here is {here.get(name)}"
        if self.manifest.templates_sha256 != templates_digest(templates):
            yield "it was made with other templates than those here"


def open_report(path: Path) -> Parcel:
    """The report at ``path``; raises InputError for what is no PDF that a report could be."""
    if not path.is_file():
        raise InputError("no such file", where=str(path), hint="run 'all' first, or name the PDF")
    attached: dict[str, bytes] = {}
    names: Counter[str] = Counter()
    try:
        whole = read_given(path)
        content = document_of(whole)
        with understood("PDF"):
            reader = PdfReader(io.BytesIO(content), strict=True)
            if reader.is_encrypted and not reader.decrypt(""):
                raise RunnerError("it is encrypted: save it without a password first")
            _refuse_many_objects(reader)
            total = 0
            for each in reader.attachment_list:
                names[each.name] += 1
                if names.total() > limits.ATTACHMENTS:
                    raise RunnerError(f"it has more than {limits.ATTACHMENTS} attachments")
                total += len(attached.setdefault(each.name, each.content))
                if total > limits.ATTACHED_BYTES:
                    raise RunnerError(
                        f"its attachments hold more than {limits.ATTACHED_BYTES // limits.MIB} MiB"
                    )
            if not len(reader.pages):
                raise RunnerError("it has no pages")
    except RunnerError as error:
        raise InputError(f"not a readable PDF: {error}", where=str(path)) from error
    twice = tuple(name for name, count in names.items() if count > 1)
    return Parcel(path, content, reader, attached, twice, b"" if whole == content else whole)


def _refuse_many_objects(reader: PdfReader) -> None:
    objects = sum(map(len, reader.xref.values())) + len(reader.xref_objStm)
    if objects > limits.OBJECTS:
        raise RunnerError(f"it has {objects} objects: the limit is {limits.OBJECTS}")


@contextmanager
def understood(where: str) -> Iterator[None]:
    """Raise what a damaged PDF leads to as RunnerError: its reader raises whatever its code comes upon."""
    try:
        yield
    except (RunnerError, MemoryError):
        raise
    except Exception as error:
        said = str(error).splitlines()
        raise RunnerError(said[0] if said else type(error).__name__, where=where) from error


def check_attachments(parcel: Parcel) -> tuple[str, ...]:
    """What is missing, altered or not listed; and whether the text prints the manifest's hash."""
    try:
        return tuple(_faults(parcel))
    except RunnerError as error:
        return (f"{error}: the report can't be checked",)


def _faults(parcel: Parcel) -> Iterator[str]:
    known = {MANIFEST, EVIDENCE}
    for file in parcel.manifest.files:
        known.add(file.name)
        content = parcel.attached.get(file.name)
        if content is None:
            yield f"{file.name}: missing"
        elif (found := hashlib.sha256(content).hexdigest()) != file.sha256:
            yield f"{file.name}: altered (SHA-256 {found[:12]}..., the manifest says {file.sha256[:12]}...)"
    for name in sorted(parcel.attached.keys() - known):
        yield f"{name}: not in the manifest"
    for name in parcel.twice:
        yield f"{name}: several attachments have this name"
    if EVIDENCE not in parcel.attached:
        yield f"{EVIDENCE}: missing"
    if hashlib.sha256(parcel.attached[MANIFEST]).hexdigest() not in _letters("".join(parcel.pages)):
        yield f"{MANIFEST}: its SHA-256 is not the one that the report prints"


def _letters(text: str) -> str:
    """The text without blanks: hashes are broken over lines."""
    return re.sub(r"\s", "", text)


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write the listed files where they belong under ``folder``.

    Raises RunnerError for a path that is no plain one of a report's attachments.
    """
    for file in parcel.manifest.files:
        if file.name in parcel.attached:
            target = folder.joinpath(*file.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(parcel.attached[file.name])
