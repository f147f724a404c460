"""Times of variants that can be compared: from the timing pass, or else from their own training.

In the pass the trained variants take turns (A B C A B C ...) on an otherwise idle machine, so that a
machine that slows down slows all of them; ratios are taken within a round.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from runner.analysis.intervals import Interval
from runner.analysis.kept_statistics import kept
from runner.analysis.spread import ALPHA, RESAMPLES
from runner.build_folder import VALUES_FILE
from runner.errors import RunnerError
from runner.results.study import Study

TIMING = "timing"  # the notebook that does the pass
LARGEST_SPREAD = 0.15  # of a variant's seconds between rounds, as interquartile range over median
LARGEST_LOAD = 0.15  # share of the processor used by others during the pass


@dataclass(frozen=True)
class TimingPass:
    """Seconds per training image of each variant, round by round; ``load`` is that of others.

    ``training_flops`` are the operations per image, ``peak_gflops`` the rate of a large matrix product in
    each round; both are empty where an older pass did not measure them.
    """

    seconds: Mapping[str, tuple[float, ...]]
    training_flops: Mapping[str, float]
    peak_gflops: tuple[float, ...]
    rounds: int
    images: int
    threads: int
    spread: float
    load: float
    disturbed: bool

    @property
    def resamples(self) -> int:
        """How often the rounds are drawn again for the interval of a ratio."""
        return RESAMPLES


def read_pass(study: Study) -> TimingPass | None:
    """The timing pass, if it was made; raises RunnerError if what it left can't be read."""
    if not study.has(TIMING):
        return None
    finished = study.get(TIMING)
    try:
        values = finished.values
        seconds = {name: tuple(map(float, each)) for name, each in values["seconds"].items()}
        load = float(values["load"])
        spread = max(map(_spread, seconds.values()))
        peaks = tuple(map(float, values.get("peak_gflops", ())))
        if peaks and any(len(each) != len(peaks) for each in seconds.values()):
            raise ValueError("peak_gflops and seconds differ in their rounds")
        return TimingPass(
            seconds=seconds,
            training_flops={name: float(each) for name, each in values.get("training_flops", {}).items()},
            peak_gflops=peaks,
            rounds=int(values["rounds"]),
            images=int(values["images"]),
            threads=int(values["threads"]),
            spread=spread,
            load=load,
            disturbed=spread > LARGEST_SPREAD or load > LARGEST_LOAD,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = str(finished.folder / VALUES_FILE)
        raise RunnerError(f"not a timing pass: {error!r}", where=where) from error


def _spread(seconds: tuple[float, ...]) -> float:
    if len(seconds) < 2:
        return 0.0
    quarter, _, three_quarters = statistics.quantiles(seconds, n=4, method="inclusive")
    return (three_quarters - quarter) / statistics.median(seconds)


def ratio(study: Study, variant: str, reference: str) -> Interval | None:
    """Training time per image of a variant over the reference's, with a 95 % interval.

    From the pass: median of the ratios within each round, percentile bootstrap over rounds (scipy).
    Without the pass: ratio of the median epochs of both trainings, and no interval (low = high); None
    where one had more cores than the other, say, or another machine: that would be no ratio of theirs.
    """
    found = read_pass(study)
    if found and {variant, reference} <= found.seconds.keys():
        pairs = zip(found.seconds[variant], found.seconds[reference], strict=True)
        return _median_interval(np.array([ours / theirs for ours, theirs in pairs]))
    one, other = (study.get(name).training.environment for name in (variant, reference))
    if one != other:
        return None
    value = _own_epoch(study, variant) / _own_epoch(study, reference)
    return Interval(value, value, value)


@dataclass(frozen=True)
class Throughput:
    """A variant's training in the pass, medians over the rounds: ``share`` is that of the machine's peak."""

    image_seconds: float
    gflop: float
    gflops: float
    peak_gflops: float
    share: float


def throughput(study: Study, name: str) -> Throughput | None:
    """How much of what the machine can compute a training used; None where it was not measured."""
    found = read_pass(study)
    if not (found and found.peak_gflops and name in found.training_flops and name in found.seconds):
        return None
    gflop = found.training_flops[name] / 1e9
    rates = [gflop / each for each in found.seconds[name]]
    shares = [rate / peak for rate, peak in zip(rates, found.peak_gflops, strict=True)]
    return Throughput(
        image_seconds=statistics.median(found.seconds[name]),
        gflop=gflop,
        gflops=statistics.median(rates),
        peak_gflops=statistics.median(found.peak_gflops),
        share=statistics.median(shares),
    )


def epoch_seconds(study: Study, name: str) -> float:
    """Seconds of an epoch's training: the pass's median per image times the images, or the record's."""
    found = read_pass(study)
    if found and name in found.seconds:
        return statistics.median(found.seconds[name]) * study.get(name).training.data.train_images
    return _own_epoch(study, name)


def measured_apart(study: Study, names: Sequence[str]) -> bool:
    """Whether the seconds of these variants' epochs are the timing pass's, of all of them."""
    found = read_pass(study)
    return found is not None and all(name in found.seconds for name in names)


def _own_epoch(study: Study, name: str) -> float:
    return study.get(name).training.timing.epoch_seconds


def _median_interval(ratios: np.ndarray) -> Interval:
    middle = float(np.median(ratios))
    if len(ratios) < 2 or np.all(ratios == ratios[0]):
        return Interval(middle, middle, middle)
    return Interval(middle, *_median_limits(ratios, RESAMPLES, ALPHA))


@kept
def _median_limits(ratios: np.ndarray, resamples: int, alpha: float) -> tuple[float, float]:
    """The bootstrap's interval of level 1 - ``alpha`` of the median (scipy)."""
    from scipy.stats import bootstrap

    found = bootstrap(
        (ratios,),
        np.median,
        n_resamples=resamples,
        confidence_level=1 - alpha,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)
