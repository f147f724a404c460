"""docs/cpu-speedrun.md, from the records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from runner import PROJECT_ROOT
from runner.analysis.over_seeds import OverSeeds, over_seeds
from tests.benchmarks.speedrun.records import EPOCHS, KEPT, RECIPES, Measured, Trained, read

PAGE = PROJECT_ROOT / "docs" / "cpu-speedrun.md"
TEMPLATE = Path(__file__).parent / "page.md"
MOST = 50  # seeds that are looked for
GOALS = (90, 91, 92)


class Measurements(NamedTuple):
    """All seeds of a recipe with so many epochs, at least one; accuracies in percent."""

    recipe: str
    epochs: int
    seeds: Sequence[Measured]

    @property
    def seconds(self) -> OverSeeds:
        """Of a training."""
        return over_seeds([each.seconds for each in self.seeds])

    @property
    def validation(self) -> OverSeeds:
        """What decides whether a goal is reached."""
        return over_seeds([100 * each.validation for each in self.seeds])

    @property
    def test(self) -> OverSeeds:
        """What only reports."""
        return over_seeds([100 * each.test for each in self.seeds])


def write_page(folder: Path = KEPT, page: Path = PAGE) -> Path:
    """Write the page from what is kept in ``folder``; its path."""
    found = measurements(folder)
    there = [recipe for recipe in RECIPES if any(each.recipe == recipe for each in found)]
    missing = ", ".join(f"`{recipe}`" for recipe in RECIPES if recipe not in there)
    page.write_text(
        TEMPLATE.read_text(encoding="utf-8").format(
            goals="\n".join(goals(recipe, found) for recipe in there),
            rows="\n".join(map(row, found)),
            missing=f"Not measured yet: {missing}.\n" if missing else "",
            machines="\n".join(machines([each for several in found for each in several.seeds])),
        ),
        encoding="utf-8",
    )
    return page


def measurements(folder: Path) -> list[Measurements]:
    """What was measured of each recipe, fewer epochs first."""
    found = []
    for recipe in RECIPES:
        for epochs in EPOCHS:
            seeds = [read(Trained(recipe, epochs, number), folder) for number in range(MOST)]
            if known := [each for each in seeds if each is not None]:
                found.append(Measurements(recipe, epochs, known))
    return found


def goals(recipe: str, found: Sequence[Measurements]) -> str:
    """For each goal the fastest number of epochs whose mean validation accuracy reaches it."""
    cells, mine = [f"`{recipe}`"], [each for each in found if each.recipe == recipe]
    for least in GOALS:
        reached = [each for each in mine if each.validation.mean >= least]
        fastest = min(reached, key=lambda each: each.seconds.mean, default=None)
        cells.append(
            f"{fastest.seconds.mean:.0f} s ({fastest.epochs} epochs, n={fastest.seconds.n}; "
            f"test {fastest.test.mean:.2f})"
            if fastest
            else f"not with {mine[-1].epochs} epochs"
        )
    return f"| {' | '.join(cells)} |"


def row(found: Measurements) -> str:
    """What it is, seeds, seconds and both accuracies."""
    first = found.seeds[0]
    cells = (
        f"`{found.recipe}`",
        str(found.epochs),
        f"{first.megaflops:.1f}",
        str(found.seconds.n),
        spread(found.seconds, ".0f"),
        spread(found.validation, ".2f"),
        spread(found.test, ".2f"),
    )
    return f"| {' | '.join(cells)} |"


def spread(found: OverSeeds, form: str) -> str:
    """The mean, and with several seeds the standard deviation."""
    return f"{found.mean:{form}}" + ("" if found.std is None else f" ± {found.std:{form}}")


def machines(found: Sequence[Measured]) -> list[str]:
    """Where, when, with what, and the load that the machine had before."""
    lines = []
    for key in dict.fromkeys((each.machine, each.software, each.precision) for each in found):
        here = [each for each in found if (each.machine, each.software, each.precision) == key]
        days, loads = sorted({each.date for each in here}), [each.load for each in here]
        lines.append(
            f"- {key[0]}; by {key[1]} in {key[2]}: {len(here)} trainings, {days[0]} to {days[-1]}, "
            f"load before {min(loads)} to {max(loads)}"
        )
    return lines or ["- nowhere yet"]
