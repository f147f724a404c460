"""Expected seconds of a variant before it runs: its cost as its practice knows it, scaled by measurements.

What was measured are samples: of the calibration (a few real steps), and of the variants that are finished.
For ordering, for the time left and for a time budget; nothing of it reaches the report.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runner.files import Record
from runner.plan.practice import Costs
from runner.plan.records import PrecisionName
from runner.results.finished import Finished

STARTUP_SECONDS = 8.0  # kernel, data, compiling the graph, figures, saving
RECENT = 3  # so many of the last that finished tell how loaded the machine is now
NOTEBOOK_SECONDS = 20.0


class Sample(Record):
    """Seconds for one case, to train and to predict, that were measured with some parameters.

    ``parameters`` are those that matter for it (see ``Costs.parameters``), in JSON's form; ``precision`` is
    that of the training steps.
    """

    parameters: dict[str, Any]
    threads: int
    train_seconds: float
    forward_seconds: float
    precision: PrecisionName = "float32"


class Estimator:
    """Expected seconds from ``samples`` of a calibration and from what is finished.

    ``former`` are the seconds that variants of unknown cost took when they ran here before, by name; without
    ``costs`` that is all of them.
    """

    def __init__(
        self,
        costs: Costs | None = None,
        samples: Sequence[Sample] = (),
        former: Mapping[str, float] | None = None,
    ) -> None:
        self.costs, self.samples, self.former = costs, tuple(samples), former or {}
        self._own: dict[str, Sample] = {}
        self._factor, self._drift, self._startup = 1.0, 1.0, STARTUP_SECONDS

    def learn(self, finished: Iterable[Finished]) -> None:
        """Take finished variants as samples as well, and see how far the calibration is off by now."""
        if self.costs is None:
            return
        costs = self.costs
        known = [f for f in finished if f.result.training and len(f.training.epochs) > 1]  # else it compiles
        trained = sorted(known, key=lambda f: f.result.finished)
        self._factor = machine_factor(trained, costs)
        self._own = {each.result.variant: sample_of(each, costs) for each in trained}
        if self.samples and trained:
            own = list(self._own.values())[-RECENT:]
            self._drift = statistics.median(
                s.train_seconds / _scaled(costs, self.samples, s.parameters, s.threads)[0] for s in own
            )
        if trained:
            self._startup = statistics.median(_rest_seconds(each, costs) for each in trained)

    def seconds(self, name: str, kind: str, parameters: Mapping[str, Any], threads: int) -> float:
        """Seconds from start to end of a variant with ``threads`` cores."""
        if kind == "notebook" or self.costs is None:
            return self.former.get(name, NOTEBOOK_SECONDS)
        if not self.samples:
            return self._startup + self._factor * self.costs.seconds(parameters, threads)
        train, forward = self._case_seconds(self.costs, self.costs.parameters(parameters), threads)
        trained, predicted = self.costs.passes(parameters)
        return self._startup + trained * train + predicted * forward

    def _case_seconds(self, costs: Costs, wanted: Mapping[str, Any], threads: int) -> tuple[float, float]:
        exact = [s for s in self._own.values() if s.parameters == wanted and s.threads == threads]
        if exact:
            return exact[-1].train_seconds, exact[-1].forward_seconds
        train, forward = _scaled(costs, self.samples, wanted, threads)
        return train * self._drift, forward * self._drift


def _scaled(
    costs: Costs, samples: Sequence[Sample], wanted: Mapping[str, Any], threads: int
) -> tuple[float, float]:
    """The most similar sample's seconds, scaled by the cost in which it differs."""

    def likeness(sample: Sample) -> tuple[bool, int]:
        equal = sum(sample.parameters.get(key) == value for key, value in wanted.items())
        return sample.threads == threads, equal

    nearest = max(samples, key=likeness)
    train, forward = costs.case_seconds(wanted, threads)
    its_train, its_forward = costs.case_seconds(nearest.parameters, nearest.threads)
    return nearest.train_seconds * train / its_train, nearest.forward_seconds * forward / its_forward


def sample_of(finished: Finished, costs: Costs) -> Sample:
    """What a finished variant tells of seconds for one case, of its typical epoch."""
    training = finished.training
    epochs, data = len(training.epochs), training.data
    return Sample(
        parameters=costs.parameters(finished.result.parameters),
        threads=training.environment.threads,
        train_seconds=training.timing.epoch_seconds / data.train_images,
        forward_seconds=training.timing.validation_seconds / (epochs * data.validation_images),
        precision=finished.result.precision,
    )


def _rest_seconds(finished: Finished, costs: Costs) -> float:
    """A finished variant's seconds less its epochs' and evaluations': start, compiling, figures, saving."""
    training, sample = finished.training, sample_of(finished, costs)
    data, epochs = training.data, len(training.epochs)
    seen = (epochs + 1) * data.validation_images + data.train_images + data.test_images
    known = epochs * training.timing.epoch_seconds + seen * sample.forward_seconds
    return max(0.0, finished.result.wall_seconds - known)


def machine_factor(finished: Iterable[Finished], costs: Costs) -> float:
    """Measured over assumed seconds, the median over the finished variants (1 if there are none)."""
    ratios = []
    for variant in finished:
        if variant.result.training is not None:
            sample = sample_of(variant, costs)
            assumed = costs.case_seconds(sample.parameters, sample.threads)
            ratios.append(sample.train_seconds / assumed[0])
    return statistics.median(ratios) if ratios else 1.0
