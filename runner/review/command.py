"""``verify`` of a folder: all the reports below it, and which of them share more than they may."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from runner.commands.foreign_code import say_whose_code
from runner.commands.request import say
from runner.errors import InputError
from runner.files import write_text
from runner.language import i18n
from runner.limits import REPORTS
from runner.machine.capacity import usable_cores
from runner.plain_text import plain
from runner.plan.variants import DEFAULT_PLAN, templates_of
from runner.review.alike import findings, groups
from runner.review.class_page import write_page
from runner.review.class_table import class_csv, is_good, last_line, pairs_csv, show
from runner.review.examine import Examined, Examiner
from runner.review.findings import Finding

SUFFIX = ".pdf"
CLASS_TABLE, PAIRS_TABLE, PAGE = "class.csv", "pairs.csv", "class.pdf"
RECORDS_ONLY = "'records agree' is no 'verified': pages were not made again; --render does that"


def review(
    folder: Path, plan_path: Path = DEFAULT_PLAN, rendered: bool = False, output: Path | None = None,
    locale: str | None = None,
) -> int:  # fmt: skip
    """Check every PDF below the folder, compare all pairs, print a table and write it as CSV and PDF.

    They go into ``output``, beside the folder if None. 0 if nothing is wrong with any report and no pair is
    suspicious, else 1. Raises InputError for a folder without PDF files, or with more than are compared.
    """
    i18n.use(locale or i18n.current())
    output = output or beside(folder)
    files = reports_in(folder, output)
    if rendered and plan_path != DEFAULT_PLAN:
        say_whose_code(plan_path, templates_of(plan_path), notebooks=False)
    class_ = examined(folder, files, Examiner(plan_path, rendered))
    found = findings([each.hand_in for each in class_ if each.hand_in is not None])
    explained = groups(found)
    show(class_, found, explained)
    output.mkdir(parents=True, exist_ok=True)
    write_text(output / CLASS_TABLE, class_csv(class_))
    write_text(output / PAIRS_TABLE, pairs_csv(found))
    write_page(output / PAGE, class_, found, explained, rendered)
    print(plain(f"{last_line(class_, found)}; written to {output}: {CLASS_TABLE}, {PAIRS_TABLE}, {PAGE}"))
    if not rendered:
        print(RECORDS_ONLY)
    return 0 if _all_well(class_, found) else 1


def beside(folder: Path) -> Path:
    """Where the results of a folder are written unless told otherwise: not among the reports."""
    whole = folder.resolve()
    return whole.with_name(f"{whole.name or 'class'}-review")


def reports_in(folder: Path, output: Path) -> list[Path]:
    """The PDF files below the folder, in order, without those in ``output``; links are not followed.

    Raises InputError if there are none, or more than are compared.
    """
    if not folder.is_dir():
        raise InputError("no such folder", where=str(folder))
    found = sorted(_pdf_files(folder, output.resolve()))
    if not found:
        hint = "give the folder that the hand-ins are in, at whatever depth"
        raise InputError(f"no {SUFFIX} file below this folder", where=str(folder), hint=hint)
    if len(found) > REPORTS:
        hint = "give one class's folder at a time"
        raise InputError(f"{len(found)} PDF files, more than {REPORTS}", where=str(folder), hint=hint)
    return found


def _pdf_files(folder: Path, output: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for place, _, names in os.walk(folder, onerror=refuse):
        if Path(place).resolve() == output:
            continue
        for name in names:
            path = Path(place) / name
            if path.suffix.lower() == SUFFIX and path.is_file() and not path.is_symlink():
                yield path


def examined(folder: Path, files: Sequence[Path], examiner: Examiner) -> list[Examined]:
    """Each file, one on each core at a time; news of each as it comes."""
    found: dict[Path, Examined] = {}
    with ThreadPoolExecutor(max_workers=max(1, usable_cores())) as pool:
        waiting = {
            pool.submit(examiner.examined, path, path.relative_to(folder).as_posix()): path for path in files
        }
        try:
            for done in as_completed(waiting):
                each = found[waiting[done]] = done.result()
                say(plain(f"{len(found)} of {len(files)}: {each.file}: {each.outcome}"))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            examiner.end()
            raise
    return [found[path] for path in files]


def _all_well(class_: Sequence[Examined], found: Sequence[Finding]) -> bool:
    return all(is_good(each.outcome) for each in class_) and all(each.kind == "explained" for each in found)
