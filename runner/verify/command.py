"""The ``verify`` command: works a report out again from what is attached to it, and compares.

Nothing but the PDF is read, and this program's own code and templates: not the build folder that the
report was made in. No TensorFlow is needed.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.commands.request import Request, load_plan
from runner.errors import InputError, RunnerError
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, templates_of
from runner.report.attachments import EXPERIMENTS, PLAN_FOLDER
from runner.verify import pages as verify_pages
from runner.verify import results
from runner.verify.parcel import Parcel, check_attachments, open_report, unpack

SHOWN = 20  # faults of one kind


@dataclass(frozen=True)
class Check:
    """One kind of comparison: how it went in a line, and what doesn't agree."""

    name: str
    agrees: str
    faults: tuple[str, ...]


def verify(pdf: Path, plan_path: Path = DEFAULT_PLAN) -> int:
    """Compare the report with its attachments and print what agrees; 0 if all does, else 1.

    The templates are those of ``plan_path``, as the report does not bring its own. Raises InputError if
    ``pdf`` is no PDF, or its practice another.
    """
    parcel, templates = open_report(pdf), templates_of(plan_path)
    refuse_other_practice(parcel, templates)
    failed = False
    with TemporaryDirectory(prefix="verify-") as folder:
        for check in _checks(parcel, Path(folder).resolve(), templates):
            _show(check)
            failed = failed or bool(check.faults)
    print(f"NOT VERIFIED: {pdf}" if failed else f"verified: all of {pdf} follows from what is attached to it")
    return 1 if failed else 0


def refuse_other_practice(parcel: Parcel, templates: Path) -> None:
    """Raise InputError where templates are given to a report made without its own, or the reverse."""
    attached = parcel.attached.get(f"{PLAN_FOLDER}--{EXPERIMENTS}", b"")
    with suppress(ValueError):  # what can't be read is a fault found later
        own = "templates" in tomllib.loads(attached.decode())
        if own != (templates != TEMPLATES):
            hint = "verify it with --plan and the experiments file of its practice"
            raise InputError("made with the templates of another practice", where="report", hint=hint)


def _checks(parcel: Parcel, folder: Path, templates: Path) -> Iterator[Check]:
    """The comparisons one after the other; those that can't be made are faults themselves."""
    faults = check_attachments(parcel)
    yield Check("attachments", f"{len(parcel.listed)} files, each with the hash of the manifest", faults)
    for difference in parcel.made_otherwise(templates):
        print(f"note: {difference}", file=sys.stderr)
    if parcel.left_out:
        what = f"{parcel.left_out} variants are only counted in it: their files are not attached, so that it"
        yield Check("report", "", (f"{what} can't be made again; only those attached are checked",))
    try:
        unpack(parcel, folder)
        attached = folder / PLAN_FOLDER / EXPERIMENTS
        plan = load_plan(Request(build_dir=folder, plan_path=attached, templates=templates))
        notebooks, trainings = results.check_notebooks(plan, folder), results.check_metrics
        yield Check("notebooks", "executed notebooks agree with records and sources", notebooks)
        yield Check(
            "metrics", "recomputed from predictions, and as notebooks print them", trainings(plan, folder)
        )
        if parcel.left_out:
            return
        made = verify_pages.make_again(plan, folder, templates)
    except (RunnerError, OSError) as error:
        yield Check("report", "", (f"can't be made again from the attachments: {error}",))
        return
    claims = verify_pages.check_claims(parcel, made)
    yield Check("claims", f"{len(made.claims)} claims recomputed", claims)
    yield Check("tables", "results.csv recomputed", verify_pages.check_table(parcel, made))
    pages = verify_pages.check_pages(parcel, made)
    yield Check("pages", f"{len(parcel.pages)} pages, the same word for word", pages)
    pictures = verify_pages.check_pictures(parcel, made)
    yield Check("pictures", "the same pictures and drawings", pictures)


def _show(check: Check) -> None:
    """One line if all agrees, else one for each fault."""
    if not check.faults:
        print(f"{check.name:<12} ok: {check.agrees}")
        return
    print(
        f"{check.name:<12} {len(check.faults)} FAULTS" if len(check.faults) > 1 else f"{check.name:<12} FAULT"
    )
    for fault in _first(check.faults):
        print(f"  {fault}")


def _first(faults: Iterable[str]) -> Iterator[str]:
    faults = tuple(faults)
    yield from faults[:SHOWN]
    if len(faults) > SHOWN:
        yield f"... and {len(faults) - SHOWN} more"
