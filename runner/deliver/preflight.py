"""What is checked before a delivery: a list of small checks, all of them made, each with its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from runner.deliver.header_text import blanked
from runner.errors import RunnerError
from runner.gate import most_bytes
from runner.report.handin import MISSING
from runner.report.printing import conformance
from runner.report.summary import ReportSummary, read_summary

MEGABYTE = 1_000_000
BASE64_LINE, MAIL_LINE = 57, 78  # bytes in, and characters out with the line's end
REST = 8_000  # headers and text
SHOWN = 8  # faults of one kind
MOST_WORDS = 200  # characters of what a library says of a file


@dataclass(frozen=True)
class Parcel:
    """What is to be delivered. ``outdated`` is how it differs from what a rendering would give now.

    ``limit_bytes`` is the most that the whole message may have.
    """

    report: Path
    notebook: Path
    limit_bytes: int
    outdated: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """What is attached."""
        return self.report, self.notebook

    @property
    def message_bytes(self) -> int:
        """Size of the message: files in lines of base64, and ample room for the rest of it."""
        lines = sum(-(-path.stat().st_size // BASE64_LINE) for path in self.files)
        return lines * MAIL_LINE + REST

    @cached_property
    def summary(self) -> ReportSummary:
        """What the report says of itself; raises RunnerError if that can't be known."""
        return read_summary(self.report)

    @cached_property
    def content(self) -> NotebookNode:
        """The notebook; raises RunnerError if it can't be read."""
        if self.notebook.stat().st_size > most_bytes(self.notebook):
            raise RunnerError("is larger than any notebook of a practice", where=self.notebook.name)
        try:
            content = nbformat.read(self.notebook, as_version=4)
            nbformat.validate(content)
        except Exception as error:  # nbformat raises whatever the wrong types in it happen to raise
            reason = blanked(str(error))[:MOST_WORDS] or type(error).__name__
            hint = "run 'report' again"
            raise RunnerError(f"is no notebook: {reason}", where=self.notebook.name, hint=hint) from error
        return content


Faults = Iterator[str]


@dataclass(frozen=True)
class CheckResult:
    """How one check went: its name, what was found to be right, and what was not."""

    name: str
    right: str
    faults: tuple[str, ...]


def fresh(parcel: Parcel) -> Faults:
    """Report and notebook are what a rendering would give now."""
    for difference in parcel.outdated:
        yield f"{' and '.join(path.name for path in parcel.files)}: {difference}: run 'report' again"


def answered(parcel: Parcel) -> Faults:
    """Every question of the statement has an answer without a gap."""
    summary = parcel.summary
    missing = [number for number in summary.questions if number not in summary.answered]
    if missing:
        count = f"{len(summary.answered)} of {len(summary.questions)} questions answered"
        yield f"{count}; missing: {', '.join(map(str, missing))}: run 'all' to fill the gaps"
    elif not summary.questions:
        yield "the report answers no question"


def final(parcel: Parcel) -> Faults:
    """The report is no draft."""
    if parcel.summary.draft:
        yield f"a draft, of profile '{parcel.summary.profile}': run 'all --profile full'"


def signed(parcel: Parcel) -> Faults:
    """Names and course are on the cover."""
    if not any(name.strip() for name in parcel.summary.names):
        yield "no name on the cover: run 'report --name NAME', once for each author"
    if not parcel.summary.course.strip():
        yield "no course on the cover: run 'report --course COURSE'"


def conformant(parcel: Parcel) -> Faults:
    """The PDF conforms to PDF/A-3a and PDF/UA-1."""
    yield from conformance.check(parcel.report)


def executed(parcel: Parcel) -> Faults:
    """Every cell of the notebook was run, none failed, and no section is missing."""
    cells = parcel.content.cells
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    if not any(cell.outputs for cell in code):
        yield f"{parcel.notebook.name} has no outputs: run 'report' again"
        return
    for cell in cells:
        if str(cell.get("id", "")).endswith(MISSING):
            yield f"a section of {parcel.notebook.name} is missing: {' '.join(cell.source.split())}"
    for number, cell in enumerate(code, start=1):
        where = f"{parcel.notebook.name}, code cell {number} ({_first_line(cell.source)})"
        if cell.execution_count is None:
            yield f"{where} was not run"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{where} ended in {output.ename}: {output.evalue}"


def small_enough(parcel: Parcel) -> Faults:
    """The message is not larger than mail servers take."""
    if parcel.message_bytes > parcel.limit_bytes:
        files = ", ".join(f"{path.name} {megabytes(path.stat().st_size)}" for path in parcel.files)
        yield (
            f"the message has {megabytes(parcel.message_bytes)}, more than {megabytes(parcel.limit_bytes)} "
            f"({files}; attachments grow by a third in mail): make them smaller, or raise --limit-mb"
        )


CHECKS: tuple[tuple[str, str, Callable[[Parcel], Iterable[str]]], ...] = (
    ("fresh", "report and notebook show what is there now", fresh),
    ("answers", "every question answered", answered),
    ("final", "no draft", final),
    ("signed", "names and course on the cover", signed),
    ("conformance", "PDF/A-3a and PDF/UA-1", conformant),
    ("notebook", "every cell run, no error", executed),
    ("size", "within the limit", small_enough),
)


def inspect(parcel: Parcel) -> tuple[CheckResult, ...]:
    """Every check's result; what keeps a check from being made is a fault of it."""
    return tuple(CheckResult(name, right, _faults(check, parcel)) for name, right, check in CHECKS)


def _faults(check: Callable[[Parcel], Iterable[str]], parcel: Parcel) -> tuple[str, ...]:
    try:
        found = tuple(blanked(fault) for fault in check(parcel))  # they quote what is in the files
    except RunnerError as error:
        return (f"{error.where}: {error.what}" + (f": {error.hint}" if error.hint else ""),)
    except Exception as error:  # report and notebook may be a stranger's
        reason = blanked(f"{type(error).__name__}: {error}")[:MOST_WORDS]
        return (f"can't be checked, because something in the file is not as it should be ({reason})",)
    more = (f"... and {len(found) - SHOWN} more",) if len(found) > SHOWN else ()
    return found[:SHOWN] + more


def megabytes(size: int) -> str:
    """A size in bytes as millions of them."""
    return f"{size / MEGABYTE:.1f} MB"


def _first_line(source: str) -> str:
    line = source.strip().splitlines()[0]
    return line if len(line) <= 40 else f"{line[:39]}…"
