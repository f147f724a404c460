"""What the counts say, in sentences, and how shares are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.analysis.compare import seeds_needed
from tests.benchmarks.verdicts.draws import IMPROVEMENTS, OTHER_IMAGES, SAME_IMAGES, SEED_COUNTS, Design
from tests.benchmarks.verdicts.rates import OURS, Rate
from tests.benchmarks.verdicts.rules import METRICS

TARGET = 0.05  # of false differences
PAIRS = {OTHER_IMAGES: "other seeds", SAME_IMAGES: "twins"}
WORDS = {"accuracy": "accuracy", "cross_entropy": "loss"}
Key = tuple[str, Design, str, str, int]  # rule, design, split, metric, seeds


def follows(found: Mapping[Key, Rate]) -> list[str]:
    """What the counts say, a sentence or two each."""
    return [_one_seed(found), *_few_seeds(found), *_enough_seeds(found)]


def with_interval(rate: Rate) -> str:
    """The share of better or worse with its interval."""
    if rate.low is None or rate.high is None:
        return "-"
    return f"{percent(rate.share)} ({percent(rate.low)}..{percent(rate.high)})"


def percent(share: float | None) -> str:
    """A share in words."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _one_seed(found: Mapping[Key, Rate]) -> str:
    parts = []
    for design in (SAME_IMAGES, OTHER_IMAGES):
        rates = [found[OURS, design, "test", metric, 1] for metric in METRICS]
        shares = " and ".join(f"{percent(r.share)} in {WORDS[r.metric]}" for r in rates)
        parts.append(f"of {rates[0].draws} pairs of {PAIRS[design]} {shares}")
    return (
        f"With one seed the tests of the images call different, {'; '.join(parts)}. The two trained models "
        "may well differ; of the recipe every one of these is false. So a sentence with one seed must be "
        "about two trained models, and nothing else."
    )


def _few_seeds(found: Mapping[Key, Rate]) -> list[str]:
    lines = []
    for seeds in (each for each in SEED_COUNTS if 1 < each < seeds_needed(1)):
        rates = _of(found, seeds, (SAME_IMAGES, OTHER_IMAGES, *IMPROVEMENTS))
        if rates:
            called = sum(each.answers.get(way, 0) for each in rates for way in ("better", "worse"))
            lines.append(
                f"With {seeds} seeds the least p value of the sign-flip test is {2 / 2**seeds:g}, so that "
                f"it can call nothing: {called} of {sum(each.draws for each in rates):,} draws, of the same "
                "recipe and of better ones."
            )
    return lines


def _enough_seeds(found: Mapping[Key, Rate]) -> list[str]:
    lines = [f"A verdict on recipes takes {seeds_needed(1)} seeds if it stands alone, more beside others."]
    for seeds in (each for each in SEED_COUNTS if each >= seeds_needed(1)):
        rates = _of(found, seeds, (SAME_IMAGES, OTHER_IMAGES))
        if not rates:
            continue
        worst = max(rates, key=lambda each: each.share or 0.0)
        low = worst.low or 0.0
        within = "at most" if (worst.share or 0.0) <= TARGET else "more than"
        where = f"{PAIRS[worst.design]}, {WORDS[worst.metric]}"
        told = (
            f"With {seeds} seeds a difference of a recipe from itself is called in {within} {TARGET:.0%} of "
            f"the draws: {with_interval(worst)} where it is most often ({where})."
        )
        if within == "more than" and low <= TARGET:
            told += (
                f" The draws share trainings, so that this does not show that it is more than {TARGET:.0%}."
            )
        lines.append(told)
    return lines


def _of(found: Mapping[Key, Rate], seeds: int, designs: Iterable[Design]) -> list[Rate]:
    keys = [(OURS, design, "test", metric, seeds) for design in designs for metric in METRICS]
    return [found[key] for key in keys if key in found]
