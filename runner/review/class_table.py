"""A class's reports as rows, for the terminal and as CSV: foreign text in it obeys nobody."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from runner.plain_text import plain
from runner.review.examine import Examined, Outcome
from runner.review.findings import Finding
from runner.review.records import SEED, HandIn

COLUMNS = (
    "file", "names", "check", "questions", "accuracy", "low", "high", "seeds", "precision", "machine", "date",
    "faults",
)  # fmt: skip
PAIR_COLUMNS = ("first", "second", "judgement", "shared")
FORMULAS = ("=", "+", "-", "@")  # how a cell begins that a spreadsheet would work out
SHORT = 60  # characters of a name on the terminal
WIDE = 160  # characters of a line where nobody sees the terminal
MACHINE = 36  # characters of a machine's name on the terminal
FAULTS = 3  # of one report on the terminal
PAIRS = 40  # on the terminal; the files have all


def row(examined: Examined) -> dict[str, str]:
    """One report, by column; empty where nothing is known. ``accuracy`` is a share, with its interval."""
    hand_in = examined.hand_in or HandIn(examined.file, "")
    answered = "{} of {}".format(*hand_in.questions) if hand_in.questions else ""
    accuracy = hand_in.accuracy
    shares = (
        [f"{each:.4f}" for each in (accuracy.value, accuracy.low, accuracy.high)] if accuracy else [""] * 3
    )
    cells = (
        examined.file,
        "; ".join(hand_in.names),
        examined.outcome,
        answered,
        *shares,
        "; ".join(hand_in.used(SEED)),
        "; ".join(hand_in.used("precision")),
        _machines(hand_in),
        hand_in.finished,
        "; ".join(examined.faults),
    )
    return dict(zip(COLUMNS, map(plain, cells), strict=True))


def _machines(hand_in: HandIn) -> str:
    """Processors, and the numbers of threads that trainings had."""
    threads = ", ".join(hand_in.used("threads"))
    return "; ".join((*hand_in.used("processor"), *([f"threads: {threads}"] if threads else [])))


def class_csv(class_: Sequence[Examined]) -> str:
    """The reports, a line each."""
    return _csv(COLUMNS, (row(each).values() for each in class_))


def pairs_csv(found: Sequence[Finding]) -> str:
    """The pairs of reports that share something, a line each."""
    rows = ((each.first, each.second, each.kind, "; ".join(each.lines)) for each in found)
    return _csv(PAIR_COLUMNS, rows)


def _csv(head: Sequence[str], rows: Iterator[Sequence[str]] | Iterator[object]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    for each in rows:
        writer.writerow([harmless(plain(cell)) for cell in each])  # type: ignore[attr-defined]
    return buffer.getvalue()


def harmless(cell: str) -> str:
    """The cell, marked as text if a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def show(class_: Sequence[Examined], found: Sequence[Finding], groups: Sequence[Sequence[str]]) -> None:
    """Print the table, what is wrong with which report, and what reports share."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    table = Table()
    table.add_column("file", overflow="fold")
    for column in ("check", "questions", "test accuracy", "seeds", "precision"):
        table.add_column(column, overflow="fold", no_wrap=column != "seeds")
    table.add_column("machine", overflow="ellipsis", no_wrap=True, max_width=MACHINE)
    table.add_column("date", no_wrap=True)
    for examined in class_:
        cells = row(examined)
        accuracy = "{accuracy} [{low}, {high}]".format(**cells) if cells["accuracy"] else ""
        values = cells | {"accuracy": accuracy}
        order = ("check", "questions", "accuracy", "seeds", "precision", "machine", "date")
        table.add_row(_short(cells["file"]), *(values[name] for name in order))
    console.print(table)
    for line in (*_faults(class_), *_pairs(found), *_groups(groups)):
        console.print(plain(line), soft_wrap=True)


def _faults(class_: Sequence[Examined]) -> Iterator[str]:
    for each in class_:
        if each.outcome in ("not read", "not verified"):
            more = f"; and {len(each.faults) - FAULTS} more" if len(each.faults) > FAULTS else ""
            yield f"{each.file}: {each.outcome.upper()}: {'; '.join(each.faults[:FAULTS])}{more}"


def _pairs(found: Sequence[Finding]) -> Iterator[str]:
    grave = [each for each in found if each.kind != "explained"]
    for each in grave[:PAIRS]:
        yield f"{each.kind.upper()}: {each.first} and {each.second}: {'; '.join(each.lines)}"
    if len(grave) > PAIRS:
        yield f"... and {len(grave) - PAIRS} more pairs"


def _groups(groups: Sequence[Sequence[str]]) -> Iterator[str]:
    for files in groups:
        yield (
            f"the same results, explained by the same seed, settings and kind of machine: {', '.join(files)}"
            "; a copy of the numbers alone would look like this, too"
        )


def last_line(class_: Sequence[Examined], found: Sequence[Finding]) -> str:
    """How many reports came out how, and how many pairs are to be looked at."""
    outcomes = Counter(each.outcome for each in class_)
    pairs = Counter(each.kind for each in found if each.kind != "explained")
    said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    shared = ", ".join(f"{count} {kind}" for kind, count in pairs.items()) or "none suspicious"
    return f"{len(class_)} reports: {said}; pairs: {shared}"


def is_good(outcome: Outcome) -> bool:
    """Whether a check found nothing wrong, and all that it was to look at."""
    return outcome in ("verified", "records agree")


def _short(name: str) -> str:
    return name if len(name) <= SHORT else f"...{name[3 - SHORT :]}"
