"""Which reports of a class share more than independent trainings do.

What is identical to the last digit is looked up by its hash, under whatever names. No two trainings start at
the same microsecond, or take the same seconds for every epoch: that is one record in two reports. The same
predictions or curves come of the same seed and settings on a machine of the same kind, and prove nothing
then; where those differ, they are suspicious. ``likeness`` has what is alike and not identical.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from runner.review.findings import Finding, Shared, What
from runner.review.likeness import alike
from runner.review.records import PARAMETER, HandIn, Run

DIGITS = 6  # a time with fewer was rounded, and two trainings may share it
Pairs = dict[tuple[int, int], list[Shared]]


class Owner(NamedTuple):
    """A run, and which of the reports it is of."""

    report: int
    run: Run


def findings(class_: Sequence[HandIn]) -> tuple[Finding, ...]:
    """The pairs of reports that share something, the gravest first."""
    pairs: Pairs = defaultdict(list)
    for first, second in _same_files(class_):
        pairs[first, second].append(Shared("file"))
    for what, owners in _identical(class_):
        for pair, shared in _shared(what, owners):
            pairs[pair].append(shared)
    for pair, shared in _with_other_predictions(class_, pairs):
        pairs[pair].append(shared)
    for (first, second), shared in alike([hand_in.runs for hand_in in class_]):
        pairs[first, second].append(shared)
    found = (
        Finding(class_[first].file, class_[second].file, tuple(shared))
        for (first, second), shared in sorted(pairs.items())
        if shared
    )
    return tuple(sorted(found, key=lambda each: ("copied", "suspicious", "explained").index(each.kind)))


def groups(found: Sequence[Finding]) -> tuple[tuple[str, ...], ...]:
    """The files that share what their seed and settings explain, put together; each is in one group."""
    together: dict[str, set[str]] = {}
    for each in found:
        if each.kind == "explained":
            joined = together.get(each.first, {each.first}) | together.get(each.second, {each.second})
            together |= dict.fromkeys(joined, joined)
    return tuple(dict.fromkeys(tuple(sorted(group)) for group in together.values()))


def _same_files(class_: Sequence[HandIn]) -> Iterator[tuple[int, int]]:
    known: dict[str, list[int]] = defaultdict(list)
    for number, hand_in in enumerate(class_):
        known[hand_in.sha256].append(number)
    for numbers in known.values():
        yield from combinations(numbers, 2)


def _identical(class_: Sequence[HandIn]) -> Iterator[tuple[What, list[Owner]]]:
    """Runs of several reports with an identical part."""
    known: dict[tuple[What, Hashable], list[Owner]] = defaultdict(list)
    for number, hand_in in enumerate(class_):
        for run in hand_in.runs.values():
            for key in _keys(run):
                known[key].append(Owner(number, run))
    for (what, _), owners in known.items():
        if len({owner.report for owner in owners}) > 1:
            yield what, owners


def _keys(run: Run) -> Iterator[tuple[What, Hashable]]:
    """What of a run another may have as well; the same run of the same report gives each once."""
    yield from (("times", moment) for moment in _unique_moments(run))
    if run.history:
        yield "history", run.history
    if "test" in run.predictions:
        yield "test predictions", run.predictions["test"]
    if "validation" in run.predictions:
        yield "validation predictions", run.predictions["validation"]


def _unique_moments(run: Run) -> Iterator[Hashable]:
    """Its start, and the seconds of its epochs, as far as they are told to the last digit."""
    if not run.moments:
        return
    start, *seconds = run.moments
    if "." in start:
        yield start
    if len(seconds) > 1 and any(len(each.strip("0.")) >= DIGITS for each in seconds[1:]):
        yield tuple(seconds[1:])


def _shared(what: What, owners: Sequence[Owner]) -> Iterator[tuple[tuple[int, int], Shared]]:
    """One for each pair of reports and each name, though a run may be shared under several."""
    seen: set[tuple[int, int, str]] = set()
    for first, second in combinations(owners, 2):
        pair = first.report, second.report
        if first.report == second.report or (*pair, first.run.variant) in seen:
            continue
        best = _likeliest(first, [each for each in owners if each.report == second.report])
        seen.add((*pair, first.run.variant))
        differs = _differing(first.run, best) if what != "times" else ()
        yield pair, Shared(what, first.run.variant, best.variant, differs)


def _likeliest(first: Owner, others: Sequence[Owner]) -> Run:
    """Of the other report's runs, the one whose settings explain most: a best model repeats another's."""
    return min((each.run for each in others), key=lambda run: len(_differing(first.run, run)))


def _differing(first: Run, second: Run) -> tuple[str, ...]:
    """The settings that digits hang on and that both have unlike."""
    ours, theirs = first.decisive, second.decisive
    names = dict.fromkeys([*ours, *theirs])
    return tuple(name.removeprefix(PARAMETER) for name in names if ours.get(name) != theirs.get(name))


def _with_other_predictions(
    class_: Sequence[HandIn], pairs: Mapping[tuple[int, int], Sequence[Shared]]
) -> Iterator[tuple[tuple[int, int], Shared]]:
    """The same curves with other predictions: one training has both, so one of the two was altered."""
    for (first, second), shared in list(pairs.items()):
        equal = {each.first for each in shared if each.what == "test predictions"}
        for each in shared:
            if each.what != "history" or each.first in equal:
                continue
            ours, theirs = class_[first].runs[each.first], class_[second].runs[each.second]
            if ours.cases == theirs.cases and "test" in ours.predictions and "test" in theirs.predictions:
                yield (first, second), Shared("unequal predictions", each.first, each.second)
