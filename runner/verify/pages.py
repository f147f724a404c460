"""Makes a report again from its attachments, and compares claims, tables and words with the original."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from runner import limits
from runner.analysis.loading import load_study
from runner.errors import RunnerError
from runner.plan.variants import Plan
from runner.report.attachments import EVIDENCE, TABLE
from runner.report.render import render
from runner.verify import file_form, objects
from runner.verify.parcel import Parcel, open_report
from runner.verify.records import ClaimRow, read_claims

CONTEXT = 4  # words shown before a difference


def make_again(plan: Plan, folder: Path, templates: Path) -> Parcel:
    """The report of what was unpacked in ``folder``."""
    return open_report(render(load_study(plan, folder), plan, folder, templates))


def check_claims(parcel: Parcel, again: Parcel) -> tuple[str, ...]:
    """Claims of the attached map of evidence that are not what the results give."""
    try:
        return tuple(_claim_faults(claims_of(parcel), claims_of(again)))
    except RunnerError as error:
        return (str(error),)


def claims_of(parcel: Parcel) -> Mapping[str, ClaimRow]:
    """Claims by number; raises RunnerError if the map of evidence is none."""
    return {claim.number: claim for claim in read_claims(parcel.attached.get(EVIDENCE, b"[]"))}


def check_table(parcel: Parcel, again: Parcel) -> tuple[str, ...]:
    """Lines of the attached table that are not what the results give."""
    theirs, ours = (
        each.attached.get(TABLE, b"").decode(errors="replace").splitlines() for each in (parcel, again)
    )
    wrong = (
        f"{TABLE}, line {n}: {a!r}, recomputed {b!r}"
        for n, (a, b) in enumerate(zip(theirs, ours, strict=False), 1)
        if a != b
    )
    lines = () if len(theirs) == len(ours) else (f"{TABLE}: {len(theirs)} lines, recomputed {len(ours)}",)
    return (*lines, *wrong)


def check_pages(parcel: Parcel, again: Parcel) -> tuple[str, ...]:
    """Where the words of the pages differ from those of the report made again."""
    if parcel.content == again.content:
        return ()
    try:
        theirs, ours = parcel.pages, again.pages
    except RunnerError as error:
        return (f"can't be read: {error}",)
    faults: list[str] = []
    if len(theirs) != len(ours):
        faults.append(f"{len(theirs)} pages, made again {len(ours)}")
    for number, (page, other) in enumerate(zip(theirs, ours, strict=False), start=1):
        if page != other:
            faults += (f"page {number}: {fault}" for fault in word_differences(page, other))
    return tuple(faults)


def word_differences(text: str, right: str) -> Iterator[str]:
    """Each place where the words of ``text`` are not those of ``right``."""
    words, others = text.split(), right.split()
    if len(words) > limits.PAGE_WORDS:
        yield f"it has {len(words)} words, the results give {len(others)}"
        return
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            before = " ".join(words[max(0, start - CONTEXT) : start])
            found, wanted = " ".join(words[start:end]), " ".join(others[other_start:other_end])
            yield f"after '{before}' it says '{found}', the results give '{wanted}'"


def check_objects(parcel: Parcel, again: Parcel) -> tuple[str, ...]:
    """What else of the file is not that of the report made again: whatever a viewer shows or does."""
    if parcel.content == again.content:
        return ()
    return (*file_form.faults(parcel.content), *objects.differences(parcel.reader, again.reader))


def _claim_faults(theirs: Mapping[str, ClaimRow], ours: Mapping[str, ClaimRow]) -> Iterator[str]:
    for number in [*ours, *(n for n in theirs if n not in ours)]:
        found, right = theirs.get(number), ours.get(number)
        if found != right:
            yield f"claim {number}: {_described(found)}; recomputed: {_described(right)}"


def _described(claim: ClaimRow | None) -> str:
    if claim is None:
        return "absent"
    shown = ", ".join(f"{v.field} {v.text}".strip() for v in claim.values)
    return f"{claim.metric} of {', '.join(claim.variants)}: {shown}"
