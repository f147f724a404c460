"""Which variants the report shows one by one: all, or of a large group the best and the worst.

Nobody reads a table of thousands of rows, and a PDF with the files of thousands of variants opens nowhere:
the others are counted, and are in the table that is attached as ``results.csv``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.plan.records import origin
from runner.results.study import Study, VariantInfo

MOST_IN_GROUP = 100  # of which each has its row
BEST, WORST = 20, 5


@dataclass(frozen=True)
class Selection:
    """Names shown, and how many planned variants of large groups are not; ``unfinished`` of those."""

    names: frozenset[str]
    left_out: int
    unfinished: int

    def __contains__(self, name: str) -> bool:
        """Whether a variant has its row; a repetition has it where the first run has."""
        return origin(name) in self.names


def select(study: Study) -> Selection:
    """The selection of a study; the same results give the same one."""
    groups: dict[str, list[VariantInfo]] = {}
    for variant in study.variants:
        if not variant.repeats:
            groups.setdefault(variant.group, []).append(variant)
    names = frozenset(name for group in groups.values() for name in _shown(study, group))
    others = [v.name for group in groups.values() for v in group if v.name not in names]
    return Selection(names, len(others), sum(not study.has(name) for name in others))


def _shown(study: Study, group: Sequence[VariantInfo]) -> Iterator[str]:
    """All of a small group; of a large one the ends of its ranking by validation accuracy."""
    if len(group) <= MOST_IN_GROUP:
        yield from (variant.name for variant in group)
        return
    ranked = sorted((v.name for v in group if study.has(v.name)), key=lambda name: _rank(study, name))
    yield from ranked[:BEST]
    yield from ranked[BEST:][-WORST:]


def _rank(study: Study, name: str) -> tuple[float, str]:
    """The best first; notebooks that train nothing stay in the order of their names."""
    training = study.get(name).result.training
    return (-training.evaluation.validation.accuracy if training else 0.0, name)
