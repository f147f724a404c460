"""Expected seconds of a variant before it runs: its cost as its practice knows it, scaled by measurements.

What was measured are samples: of the calibration (a few real steps), and of the variants that are finished.
For ordering, for the time left and for a time budget; nothing of it reaches the report.
"""

from __future__ import annotations

import json
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
        self._finished: tuple[Finished, ...] | None = None  # not yet learned from
        self._exact: dict[str, Sample] = {}
        self._factor, self._drift, self._startup = 1.0, 1.0, STARTUP_SECONDS

    def learn(self, finished: Iterable[Finished]) -> None:
        """Take finished variants as samples as well, and see how far the calibration is off by now.

        That is worked out when an estimate is asked for: of thousands of finished variants, often none is.
        """
        self._finished = tuple(finished)

    def _take(self, costs: Costs) -> None:
        """What was to be learned, if that is still to be done."""
        if self._finished is None:
            return
        measured = [each for each in self._finished if each.result.training is not None]
        known = [each for each in measured if len(each.training.epochs) > 1]  # in a single one, it compiles
        trained = sorted(known, key=lambda each: each.result.finished)
        self._finished = None
        own = [sample_of(each, costs) for each in trained]
        self._factor = machine_factor(own, costs)
        self._exact = {_case(each.parameters, each.threads): each for each in own}
        if self.samples and own:
            self._drift = statistics.median(
                s.train_seconds / _scaled(costs, self.samples, s.parameters, s.threads)[0]
                for s in own[-RECENT:]
            )
        if trained:
            self._startup = statistics.median(map(_rest_seconds, trained, own))

    def seconds(self, name: str, kind: str, parameters: Mapping[str, Any], threads: int) -> float:
        """Seconds from start to end of a variant with ``threads`` cores."""
        if kind == "notebook" or self.costs is None:
            return self.former.get(name, NOTEBOOK_SECONDS)
        self._take(self.costs)
        if not self.samples:
            return self._startup + self._factor * self.costs.seconds(parameters, threads)
        train, forward = self._case_seconds(self.costs, self.costs.parameters(parameters), threads)
        trained, predicted = self.costs.passes(parameters)
        return self._startup + trained * train + predicted * forward

    def _case_seconds(self, costs: Costs, wanted: Mapping[str, Any], threads: int) -> tuple[float, float]:
        if exact := self._exact.get(_case(wanted, threads)):
            return exact.train_seconds, exact.forward_seconds
        train, forward = _scaled(costs, self.samples, wanted, threads)
        return train * self._drift, forward * self._drift


def _case(parameters: Mapping[str, Any], threads: int) -> str:
    """What samples of the same seconds have in common."""
    return json.dumps([parameters, threads], sort_keys=True)


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


def _rest_seconds(finished: Finished, sample: Sample) -> float:
    """A finished variant's seconds less its epochs' and evaluations': start, compiling, figures, saving."""
    training = finished.training
    data, epochs = training.data, len(training.epochs)
    seen = (epochs + 1) * data.validation_images + data.train_images + data.test_images
    known = epochs * training.timing.epoch_seconds + seen * sample.forward_seconds
    return max(0.0, finished.result.wall_seconds - known)


def machine_factor(measured: Iterable[Sample], costs: Costs) -> float:
    """Measured over assumed seconds, the median over the samples (1 if there are none)."""
    ratios = [each.train_seconds / costs.case_seconds(each.parameters, each.threads)[0] for each in measured]
    return statistics.median(ratios) if ratios else 1.0
