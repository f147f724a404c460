"""docs/verdicts.md, from the records and the counts that are kept, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from runner import PROJECT_ROOT
from runner.analysis.compare import seeds_needed
from runner.analysis.over_seeds import OverSeeds, over_seeds
from tests.benchmarks.verdicts.draws import (
    AGAINST_BASELINE,
    DRAWS,
    IMPROVEMENTS,
    OTHER_IMAGES,
    SAME_IMAGES,
    SEED_COUNTS,
    Design,
)
from tests.benchmarks.verdicts.rates import OURS, Rate, Rates, common, fingerprint, kept, read_rates
from tests.benchmarks.verdicts.records import KEPT, RECIPES, Kept
from tests.benchmarks.verdicts.rules import DOMINANCE, METRICS, OTHERS, SURE
from tests.benchmarks.verdicts.words import PAIRS, WORDS, Key, follows, percent, with_interval

PAGE = PROJECT_ROOT / "docs" / "verdicts.md"
TEMPLATE = Path(__file__).parent / "page.md"
SIZES = (0.5, 1.0, 2.0)  # points of accuracy
COMPARISONS = (1, 2, 3, 5, 10, 20)
SPLITS = ("test", "validation")


def write_page(folder: Path = KEPT, page: Path = PAGE) -> Path:
    """Write the page from what is kept in ``folder``; its path.

    Raises ValueError if the counts are of other records.
    """
    there, rates = kept(folder), read_rates(folder)
    if rates.trainings != fingerprint(folder, list(there)):
        raise ValueError(f"{folder}: the rates are of other trainings; count them again")
    page.write_text(text(there, rates), encoding="utf-8")
    return page


def text(there: Mapping[str, Kept], rates: Rates) -> str:
    """The page."""
    found = {(each.rule, each.design, each.split, each.metric, each.seeds): each for each in rates.rates}
    records = [each.measured for each in there.values()]
    return TEMPLATE.read_text(encoding="utf-8").format(
        trained=_trained(there),
        test_images=records[0].test_images,
        most_draws=DRAWS,
        follows="\n".join(f"- {each}" for each in follows(found)),
        same="\n".join(_same_rows(found)),
        better="\n".join(_better_rows(found, there)),
        sizes=" | ".join(f"{each:+g} points" for each in SIZES),
        size_rule="--:|" * len(SIZES),
        power="\n".join(_power_rows(found, there)),
        sure=SURE,
        dominance=DOMINANCE,
        better_heads=" | ".join(f"`{each.recipe}`" for each in AGAINST_BASELINE),
        better_rule="--:|" * len(AGAINST_BASELINE),
        beside="\n".join(_beside_rows(found, there)),
        comparisons=" | ".join(map(str, COMPARISONS)),
        comparison_rule="--:|" * len(COMPARISONS),
        needed=" | ".join(str(seeds_needed(each)) for each in COMPARISONS),
        machines="\n".join(_machines(there)),
    )


def differences(design: Design, there: Mapping[str, Kept], metric: str, split: str = "test") -> OverSeeds:
    """Recipe minus reference within each seed that both have: points of accuracy, or nats."""
    name, scale = f"{split}_{metric}", 100 if metric == "accuracy" else 1

    def value(recipe: str, number: int) -> float:
        return scale * float(getattr(there[f"{recipe}-{number + 1}"].measured, name))

    numbers = common(design, there)
    return over_seeds([value(design.recipe, each) - value(design.reference, each) for each in numbers])


def _trained(there: Mapping[str, Kept]) -> str:
    """What was trained, and how far the recipes are apart."""
    one = next(iter(there.values())).measured
    counts = {recipe: sum(each.training.recipe == recipe for each in there.values()) for recipe in RECIPES}
    several = ", ".join(f"{n} of `{recipe}`{_change(recipe, there)}" for recipe, n in counts.items() if n)
    spread = over_seeds([100 * each.measured.test_accuracy for each in there.values() if _plain(each)])
    filters = ", ".join(map(str, one.filters))
    return (
        f"{len(there)} trainings at quick size: {one.epochs} epochs, and of CIFAR-10 {one.train_images:,} "
        f"images, with {filters} filters,\nwhere nothing else is said. {several}.\n"
        "Their seeds decide images, batches and first weights; a `twin` has images and batches of its seed "
        f"and other first\nweights. The baseline is right on {spread.mean:.2f} % of the test images, with a "
        f"standard deviation\nover seeds of {spread.std or 0:.2f} points."
    )


def _plain(each: Kept) -> bool:
    return each.training.recipe == OTHER_IMAGES.recipe


def _change(recipe: str, there: Mapping[str, Kept]) -> str:
    """What it has more of, in brackets; nothing for the baseline and its twins."""
    if not RECIPES[recipe]:
        return ""
    one = next(each.measured for each in there.values() if each.training.recipe == recipe)
    if "filters" in RECIPES[recipe]:
        return f" (filters {', '.join(map(str, one.filters))})"
    return f" ({one.train_images:,} images)"


def _same_rows(found: Mapping[Key, Rate]) -> list[str]:
    rows = []
    for design in (SAME_IMAGES, OTHER_IMAGES):
        for split in SPLITS:
            for metric in METRICS:
                for seeds in SEED_COUNTS:
                    rate = found.get((OURS, design, split, metric, seeds))
                    if rate is not None:
                        rows.append(
                            _row(PAIRS[design], seeds, WORDS[metric], split, rate.draws, *_told(rate))
                        )
    return rows


def _told(rate: Rate) -> tuple[str, ...]:
    rest = [percent(rate.of(answer)) for answer in ("equivalent", "few", "undecided")]
    return with_interval(rate), *rest


def _better_rows(found: Mapping[Key, Rate], there: Mapping[str, Kept]) -> list[str]:
    rows = []
    for design in IMPROVEMENTS:
        for metric in METRICS:
            for seeds in SEED_COUNTS:
                rate = found.get((OURS, design, "test", metric, seeds))
                if rate is not None:
                    true = differences(design, there, metric)
                    right, wrong = _ways(true, metric)
                    form = "+.2f" if metric == "accuracy" else "+.3f"
                    shown = f"{true.mean:{form}} ({true.low:{form}}..{true.high:{form}})"
                    rows.append(
                        _row(
                            f"`{design.recipe}`",
                            f"`{design.reference}`",
                            shown,
                            WORDS[metric],
                            seeds,
                            rate.draws,
                            percent(rate.of(right)),
                            percent(rate.of(wrong)),
                            percent(rate.of("equivalent")),
                        )
                    )
    return rows


def _ways(true: OverSeeds, metric: str) -> tuple[str, str]:
    """The answer that the true difference asks for, and the other one."""
    gained = (true.mean > 0) == (metric == "accuracy")
    return ("better", "worse") if gained else ("worse", "better")


def _power_rows(found: Mapping[Key, Rate], there: Mapping[str, Kept]) -> list[str]:
    rows = []
    for seeds in SEED_COUNTS:
        points = power_points(found, there, seeds)
        if points:
            sizes, shares = zip(*points, strict=True)
            cells = [
                percent(float(np.interp(size, sizes, shares))) if size <= sizes[-1] else "beyond"
                for size in SIZES
            ]
            rows.append(_row(seeds, *cells))
    return rows


def power_points(
    found: Mapping[Key, Rate], there: Mapping[str, Kept], seeds: int
) -> list[tuple[float, float]]:
    """Size of the true difference of accuracy and how often it is shown, in order of size."""
    points = []
    for design in (SAME_IMAGES, *IMPROVEMENTS):
        rate = found.get((OURS, design, "test", "accuracy", seeds))
        if rate is None:
            continue
        if design == SAME_IMAGES:  # half of what is called there has either sign
            points.append((0.0, (rate.share or 0.0) / 2))
        else:
            true = differences(design, there, "accuracy")
            points.append((abs(true.mean), rate.of(_ways(true, "accuracy")[0]) or 0.0))
    return sorted(points)


def _beside_rows(found: Mapping[Key, Rate], there: Mapping[str, Kept]) -> list[str]:
    rows = []
    asked = {(rule, seeds) for rule, *_, seeds in found}
    for rule in (OURS, *OTHERS):
        for seeds in (each for each in SEED_COUNTS if (rule, each) in asked):
            same = [
                found.get((rule, design, "test", metric, seeds))
                for design in (SAME_IMAGES, OTHER_IMAGES)
                for metric in METRICS
            ]
            gained = []
            for design in AGAINST_BASELINE:
                rate = found.get((rule, design, "test", "accuracy", seeds))
                right = _ways(differences(design, there, "accuracy"), "accuracy")[0]
                gained.append(_cell(rate, rate.of(right) if rate else None))
            rows.append(
                _row(rule, seeds, *(_cell(each, each.share if each else None) for each in same), *gained)
            )
    return rows


def _cell(rate: Rate | None, share: float | None) -> str:
    return f"{percent(share)} ({rate.draws})" if rate and share is not None else "-"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _machines(there: Mapping[str, Kept]) -> Sequence[str]:
    lines = []
    for machine in dict.fromkeys(each.measured.machine for each in there.values()):
        days = sorted({each.measured.date for each in there.values() if each.measured.machine == machine})
        n = sum(each.measured.machine == machine for each in there.values())
        lines.append(f"- {machine}: {n} trainings, {days[0]} to {days[-1]}")
    return lines
