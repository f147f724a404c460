"""An epoch, training and validation, of each variant against the same model in idiomatic plain Keras."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.raw import Raw
from tests.benchmarks.summary import median, ratios, spread
from tests.benchmarks.workers import CORES, Worker, parameters, together, workers

TITLE = "an epoch against plain Keras"
IMAGES = {"batch-4": 4000, "batch-16": 8000}  # of which a quarter for validation; the rest have OTHERS
OTHERS, SMALL = 12_000, 400
VARIANTS = (
    "batch-4", "batch-16", "baseline", "batch-128", "batch-256", "filters-x2", "layers-x2", "c-adam",
    "c-flip-shift",
)  # fmt: skip
TARGETS = {"batch-4": 1.5, "batch-16": 1.3, "baseline": 1.3, "batch-256": 1.2}


def cases(bench: Bench) -> Iterator[Case]:
    """One for each variant whose cost differs from the others'."""
    for name in VARIANTS[:: 8 if bench.small else 1]:
        images = SMALL if bench.small else IMAGES.get(name, OTHERS)
        yield Case(name, partial(opened, bench, name, images))


@contextmanager
def opened(bench: Bench, name: str, images: int) -> Iterator[Sides]:
    """Plain Keras and ours with all cores, and ours as ``all`` runs it: one kernel a core, a thread each."""
    p = parameters(name, images)
    made = [Worker("plain", p, bench.folder / "plain.log"), Worker("ours", p, bench.folder / "ours.log")]
    made += [Worker("ours", p, bench.folder / f"beside-{n}.log", threads=1) for n in range(CORES)]
    with workers(made) as (plain, ours, *team):
        yield {"plain": together([plain]), "ours": together([ours]), "side by side": together(team)}


def lines(raw: Raw) -> list[Line]:
    """Ratios of the same resources first, then those of ``all``'s way of sharing them."""
    found = []
    for name in raw.cases:
        images = IMAGES.get(name, OTHERS)
        seconds = median(raw.values(name, "plain")), median(raw.values(name, "ours"))
        alone, beside = ratios(raw, name, "plain", "ours"), ratios(raw, name, "plain", "side by side")
        target = TARGETS.get(name)
        told = f"{target}x" if target else ""
        note = f"{images} images, a quarter for validation; plain {seconds[0]:.2f} s, ours {seconds[1]:.2f} s"
        met = None if target is None else median(alone) >= target
        found.append(Line(f"{name}, all cores each", told, spread(alone, unit="x"), met, f"{note}."))
        met = None if target is None else median(beside) >= target
        note = "one kernel a core, a thread each, as `all` runs them, against plain ones one after another."
        found.append(Line(f"{name}, side by side", told, spread(beside, unit="x"), met, note))
    return found
