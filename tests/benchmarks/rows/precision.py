"""An epoch in float32 and in bfloat16, ours and plain Keras's, and the shares of both peaks that ours use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from runner.machine.bfloat16 import lack_of_bfloat16
from runner.plan.variants import DEFAULT_PLAN
from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.rows.training import IMAGES, OTHERS, SMALL
from tests.benchmarks.summary import median, ratios, spread
from tests.benchmarks.workers import Worker, parameters, together, workers

TITLE = "float32 and bfloat16"
VARIANTS = ("batch-256", "baseline", "batch-4", "filters-x2", "layers-x2", "c-adam", "recipe")
PLANS = {"recipe": DEFAULT_PLAN.with_name("recipe.toml")}  # the others are of the practice's own
TARGETS = {"c-adam": 2.0, "recipe": 2.0}
OURS, OURS_BFLOAT16 = "ours float32", "ours bfloat16"
PLAIN, PLAIN_BFLOAT16 = "Keras float32", "Keras mixed_bfloat16"


def cases(bench: Bench) -> Iterator[Case]:
    """One for each variant whose cost differs from the others'; none where bfloat16 is not in hardware."""
    if not lack_of_bfloat16():
        for name in VARIANTS[:1] if bench.small else VARIANTS:
            yield Case(name, partial(opened, bench, name, SMALL if bench.small else IMAGES.get(name, OTHERS)))


@contextmanager
def opened(bench: Bench, name: str, images: int) -> Iterator[Sides]:
    """Four trainings with all cores each; ours right after a product of matrices."""
    p = parameters(name, images, plan=PLANS.get(name, DEFAULT_PLAN))
    made = {
        OURS: ours(bench, p, "float32"),
        OURS_BFLOAT16: ours(bench, p, "bfloat16"),
        PLAIN: Worker("plain", p, bench.folder / "plain.log"),
        PLAIN_BFLOAT16: Worker("plain", p, bench.folder / "mixed.log", policy="mixed_bfloat16"),
    }
    with workers(tuple(made.values())):
        yield {side: together([worker]) for side, worker in made.items()}


def ours(bench: Bench, p: dict[str, object], precision: str) -> Worker:
    """Our training in this precision, and the peak in the same."""
    return Worker("ours", p, bench.folder / f"{precision}.log", peak=True, precision=precision)


def lines(raw: Raw) -> list[Line]:
    """Each against ours in bfloat16, as ratios within rounds; then what ours use of the machine's peaks."""
    return [line for name in raw.cases for line in (*_gains(raw, name), *_shares(raw, name))]


def _gains(raw: Raw, name: str) -> Iterator[Line]:
    gain, target = ratios(raw, name, OURS, OURS_BFLOAT16, "train_seconds"), TARGETS.get(name)
    met = None if target is None else median(gain) >= target
    told = f"{target}x" if target else ""
    yield Line(
        f"{name}, {OURS}",
        told,
        spread(gain, unit="x"),
        met,
        "against ours in bfloat16: training alone, all cores each.",
    )
    for side in (PLAIN, PLAIN_BFLOAT16):
        found = spread(ratios(raw, name, side, OURS_BFLOAT16), unit="x")
        yield Line(
            f"{name}, {side}",
            "",
            found,
            None,
            "against ours in bfloat16: an epoch and its validation, which is in float32 in ours.",
        )


def _shares(raw: Raw, name: str) -> Iterator[Line]:
    for side in (OURS, OURS_BFLOAT16):
        rounds = [each[side] for each in raw.rounds(name) if side in each]
        rates, peaks = [_rate(each) for each in rounds], [each["peak_gflops"] for each in rounds]
        shares = [rate / peak for rate, peak in zip(rates, peaks, strict=True)]
        note = f"{median(rates):.0f} of {median(peaks):.0f} GFLOP/s of a product of matrices in the same."
        yield Line(f"{name}, {side}, of the peak", "", spread(shares), None, note)


def _rate(epoch: Measurement) -> float:
    """GFLOP/s of the training, without validation."""
    return epoch["train_flops"] / epoch["train_seconds"] / 1e9
