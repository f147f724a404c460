"""Opens a report: its pages' text and its attachments, checked against their manifest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from runner.errors import InputError, RunnerError
from runner.packages import made_with
from runner.report.attachments import EVIDENCE, MANIFEST, templates_digest


@dataclass(frozen=True)
class Parcel:
    """A report and what is attached to it, by name."""

    path: Path
    reader: PdfReader
    attached: Mapping[str, bytes]

    @cached_property
    def pages(self) -> tuple[str, ...]:
        """The text of each page, with single blanks."""
        return tuple(" ".join(page.extract_text().split()) for page in self.reader.pages)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What the manifest says; empty if it is missing or no JSON object."""
        try:
            content = json.loads(self.attached.get(MANIFEST, b""))
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def listed(self) -> tuple[Mapping[str, str], ...]:
        """The manifest's files: name, path and sha256 of each."""
        files = self.manifest.get("files", [])
        wanted = ("name", "path", "sha256")
        fine = (f for f in files if isinstance(f, dict) and all(isinstance(f.get(k), str) for k in wanted))
        return tuple(fine)

    @property
    def left_out(self) -> int:
        """How many variants, of very many, the report only counts, without their files."""
        count = self.manifest.get("left_out", 0)
        return count if isinstance(count, int) else 0

    def made_otherwise(self, templates: Path) -> Iterator[str]:
        """How this program differs from the one that made the report: pages may differ for that reason."""
        here, there = made_with(), self.manifest.get("made_with", {})
        for name in sorted({*here, *there}):
            if here.get(name) != there.get(name):
                yield f"the report was made with {name} {there.get(name)}, here is {here.get(name)}"
        if self.manifest.get("templates_sha256") != templates_digest(templates):
            yield "the report was made with other templates than those here"


def open_report(path: Path) -> Parcel:
    """The report at ``path``; raises InputError for what is no PDF."""
    if not path.is_file():
        raise InputError("no such file", where=str(path), hint="run 'all' first, or name the PDF")
    try:
        reader = PdfReader(path)
        attached = {name: b"".join(parts[:1]) for name, parts in reader.attachments.items()}
        reader.pages[0]
    except (PyPdfError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(f"not a readable PDF: {error}", where=str(path)) from error
    return Parcel(path, reader, attached)


def check_attachments(parcel: Parcel) -> tuple[str, ...]:
    """What is missing, altered or not listed; and whether the text prints the manifest's hash."""
    if not parcel.listed:
        return (f"{MANIFEST}: missing or unreadable: the report can't be checked",)
    return tuple(_faults(parcel))


def _faults(parcel: Parcel) -> Iterator[str]:
    known = {MANIFEST, EVIDENCE}
    for file in parcel.listed:
        known.add(file["name"])
        content = parcel.attached.get(file["name"])
        if content is None:
            yield f"{file['name']}: missing"
        elif (found := hashlib.sha256(content).hexdigest()) != file["sha256"]:
            said = file["sha256"]
            yield f"{file['name']}: altered (SHA-256 {found[:12]}..., the manifest says {said[:12]}...)"
    for name in sorted(parcel.attached.keys() - known):
        yield f"{name}: not in the manifest"
    if EVIDENCE not in parcel.attached:
        yield f"{EVIDENCE}: missing"
    if hashlib.sha256(parcel.attached[MANIFEST]).hexdigest() not in _letters("".join(parcel.pages)):
        yield f"{MANIFEST}: its SHA-256 is not the one that the report prints"


def _letters(text: str) -> str:
    """The text without blanks: hashes are broken over lines."""
    return re.sub(r"\s", "", text)


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write the listed files where they belong under ``folder``; raises RunnerError for a path outside."""
    for file in parcel.listed:
        path = PurePosixPath(file["path"])
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise RunnerError(f"path outside the folder: {file['path']}", where=MANIFEST)
        if file["name"] in parcel.attached:
            target = folder.joinpath(*path.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(parcel.attached[file["name"]])
