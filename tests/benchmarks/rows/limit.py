"""How much of what the processor can do the training uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.raw import Raw
from tests.benchmarks.rows.training import IMAGES, OTHERS, SMALL
from tests.benchmarks.summary import median, spread
from tests.benchmarks.workers import CORES, Worker, parameters, together, workers

TITLE = "share of the machine's peak"
VARIANTS = (
    "batch-256", "batch-128", "baseline", "batch-16", "batch-4", "filters-x2", "layers-x2", "c-adam",
)  # fmt: skip
TARGETS = {"batch-256": 0.6}


def cases(bench: Bench) -> Iterator[Case]:
    """One for each variant whose cost differs from the others'."""
    for name in VARIANTS[:1] if bench.small else VARIANTS:
        yield Case(name, partial(opened, bench, name, SMALL if bench.small else IMAGES.get(name, OTHERS)))


@contextmanager
def opened(bench: Bench, name: str, images: int) -> Iterator[Sides]:
    """Each epoch right after a matrix product in the same process; with one thread, and with all."""
    p = parameters(name, images)
    made = [Worker("ours", p, bench.folder / f"{n}.log", threads=n, peak=True) for n in sorted({1, CORES})]
    with workers(made) as team:
        yield {f"threads {n}": together([w]) for n, w in zip(sorted({1, CORES}), team, strict=True)}


def lines(raw: Raw) -> list[Line]:
    """Achieved GFLOP/s over those of the matrix product."""
    found = []
    for name in raw.cases:
        for side in sorted({side for each in raw.rounds(name) for side in each}):
            rounds = [each[side] for each in raw.rounds(name) if side in each]
            rates = [r["train_flops"] / r["train_seconds"] / 1e9 for r in rounds]
            peaks = [r["peak_gflops"] for r in rounds]
            shares = [rate / peak for rate, peak in zip(rates, peaks, strict=True)]
            target = TARGETS.get(name)
            note = f"{median(rates):.0f} of {median(peaks):.0f} GFLOP/s; training without validation."
            met = None if target is None else median(shares) >= target
            found.append(Line(f"{name}, {side}", str(target or ""), spread(shares), met, note))
    return found
