"""What templates may ask about a study: measured values and comparisons, each with its source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
from markupsafe import Markup

from runner.analysis import classification, intervals, over_seeds, timing
from runner.analysis.compare import Comparison
from runner.analysis.intervals import Interval
from runner.analysis.loading import unreadable
from runner.analysis.selection import Selection, select
from runner.analysis.turning_point import turning_point
from runner.build_folder import VALUES_FILE
from runner.errors import RunnerError
from runner.report.claims.metric import Formula, Metric, call, record_at, value_at
from runner.report.claims.numbers import Measured
from runner.report.claims.traced import Traced
from runner.report.functions.registry import template_filter, template_function
from runner.report.functions.seed_facts import SeedFacts
from runner.report.missing import PRECISIONS, mixed_notice, notices
from runner.results.finished import Finished, WhichEpoch
from runner.results.reasons import NO_RESULT
from runner.results.scores import Metric as MetricName
from runner.results.scores import Split
from runner.results.study import Study


class Facts:
    """The functions of the templates that read results. Missing results raise MissingVariant."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.over_seeds = SeedFacts(study, self.m)
        self._compare = cache(self._compare_once)
        self._compare_all = cache(self._compare_all_once)

    @template_function()
    def m(self, variant: str, path: str) -> Measured:
        """The value at a dotted path of a variant's training, result or ``values.json``."""
        finished = self._get(variant)
        head, _, rest = path.partition(".")
        if head == "parameters" and rest in (derived := self.study.info(variant).derived):
            return Measured(derived[rest], variant, value_at(path))
        if head == "values":
            value = self._left_by_notebook(finished, rest, path)
        elif hasattr(finished.result, head):
            value = _walk(finished.result, path, variant, path)
        else:
            value = _walk(finished.training, path, variant, path)
        return Measured(value, variant, value_at(path))

    @template_function()
    def c(self, record: Traced | Comparison, field: str) -> Measured:
        """One field of a record of the analysis as a measured value."""
        if isinstance(record, Comparison):
            record = _traced_comparison(record)
        if not isinstance(record, Traced) or not hasattr(record.record, field):
            raise RunnerError(f"{record!r} has no field '{field}' that could be traced")
        value = getattr(record.record, field)
        return Measured(value, record.variant, record.metric.part(field), record.test)

    @template_function()
    def measured(self, value: Any, variant: str, metric: str) -> Measured:
        """Something a template counted itself, with its source in words, or the path of it."""
        return Measured(value, variant, value_at(metric))

    @template_function()
    def compare(
        self,
        variant: str,
        reference: str,
        split: Split,
        metric: MetricName,
        epoch: WhichEpoch = "last",
    ) -> Traced:
        """The paired comparison of two variants on the same images, at the last or at the best epoch."""
        return self._compare(variant, reference, split, metric, epoch)

    @template_function()
    def compare_all(
        self,
        names: Iterable[str],
        reference: str,
        split: Split,
        metric: MetricName,
        epoch: WhichEpoch = "last",
    ) -> tuple[Traced, ...]:
        """Those of ``names`` that are there against ``reference``, corrected by Holm."""
        present = tuple(name for name in self.study.available(names) if name != reference)
        return self._compare_all(present, reference, split, metric, epoch)

    def compared(
        self,
        names: Sequence[str],
        reference: str,
        split: Split,
        metric: MetricName,
        epoch: WhichEpoch = "last",
    ) -> tuple[Comparison, ...]:
        """The same for readings: records without their source, which ``c`` puts back."""
        return tuple(each.record for each in self._compare_all(tuple(names), reference, split, metric, epoch))

    @template_function()
    def knows_best(self, names: Iterable[str]) -> bool:
        """Whether all of ``names`` measured their best epoch, for conditions."""
        return over_seeds.knows_best(self.study, names)

    @template_function()
    def last_against_best(self, variant: str, split: Split, metric: MetricName) -> Traced:
        """The final weights of a variant against those of its own best epoch."""
        self._get(variant)
        record = over_seeds.last_against_best(self.study, variant, split, metric)
        source = call("last_against_best", split, metric)
        return Traced(record, " ".join(self.study.runs(variant)), source, record.test)

    @template_function()
    def accuracy_interval(self, variant: str, split: Split) -> Traced:
        """The accuracy of a variant with its 95 % interval."""
        interval = intervals.split_accuracy(self._get(variant), split)
        return Traced(interval, variant, call("accuracy_interval", split), "intervalo de Wilson")

    @template_function()
    def loss_interval(self, variant: str, split: Split) -> Traced:
        """The mean cross-entropy of a variant with its 95 % interval."""
        interval = intervals.loss_interval(self._get(variant), split)
        return Traced(interval, variant, call("loss_interval", split), "intervalo t")

    @template_function()
    def gap(self, variant: str, split_a: Split, split_b: Split) -> Traced:
        """Mean cross-entropy of ``split_a`` minus that of ``split_b``, with its interval."""
        interval = intervals.gap(self._get(variant), split_a, split_b)
        return Traced(interval, variant, call("gap", split_a, split_b), "intervalo de Welch")

    @template_function()
    def turning_point(self, variant: str) -> Traced:
        """The epoch where the validation loss was lowest, and what it did after."""
        point = turning_point(self._get(variant).training.epochs)
        return Traced(point, variant, call("turning_point"))

    @template_function()
    def per_class(self, variant: str) -> tuple[Traced, ...]:
        """Precision, recall and F1 of each class on the test set."""
        finished = self._get(variant)
        test, names = finished.predictions.test, finished.training.data.class_names
        scores = classification.per_class(test.labels, test.predicted, names)
        return tuple(Traced(s, variant, call("per_class", s.name)) for s in scores)

    @template_function()
    def confusion(self, variant: str) -> np.ndarray:
        """Counts (10, 10) of the test set: rows are true classes, columns predicted ones."""
        finished = self._get(variant)
        test, names = finished.predictions.test, finished.training.data.class_names
        return classification.confusion(test.labels, test.predicted, len(names))

    @template_function()
    def confusion_cell(self, variant: str, true: int, predicted: int) -> Measured:
        """One count of the confusion matrix."""
        value = int(self.confusion(variant)[true, predicted])
        return Measured(value, variant, call("confusion", true, predicted))

    @template_function()
    def largest_confusions(self, variant: str, count: int) -> tuple[Traced, ...]:
        """The most frequent mistakes on the test set, the largest first."""
        names = self._get(variant).training.data.class_names
        found = classification.largest_confusions(self.confusion(variant), names, count)
        return tuple(
            Traced(each, variant, Metric(("largest_confusions", str(place))))
            for place, each in enumerate(found)
        )

    @template_function()
    def time_ratio(self, variant: str, reference: str) -> Measured | None:
        """Training time of a variant over that of the reference: of the timing pass if there is one.

        None where they can't be compared.
        """
        found = self._ratio(variant, reference)
        if found is None:
            return None
        return Measured(found.value, f"{variant} {reference}", call("time_ratio"))

    @template_function()
    def time_interval(self, variant: str, reference: str) -> Traced | None:
        """The ratio with its 95 % interval; None without the timing pass."""
        found = self._ratio(variant, reference)
        if found is None or found.low == found.high:
            return None
        return Traced(found, f"{variant} {reference}", call("time_ratio"), "remuestreo de las rondas")

    def _ratio(self, variant: str, reference: str) -> Interval | None:
        self._get(variant), self._get(reference)
        return timing.ratio(self.study, variant, reference)

    @template_function()
    def epoch_seconds(self, variant: str) -> Measured:
        """Seconds of an epoch's training: of the timing pass if there is one."""
        self._get(variant)
        return Measured(timing.epoch_seconds(self.study, variant), variant, call("epoch_seconds"))

    @template_function()
    def slowest_of(self, names: Iterable[str]) -> str:
        """The name of the variant with the longest epoch."""
        present = self.study.available(names)
        return max(present, key=lambda name: timing.epoch_seconds(self.study, name))

    @template_function()
    def timing_pass(self) -> Traced | None:
        """The timing pass, if it was made."""
        found = timing.read_pass(self.study)
        return None if found is None else Traced(found, timing.TIMING, call("timing_pass"))

    @template_function()
    def throughput(self, variant: str) -> Traced | None:
        """How much of what the machine can compute the training used, if the timing pass measured it."""
        found = timing.throughput(self.study, variant)
        return None if found is None else Traced(found, variant, call("throughput"))

    @template_function()
    def best_of(self, names: Iterable[str], path: str, which: Literal["max", "min"]) -> str:
        """The name of the variant with the highest or lowest value at ``path``, the mean over its seeds."""
        present = self.study.available(names)
        if not present:
            raise RunnerError("none of the variants is there", where=", ".join(names))
        best = max if which == "max" else min
        return best(present, key=lambda name: self.over_seeds.mean(name, path).value)

    @template_filter()
    @template_function()
    def label(self, name: str) -> str:
        """What a variant is called in the report."""
        return self.study.info(name).label

    @template_function()
    def trained(self, repetitions: bool = False) -> tuple[str, ...]:
        """The variants that train a model and are finished, in the order of the plan."""
        planned = [v for v in self.study.variants if v.kind == "training"]
        return self.study.available(v.name for v in planned if repetitions or not v.repeats)

    @cached_property
    def _selection(self) -> Selection:
        return select(self.study)

    @template_function()
    def shown(self, name: str) -> bool:
        """Whether the variant has its row in the tables of all variants."""
        return name in self._selection

    @template_function()
    def left_out(self, unfinished: bool = False) -> Measured:
        """How many planned variants (or only the ``unfinished`` of them) have no row."""
        count = self._selection.unfinished if unfinished else self._selection.left_out
        return Measured(count, "plan", record_at("count of variants without a row"))

    @template_function()
    def differences_of(self, name: str, reference: str) -> tuple[str, ...]:
        """Names of the parameters in which two planned variants differ."""
        own, other = self.study.info(name).parameters, self.study.info(reference).parameters
        return tuple(key for key in own if own[key] != other.get(key))

    @template_function()
    def environments(self) -> tuple[tuple[str, ...], ...]:
        """The trained variants, in groups of the same machine, versions and precision."""
        groups: dict[Any, list[str]] = {}
        for name in self.trained(repetitions=True):
            found = self._get(name)
            groups.setdefault((found.training.environment, found.result.precision), []).append(name)
        return tuple(tuple(names) for names in groups.values())

    @template_function()
    def total(self, names: Iterable[str], path: str) -> Measured:
        """The sum of one value over several variants."""
        names = tuple(names)
        total = sum(self.m(n, path).value for n in names)
        return Measured(total, " ".join(names), Formula("sum", (record_at(path),)))

    @template_function()
    def missing_notice(self, names: Iterable[str]) -> Markup:
        """A notice for each reason why some of ``names`` are missing, which names them; empty if none is.

        Another names them where they, and the baseline, were trained in unlike precisions.
        """
        names = tuple(names)
        lost = [name for name in names if not self.study.has(name)]
        reasons = [(self.label(name), self.study.missing.get(name, NO_RESULT)) for name in lost]
        mixed = self.study.by_precision(dict.fromkeys((*names, self.study.baseline)))
        labels = {each: [self.label(name) for name in mixed.get(each, ())] for each in PRECISIONS}
        marked = mixed_notice(labels) if len(mixed) > 1 else Markup()
        return notices(reasons) + marked

    def _get(self, name: str) -> Finished:
        """A finished variant; a name that isn't in the plan is the template's fault."""
        self.study.info(name)
        return self.study.get(name)

    def _left_by_notebook(self, finished: Finished, keys: str, path: str) -> Any:
        variant = finished.result.variant
        try:
            return _walk(finished.values, keys, variant, path)
        except RunnerError as error:
            where = str(finished.folder / VALUES_FILE)
            raise unreadable(variant, RunnerError(error.what, where=where)) from error

    def _compare_once(
        self, variant: str, reference: str, split: Split, metric: MetricName, epoch: WhichEpoch
    ) -> Traced:
        (found,) = self._compare_all((variant,), reference, split, metric, epoch)
        return found

    def _compare_all_once(
        self,
        names: tuple[str, ...],
        reference: str,
        split: Split,
        metric: MetricName,
        epoch: WhichEpoch,
    ) -> tuple[Traced, ...]:
        for name in (*names, reference):
            self._get(name)
        compared = over_seeds.compared(self.study, names, reference, split, metric, epoch)
        return tuple(_traced_comparison(each) for each in compared)


def _traced_comparison(record: Comparison) -> Traced:
    function = "compare_seeds" if record.runs else "compare"
    when = () if record.epoch == "last" else (record.epoch,)
    metric = call(function, record.variant, record.reference, record.split, record.metric, *when)
    runs = record.runs or (record.variant, record.reference)
    return Traced(record, " ".join(runs), metric, record.test)


def _walk(start: Any, path: str, variant: str, full_path: str) -> Any:
    here = start
    for step in path.split("."):
        try:
            here = _step(here, step)
        except (KeyError, IndexError, ValueError, AttributeError):
            raise RunnerError(f"no value at '{full_path}'", where=variant) from None
    if isinstance(here, Mapping) or is_dataclass(here) or hasattr(here, "model_fields"):
        raise RunnerError(f"'{full_path}' is a group of values, not one", where=variant)
    return here


def _step(here: Any, step: str) -> Any:
    if isinstance(here, Mapping):
        if step not in here:
            raise KeyError(step)
        return here[step]
    if isinstance(here, list | tuple):
        return here[int(step)]
    return getattr(here, step)
