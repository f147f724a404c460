"""What a report came to, beside it as ``report.json``: what a delivery is checked against."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from runner.build_folder import SUMMARY_FILE
from runner.errors import RunnerError
from runner.files import Record, write_json
from runner.gate import read_bytes
from runner.results.study import Study

if TYPE_CHECKING:
    from runner.report.html import Document, Section

GAP = 'class="notice missing"'  # a notice in place of a variant's results


class ReportSummary(Record):
    """``pdf_sha256`` is of the PDF that this belongs to.

    ``questions`` are those of the statement, ``answered`` those without a gap in their answer.
    """

    pdf_sha256: str
    title: str
    profile: str
    draft: bool
    names: tuple[str, ...]
    course: str
    group: str
    date: str
    questions: tuple[int, ...]
    answered: tuple[int, ...]


def write_summary(document: Document, study: Study, report: Path, target: Path) -> None:
    """Write what the PDF ``report`` came to into ``target``, whole or not at all."""
    planned = {number for variant in study.variants for number in variant.questions}
    written = {s.number: s for s in document.sections if s.number is not None}
    author = study.author
    summary = ReportSummary(
        pdf_sha256=file_sha256(report),
        title=study.title,
        profile=study.profile,
        draft=study.draft,
        names=author.names,
        course=author.course,
        group=author.group,
        date=author.date,
        questions=tuple(sorted(planned | written.keys())),
        answered=tuple(sorted(number for number, section in written.items() if _whole(section))),
    )
    write_json(target, summary)


def read_summary(report: Path) -> ReportSummary:
    """The summary of the PDF ``report``; raises RunnerError if it is missing or of another PDF."""
    path = report.with_name(SUMMARY_FILE)
    try:
        summary = ReportSummary.model_validate_json(read_bytes(path))
        same = summary.pdf_sha256 == file_sha256(report)
    except (OSError, ValidationError):
        raise RunnerError("cannot be read", where=path.name, hint="render the report again") from None
    if not same:
        raise RunnerError(
            f"does not belong to this {report.name}", where=path.name, hint="render the report again"
        )
    return summary


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def _whole(section: Section) -> bool:
    return section.complete and GAP not in section.body
