"""docs/precision.md, from the records alone."""

from __future__ import annotations

from pathlib import Path

from runner import PROJECT_ROOT
from runner.analysis.over_seeds import OverSeeds, over_seeds
from tests.benchmarks.precision.records import (
    KEPT,
    MOST_SEEDS,
    PRECISIONS,
    VARIANTS,
    Measured,
    Profile,
    Trained,
    read,
)

PAGE = PROJECT_ROOT / "docs" / "precision.md"
TEMPLATE = Path(__file__).parent / "page.md"
MARGIN = 0.5  # points of accuracy, within which the interval of the difference is to lie
PROFILES: tuple[Profile, ...] = ("quick", "full")
Pair = tuple[Measured, Measured]


def write_page(folder: Path = KEPT, page: Path = PAGE) -> Path:
    """Write the page from what is kept in ``folder``; its path."""
    found = {(profile, name): pairs(profile, name, folder) for profile in PROFILES for name in VARIANTS}
    rows = [row(*key, each) for key, each in found.items() if each]
    missing = [name for name in VARIANTS if not any(found[profile, name] for profile in PROFILES)]
    page.write_text(
        TEMPLATE.read_text(encoding="utf-8").format(
            rows="\n".join(rows),
            missing=f"Not measured yet: {', '.join(f'`{each}`' for each in missing)}.\n" if missing else "",
            machines="\n".join(machines([each for several in found.values() for each in several])),
        ),
        encoding="utf-8",
    )
    return page


def pairs(profile: Profile, variant: str, folder: Path) -> list[Pair]:
    """float32 and bfloat16 of each seed that has both."""
    found = []
    for number in range(MOST_SEEDS):
        usual, faster = (read(Trained(profile, variant, number, each), folder) for each in PRECISIONS)
        if usual is not None and faster is not None:
            found.append((usual, faster))
    return found


def row(profile: Profile, variant: str, found: list[Pair]) -> str:
    """Accuracy of both, the difference within each seed, and how much faster, with Student's intervals."""
    usual, faster = (over_seeds([100 * pair[side].accuracy for pair in found]) for side in (0, 1))
    difference = over_seeds([100 * (faster.accuracy - usual.accuracy) for usual, faster in found])
    speed = over_seeds([usual.epoch_seconds / faster.epoch_seconds for usual, faster in found])
    shape = f"{found[0][0].train_images:,} x {found[0][0].epochs}"
    cells = (
        f"`{variant}`",
        f"{profile}, {shape}",
        str(len(found)),
        f"{usual.mean:.2f}",
        f"{faster.mean:.2f}",
        f"{difference.mean:+.2f}{limits(difference, '+.2f')}",
        verdict(difference),
        f"{speed.mean:.2f}{limits(speed, '.2f')}",
    )
    return f"| {' | '.join(cells)} |"


def limits(found: OverSeeds, form: str) -> str:
    """The interval; nothing for one seed, which has none."""
    return f" ({found.low:{form}}..{found.high:{form}})" if found.n > 1 else ""


def verdict(difference: OverSeeds) -> str:
    """Whether the whole interval lies within the margin, or outside of it, or neither is shown."""
    if difference.n > 1 and difference.low >= -MARGIN and difference.high <= MARGIN:
        return "yes"
    if difference.n > 1 and (difference.high < -MARGIN or difference.low > MARGIN):
        return "no"
    return "not shown: more seeds"


def machines(found: list[Pair]) -> list[str]:
    """Where and when, with the load that the machine had."""
    trained = [each for pair in found for each in pair]
    lines = []
    for machine in dict.fromkeys(each.machine for each in trained):
        here = [each for each in trained if each.machine == machine]
        days, loads = sorted({each.date for each in here}), [each.load for each in here]
        lines.append(
            f"- {machine}: {len(here)} trainings, {days[0]} to {days[-1]}, load {min(loads)} to {max(loads)}"
        )
    return lines or ["- nowhere yet"]
