"""What changed from one report to another: its claims, and what these come from. Words don't count.

Pure functions of two records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from runner.analysis.spread import ALPHA
from runner.review.records import PARAMETER, HandIn, Run
from runner.verify.records import ClaimRow

Verdict = Literal["higher", "lower", "no difference shown"]
Claims = Mapping[tuple[str, ...], "Claim"]
COMPARISONS = (
    "compare(",
    "compare_seeds(",
)  # how their metric begins: a difference with p value and interval
INTERVALS = {"difference": ("low", "high"), "value": ("low", "high")}
OUTSIDE = {"p_value", "p_adjusted", "low", "high"}  # fields that are no claims of their own
LIST = 4  # names that are shown


@dataclass(frozen=True)
class Claim:
    """All values that a report prints of one thing, by field, wherever it does."""

    variants: tuple[str, ...]
    metric: str
    values: Mapping[str, str]

    def number(self, field: str) -> float | None:
        """The value as a number; None if it is none."""
        try:
            return float(self.values[field])
        except (KeyError, ValueError):
            return None

    @property
    def verdict(self) -> Verdict | None:
        """What a comparison shows, as the report's own verdicts do; None for what compares nothing."""
        difference, p = self.number("difference"), self.number("p_adjusted")
        low, high = self.number("low"), self.number("high")
        if not self.metric.startswith(COMPARISONS) or difference is None:
            return None
        if p is None and (low is None or high is None):
            return None
        uncertain = p is not None and p >= ALPHA
        around = low is not None and high is not None and low <= 0 <= high
        return "no difference shown" if uncertain or around else "higher" if difference > 0 else "lower"

    def __str__(self) -> str:
        return f"{self.metric} of {', '.join(self.variants)}"


@dataclass(frozen=True)
class Flip:
    """A comparison whose verdict is another."""

    claim: Claim
    old: Verdict
    new: Verdict


@dataclass(frozen=True)
class Moved:
    """A number outside of the interval that it had: ``low`` to ``high``."""

    what: str
    old: float
    low: float
    high: float
    new: float
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Cause:
    """A setting that is another, and the variants that it is another for."""

    setting: str
    old: str
    new: str
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What one report says unlike an earlier one. ``same`` and ``others`` count printed numbers."""

    flips: tuple[Flip, ...]
    moved: tuple[Moved, ...]
    gone: tuple[str, ...]
    added: tuple[str, ...]
    causes: tuple[Cause, ...]
    questions: tuple[str, ...]
    same: int
    others: tuple[str, ...]
    retrained: tuple[str, ...]

    def causes_of(self, variants: Iterable[str]) -> tuple[str, ...]:
        """The settings that are others for some of the variants."""
        named = set(variants)
        return tuple(dict.fromkeys(each.setting for each in self.causes if named.intersection(each.variants)))


def changes(old: HandIn, new: HandIn) -> Changes:
    """What changed in claims, results and what they come from."""
    before, after = claims_of(old.claims), claims_of(new.claims)
    both = [(before[key], after[key]) for key in before if key in after]
    names = [name for name in old.runs if name in new.runs]
    values = [pair for each in both for pair in _values(*each)]
    return Changes(
        flips=tuple(_flips(both)),
        moved=(*_accuracies(old, new, names), *_moved(both)),
        gone=tuple(name for name in old.runs if name not in new.runs),
        added=tuple(name for name in new.runs if name not in old.runs),
        causes=(*_causes(old, new, names), *_made_with(old, new)),
        questions=tuple(_questions(old, new)),
        same=sum(was == now for _, was, now in values),
        others=tuple(what for what, was, now in values if was != now),
        retrained=tuple(n for n in names if old.runs[n].moments[:1] != new.runs[n].moments[:1]),
    )


def claims_of(rows: Iterable[ClaimRow]) -> Claims:
    """The claims by variants and metric: what is said in several sections is one."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        values = found.setdefault((row.metric, *row.variants), {})
        values |= {value.field: str(value.value) for value in row.values}
    return {key: Claim(key[1:], key[0], values) for key, values in found.items()}


def _values(old: Claim, new: Claim) -> Iterator[tuple[str, str, str]]:
    """Each value that both have: what it is, as it was and as it is."""
    for field, was in old.values.items():
        if field in new.values and field not in OUTSIDE:
            yield f"{old}{' ' if field else ''}{field}", was, new.values[field]


def _flips(both: Iterable[tuple[Claim, Claim]]) -> Iterator[Flip]:
    for was, now in both:
        if was.verdict is not None and now.verdict is not None and was.verdict != now.verdict:
            yield Flip(now, was.verdict, now.verdict)


def _accuracies(old: HandIn, new: HandIn, names: Iterable[str]) -> Iterator[Moved]:
    """Accuracies outside of the 95 % interval that they had, by the records themselves."""
    for name in names:
        for split, hits in old.runs[name].hits.items():
            now = new.runs[name].hits.get(split)
            if now is not None:
                was, value = hits.interval, now.interval.value
                if not was.low <= value <= was.high:
                    yield Moved(f"{split} accuracy of {name}", was.value, was.low, was.high, value, (name,))


def _moved(both: Iterable[tuple[Claim, Claim]]) -> Iterator[Moved]:
    """Values of claims outside of the interval that the old report printed for them."""
    for was, now in both:
        if was.metric.startswith("accuracy_interval("):
            continue  # by the records
        for field, limits in INTERVALS.items():
            value, before = now.number(field), was.number(field)
            low, high = (was.number(limit) for limit in limits)
            if value is None or before is None or low is None or high is None:
                continue
            is_of_field = field == "difference" or "difference" not in was.values
            if is_of_field and not low <= value <= high:
                yield Moved(str(was), before, low, high, value, was.variants)


def _causes(old: HandIn, new: HandIn, names: Iterable[str]) -> Iterator[Cause]:
    """Settings that are others, each with the variants that changed in the same way."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in names:
        for change in _differing(old.runs[name], new.runs[name]):
            found.setdefault(change, []).append(name)
    for (setting, was, now), variants in found.items():
        yield Cause(setting.removeprefix(PARAMETER), was, now, tuple(variants))


def _differing(old: Run, new: Run) -> Iterator[tuple[str, str, str]]:
    for setting in dict.fromkeys([*old.settings, *new.settings]):
        was, now = old.settings.get(setting, ""), new.settings.get(setting, "")
        if was != now:
            yield setting, was, now


def _made_with(old: HandIn, new: HandIn) -> Iterator[Cause]:
    """Versions that the reports were made with: they alter pages and tests, and no training."""
    for name in dict.fromkeys([*old.made_with, *new.made_with]):
        was, now = old.made_with.get(name, ""), new.made_with.get(name, "")
        if was != now:
            yield Cause(f"{name} (of the report)", was, now, ())


def _questions(old: HandIn, new: HandIn) -> Iterator[str]:
    if old.questions != new.questions and old.questions and new.questions:
        yield "{} of {} questions answered".format(*old.questions) + ", now {} of {}".format(*new.questions)
    for what in ("title", "profile", "names"):
        was, now = getattr(old, what), getattr(new, what)
        if was != now:
            yield f"{what}: {_text(was)}, now {_text(now)}"


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "none"
