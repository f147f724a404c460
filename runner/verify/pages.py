"""Makes a report again from its attachments, and compares claims, words and pictures with the original."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Any

from pypdf import PageObject

from runner.analysis.loading import load_study
from runner.plan.variants import Plan
from runner.report.attachments import EVIDENCE, TABLE
from runner.report.render import render
from runner.verify.parcel import Parcel, open_report

CONTEXT = 4  # words shown before a difference
USED = re.compile(rb"/(?P<object>\S+)\s+Do\b|/(?P<font>\S+)\s+(?=[\d.]+\s+Tf\b)")


@dataclass(frozen=True)
class Again:
    """The report made again, with what was attached to it."""

    parcel: Parcel

    @cached_property
    def claims(self) -> Mapping[str, Any]:
        """Claims by number."""
        return _claims(self.parcel)


def make_again(plan: Plan, folder: Path, templates: Path) -> Again:
    """The report of what was unpacked in ``folder``."""
    return Again(open_report(render(load_study(plan, folder), plan, folder, templates)))


def check_claims(parcel: Parcel, again: Again) -> tuple[str, ...]:
    """Claims of the attached map of evidence that are not what the results give."""
    return tuple(_claim_faults(_claims(parcel), again.claims))


def check_table(parcel: Parcel, again: Again) -> tuple[str, ...]:
    """Lines of the attached table that are not what the results give."""
    theirs, ours = (
        each.attached.get(TABLE, b"").decode(errors="replace").splitlines() for each in (parcel, again.parcel)
    )
    wrong = (
        f"{TABLE}, line {n}: {a!r}, recomputed {b!r}"
        for n, (a, b) in enumerate(zip(theirs, ours, strict=False), 1)
        if a != b
    )
    lines = () if len(theirs) == len(ours) else (f"{TABLE}: {len(theirs)} lines, recomputed {len(ours)}",)
    return (*lines, *wrong)


def check_pages(parcel: Parcel, again: Again) -> tuple[str, ...]:
    """Where the words of the pages differ from those of the report made again."""
    faults: list[str] = []
    theirs, ours = parcel.pages, again.parcel.pages
    if len(theirs) != len(ours):
        faults.append(f"{len(theirs)} pages, made again {len(ours)}")
    for number, (page, other) in enumerate(zip(theirs, ours, strict=False), start=1):
        if page != other:
            faults += (f"page {number}: {fault}" for fault in word_differences(page, other))
    return tuple(faults)


def word_differences(text: str, right: str) -> Iterator[str]:
    """Each place where the words of ``text`` are not those of ``right``."""
    words, others = text.split(), right.split()
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            before = " ".join(words[max(0, start - CONTEXT) : start])
            found, wanted = " ".join(words[start:end]), " ".join(others[other_start:other_end])
            yield f"after '{before}' it says '{found}', the results give '{wanted}'"


def check_pictures(parcel: Parcel, again: Again) -> tuple[str, ...]:
    """Pages whose drawings or pictures are not those of the report made again."""
    pairs = zip(parcel.reader.pages, again.parcel.reader.pages, strict=False)
    return tuple(
        f"page {number}: drawn otherwise (curves, bars or pictures)"
        for number, (page, other) in enumerate(pairs, start=1)
        if _drawing(page) != _drawing(other)
    )


def _drawing(page: PageObject) -> str:
    """Hash of the page's instructions and of all that they draw, whatever it is called.

    Names of pictures and fonts follow from the paths of their files, which are others here.
    """
    contents = page.get_contents()
    return _drawn(contents.get_data() if contents is not None else b"", page.get("/Resources"))


def _drawn(instructions: bytes, resources: Any) -> str:
    """Hash of instructions, with the names of what they use replaced by what it is."""
    resources = resources.get_object() if resources is not None else {}
    objects = resources.get("/XObject", {})
    objects = objects.get_object() if objects else {}

    def content(found: re.Match[bytes]) -> bytes:
        if found["font"]:
            return b"font"
        name = "/" + found["object"].decode("latin-1")
        return _content_of(objects[name].get_object()).encode() if name in objects else found[0]

    return hashlib.sha256(USED.sub(content, instructions)).hexdigest()


def _content_of(drawn: Any) -> str:
    """Hash of a picture, with its mask, or of a form with all that it draws."""
    if drawn.get("/Subtype") != "/Image":
        return _drawn(drawn.get_data(), drawn.get("/Resources"))
    digest = hashlib.sha256(drawn._data)
    if "/SMask" in drawn:
        digest.update(drawn["/SMask"].get_object()._data)
    return digest.hexdigest()


def _claims(parcel: Parcel) -> Mapping[str, Any]:
    try:
        found = json.loads(parcel.attached.get(EVIDENCE, b"[]"))
        return {str(claim["number"]): claim for claim in found}
    except (ValueError, KeyError, TypeError):
        return {}


def _claim_faults(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    for number in [*ours, *(n for n in theirs if n not in ours)]:
        found, right = theirs.get(number), ours.get(number)
        if found != right:
            yield f"claim {number}: {_described(found)}; recomputed: {_described(right)}"


def _described(claim: Any) -> str:
    if not isinstance(claim, dict):
        return "absent"
    values = claim.get("values", [])
    shown = ", ".join(
        f"{v.get('field', '')} {v.get('text', '')}".strip() for v in values if isinstance(v, dict)
    )
    return f"{claim.get('metric')} of {claim.get('variants')}: {shown}"
