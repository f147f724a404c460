"""The ``compare`` command: what changed from one report to another, on one page of the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.plain_text import plain
from runner.plan.variants import DEFAULT_PLAN
from runner.review.changes import Cause, Changes, Flip, Moved, changes
from runner.review.examine import Examiner
from runner.review.findings import named

SHOWN = 8  # lines of one kind: with all kinds, one page
LONGEST = 40  # characters of a setting's value
DIGITS = 4


def compare(old: Path, new: Path, plan_path: Path = DEFAULT_PLAN) -> int:
    """Print what changed in claims, results, and what they come from; 0, whatever changed.

    Neither report is verified by it. Raises InputError for what is no report of the practice of
    ``plan_path``.
    """
    examiner = Examiner(plan_path, rendered=False)
    before, after = (examiner.hand_in(each, str(each)) for each in (old, new))
    for line in lines(changes(before, after)):
        print(plain(line))
    print(plain(f"compared as they say: 'verify' tells whether {old} and {new} are consistent"))
    return 0


def lines(found: Changes) -> Iterator[str]:
    """The changes in words, the weightiest first."""
    yield from _part("verdicts that flipped", [_flip(found, each) for each in found.flips])
    yield from _part("numbers outside of the interval that they had", [_moved(found, m) for m in found.moved])
    yield from _part("what they come from", [_cause(each) for each in found.causes])
    yield from _part("results that are gone", found.gone)
    yield from _part("results that are new", found.added)
    yield from _part("of the report", found.questions)
    yield from _part("other numbers, without an interval or within it", found.others)
    yield f"{found.same} numbers are the same, {len(found.others)} others"
    if found.retrained and not any(each.variants for each in found.causes):
        yield f"trained again with the same settings: {named(found.retrained)}"


def _part(title: str, said: Sequence[str]) -> Iterator[str]:
    if said:
        yield f"{title}: {len(said)}"
        yield from (f"  {each}" for each in said[:SHOWN])
        if len(said) > SHOWN:
            yield f"  ... and {len(said) - SHOWN} more"


def _flip(found: Changes, flip: Flip) -> str:
    return f"{flip.claim}: {flip.old}, now {flip.new}{_because(found, flip.claim.variants)}"


def _moved(found: Changes, moved: Moved) -> str:
    old, low, high, new = (f"{each:.{DIGITS}g}" for each in (moved.old, moved.low, moved.high, moved.new))
    return f"{moved.what}: {old} [{low}, {high}], now {new}{_because(found, moved.variants)}"


def _because(found: Changes, variants: Sequence[str]) -> str:
    causes = found.causes_of(variants)
    if causes:
        return f" ({named(causes)})"
    again = [name for name in variants if name in found.retrained]
    return " (trained again, nothing that is recorded differs)" if again else ""


def _cause(cause: Cause) -> str:
    of = f", of {len(cause.variants)}: {named(cause.variants)}" if cause.variants else ""
    if min(len(cause.old), len(cause.new)) > LONGEST:  # hashes
        return f"{cause.setting}: another{of}"
    return f"{cause.setting}: {_short(cause.old)}, now {_short(cause.new)}{of}"


def _short(value: str) -> str:
    return f"{value[:LONGEST]}..." if len(value) > LONGEST else value or "none"
