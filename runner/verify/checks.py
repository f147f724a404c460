"""The comparisons of ``verify``, one after the other, in a process of their own that can do no harm.

What the report brings is read by strict records, and none of it is run: the only code of others is that of
the practice whose templates whoever verifies gave.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter

from runner.build_folder import AWAITED_FILE, EXPERIMENTS, PLAN_FOLDER, RUN_FILE
from runner.commands.request import Note, Request, open_plan
from runner.errors import FULL, LIMITS, InputError, RunnerError
from runner.plan.variants import TEMPLATES, templates_of
from runner.results.awaited import Awaited
from runner.verify import pages, results
from runner.verify.origin import refuse_foreign
from runner.verify.parcel import Parcel, check_attachments, open_report, understood, unpack
from runner.verify.records import read_strictly
from runner.verify.signatures import check_signatures

VERSIONS = "versions"
SIGNATURE = "signature"
SHOWN = 20  # faults of one kind


@dataclass(frozen=True)
class Check:
    """One kind of comparison: how it went in a line, and what doesn't agree.

    ``open`` is what could not be compared, since this program is not as the one that made the report;
    what is ``told`` is no fault, and worth knowing.
    """

    name: str
    agrees: str
    faults: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    told: bool = False


def prepare() -> None:
    """What libraries say of a file that they read is no news: it is somebody else's text."""
    logging.lastResort = None


def checks(pdf: Path, plan_path: Path, trusted: tuple[bytes, ...] = ()) -> Iterator[Check]:
    """The comparisons; those that can't be made are faults themselves.

    ``trusted`` are the certificates, in DER, of those whose word on a signer's name is taken. Raises
    InputError if ``pdf`` is no report of this program, or its practice another than that of ``plan_path``.
    """
    templates = templates_of(plan_path)
    yield from checks_of(open_ours(pdf, templates), templates, trusted=trusted)


def open_ours(pdf: Path, templates: Path) -> Parcel:
    """The report, of the practice whose templates are given; raises InputError for anything else."""
    parcel = open_report(pdf)
    refuse_foreign(parcel)
    refuse_other_practice(parcel, templates)
    return parcel


def checks_of(
    parcel: Parcel, templates: Path, rendered: bool = True, trusted: tuple[bytes, ...] = ()
) -> Iterator[Check]:
    """The comparisons of an open report; without ``rendered`` only those of its records, not of its pages."""
    with TemporaryDirectory(prefix="verify-") as folder:
        try:
            if parcel.signed:
                yield _signatures(parcel, trusted)
            yield from _checks(parcel, Path(folder).resolve(), templates, rendered)
        except OSError as error:
            if error.errno in FULL | LIMITS:  # of this machine: that says nothing of the report
                raise
            yield _not_again(error)
        except RunnerError as error:
            yield _not_again(error)
        except (MemoryError, GeneratorExit):
            raise
        except Exception as error:  # a record that fits its form may still be of a kind nobody thought of
            yield _not_again(RunnerError(f"{type(error).__name__}: {error}"))


def refuse_other_practice(parcel: Parcel, templates: Path) -> None:
    """Raise InputError where templates are given to a report made without its own, or the reverse."""
    attached = parcel.attached.get(f"{PLAN_FOLDER}--{EXPERIMENTS}", b"")
    with suppress(ValueError, RecursionError):  # what can't be read is a fault found later
        own = "templates" in tomllib.loads(attached.decode())
        if own != (templates != TEMPLATES):
            hint = "verify it with --plan and the experiments file of its practice"
            raise InputError("made with the templates of another practice", where="report", hint=hint)


def _signatures(parcel: Parcel, trusted: tuple[bytes, ...]) -> Check:
    try:
        with understood("the signature"):
            found = check_signatures(parcel.signed, trusted)
    except RunnerError as error:
        return Check(SIGNATURE, "", (f"can't be read: {error}",))
    return Check(SIGNATURE, found.agrees, found.faults, found.open)


def _not_again(error: Exception) -> Check:
    return Check("report", "", (f"can't be made again from the attachments: {error}",))


def _checks(parcel: Parcel, folder: Path, templates: Path, rendered: bool) -> Iterator[Check]:
    faults = check_attachments(parcel)
    if faults and not _is_readable(parcel):
        yield Check("attachments", "", faults)
        return
    listed = parcel.manifest.files
    yield Check("attachments", f"{len(listed)} files, each with the hash of the manifest", faults)
    others = tuple(parcel.made_otherwise(templates))
    yield Check(VERSIONS, "libraries, program and templates as those that made it", open=others)
    if parcel.manifest.left_out:
        what = f"{parcel.manifest.left_out} variants are only counted in it: their files are not attached, so"
        yield Check("report", "", (f"{what} that it can't be made again; only those attached are checked",))
    unpack(parcel, folder)
    check_notes(folder)
    attached = folder / PLAN_FOLDER / EXPERIMENTS
    plan = open_plan(Request(build_dir=folder, plan_path=attached, templates=templates))
    notebooks = results.check_notebooks(plan, folder)
    yield Check("notebooks", "executed notebooks agree with records and sources", notebooks)
    metrics = results.check_metrics(plan, folder)
    yield Check("metrics", "recomputed from predictions, and as notebooks print them", metrics)
    chains = results.check_chains(plan, folder)
    there = results.read_chains(plan, folder)
    yield Check("chains", there.agrees, chains)
    if there.lacking:
        yield Check("states", there.lacking, told=True)
    if rendered and not parcel.manifest.left_out:
        yield from _compared(parcel, pages.make_again(plan, folder, templates), bool(others))


def _compared(parcel: Parcel, again: Parcel, made_otherwise: bool) -> Iterator[Check]:
    """What the report made again shows; ``made_otherwise`` if its pages may be others for that reason."""
    claims = pages.check_claims(parcel, again)
    yield Check("claims", f"{len(pages.claims_of(again))} claims recomputed", claims)
    yield Check("tables", "results.csv recomputed", pages.check_table(parcel, again))
    words, rest = pages.check_pages(parcel, again), pages.check_objects(parcel, again)
    same = "fonts, pictures, drawings, links, outline, structure, metadata: the same"
    found = {
        "pages": (f"{len(again.reader.pages)} pages, the same word for word", words),
        "objects": (same, rest),
    }
    for name, (agrees, differing) in found.items():
        if made_otherwise:
            yield Check(name, agrees, open=differing)
        else:
            yield Check(name, agrees, differing)


def check_notes(folder: Path) -> None:
    """Raise RunnerError, naming the field, for what the program notes of a run, and this is no note of.

    Where it is the user's own, such a file is told of, and counts as far as it can be read.
    """
    forms: dict[str, TypeAdapter[Any]] = {
        RUN_FILE: TypeAdapter(Note),
        AWAITED_FILE: TypeAdapter(dict[str, Awaited]),
    }
    for name, form in forms.items():
        path = folder / name
        if path.is_file():
            read_strictly(form, path.read_bytes(), name)


def _is_readable(parcel: Parcel) -> bool:
    """Whether there is a manifest to go by."""
    try:
        return bool(parcel.manifest)
    except RunnerError:
        return False
