"""Which variants fit into a time budget, and in which order: those first that complete most answers a second.

An answer is complete when every variant of its question is there. A notebook waits for the variants named
in its ``after`` but does without those that are cut; a variant that chooses among others needs at least
two of each choice, and the report says which were missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from runner.plan.variants import Plan, Variant

Cost = Callable[[Variant, bool], float]  # seconds of a variant; True: with the whole machine
LEAST_CHOICE = 2


@dataclass(frozen=True)
class Packing:
    """The variants that fit, in order, when all of them will have ended, and the answers complete by then."""

    chosen: tuple[str, ...]
    seconds: float
    questions: tuple[int, ...]


@dataclass
class Packer:
    """Chooses among the ``waiting`` variants, given what is ``done`` and what runs (seconds left of each)."""

    plan: Plan
    waiting: Mapping[str, Variant]
    done: Collection[str]
    running: Mapping[str, float]
    cost: Cost
    jobs: int
    budget: float
    chosen: list[str] = field(default_factory=list)

    def pack(self) -> Packing:
        """Greedily, while it fits: what completes most answers for its seconds; then single variants."""
        while (bundle := self._best_bundle()) is not None:
            self._take(bundle)
        for variant in sorted(self.waiting.values(), key=lambda v: self.cost(v, False)):
            bundle = self._closure([variant.name])
            if variant.name not in self.chosen and bundle is not None and self._fits(bundle):
                self._take(bundle)
        return Packing(tuple(self.chosen), self._makespan(self.chosen), tuple(self._complete(self.chosen)))

    @cached_property
    def _members(self) -> dict[int, list[str]]:
        """The variants of each question."""
        questions = sorted({q for v in self.plan.variants for q in v.questions})
        return {q: [v.name for v in self.plan.variants if q in v.questions] for q in questions}

    def _take(self, bundle: Sequence[str]) -> None:
        self.chosen += [name for name in self._order(bundle) if name not in self.chosen]

    def _order(self, bundle: Iterable[str]) -> list[str]:
        """The baseline, then the longest first."""
        baseline = self.plan.baseline
        return sorted(bundle, key=lambda n: (n != baseline, -self.cost(self.waiting[n], False)))

    def _best_bundle(self) -> list[str] | None:
        """What completes the most further answers for its seconds, and fits; None if nothing does."""
        complete = len(self._complete(self.chosen))
        best, most = None, 0.0
        for members in self._members.values():
            missing = [n for n in members if not self._there(n, self.chosen)]
            bundle = self._fitting(missing) if missing else None
            if bundle:
                gain = len(self._complete([*self.chosen, *bundle])) - complete
                worth = gain / sum(self.cost(self.waiting[n], False) for n in bundle)
                if worth > most:
                    best, most = bundle, worth
        return best

    def _fitting(self, names: Sequence[str]) -> list[str] | None:
        """``names`` with all they can't do without, if it fits: with fewer to choose from if need be."""
        bundle = self._closure(names)
        while bundle is not None and not self._fits(bundle):
            spare = [name for name in bundle if name not in names and self._can_spare(name, bundle)]
            if not spare:
                return None
            costliest = max(spare, key=lambda n: self.cost(self.waiting[n], False))
            bundle = [name for name in bundle if name != costliest]
        return bundle

    def _closure(self, names: Sequence[str]) -> list[str] | None:
        """``names`` with what they need and choose from, less what is chosen; None if that can't be had."""
        found: dict[str, None] = {}
        left = [name for name in names if not self._there(name, self.chosen)]
        while left:
            name = left.pop()
            if name in found:
                continue
            if name not in self.waiting:
                return None
            found[name] = None
            variant = self.waiting[name]
            left += [n for n in variant.needs if not self._there(n, self.chosen)]
            choices = (n for entry in variant.choose for n in entry.among)
            left += [n for n in choices if n in self.waiting and n not in self.chosen]
        kept = list(found)
        short = any(self._short_of_choice(self.waiting[n], kept) for n in kept)
        return None if short else kept

    def _can_spare(self, name: str, bundle: Sequence[str]) -> bool:
        """Whether the bundle holds together without this variant."""
        rest = [other for other in bundle if other != name]
        if any(name in self.waiting[other].needs for other in rest):
            return False
        return not any(self._short_of_choice(self.waiting[other], rest) for other in rest)

    def _short_of_choice(self, variant: Variant, bundle: Sequence[str]) -> bool:
        """Whether a choice of the variant would have too few to choose from because of the budget."""
        there = [*self.chosen, *bundle]
        for entry in variant.choose:
            possible = [n for n in entry.among if self._there(n, self.waiting)]  # the others failed
            if sum(self._there(n, there) for n in possible) < min(LEAST_CHOICE, len(possible)):
                return True
        return False

    def _there(self, name: str, chosen: Collection[str]) -> bool:
        return name in self.done or name in self.running or name in chosen

    def _complete(self, chosen: Collection[str]) -> list[int]:
        """The questions all of whose variants would be there."""
        return [q for q, members in self._members.items() if all(self._there(n, chosen) for n in members)]

    def _fits(self, bundle: Sequence[str]) -> bool:
        return self._makespan([*self.chosen, *self._order(bundle)]) <= self.budget

    def _makespan(self, names: Sequence[str]) -> float:
        """When the last of them ends, if each starts as the schedule would start it."""
        return makespan([self.waiting[name] for name in names], self.running, self.cost, self.jobs)


def makespan(variants: Sequence[Variant], running: Mapping[str, float], cost: Cost, jobs: int) -> float:
    """Seconds until all of ``variants``, started in this order as far as they need not wait, have ended.

    What runs ``alone`` comes last, and it and whatever is the only one left to start get the whole machine.
    """
    ends = dict(running)
    waiting = sorted(variants, key=lambda v: v.alone)
    clock, alone = 0.0, False
    while waiting or ends:
        names = {v.name for v in waiting} | ends.keys()
        ready = [v for v in waiting if not names & {*v.needs, *v.after}]
        while ready and len(ends) < jobs and not alone:
            first = ready[0]
            if first.alone and ends:
                break
            whole = not ends and (first.alone or len(ready) == 1)
            ends[first.name] = clock + cost(first, whole)
            waiting.remove(ready.pop(0))
            alone = first.alone
        if not ends:
            return float("inf")  # they wait for each other
        name, clock = min(ends.items(), key=lambda item: item[1])
        del ends[name]
        alone = False
    return clock
