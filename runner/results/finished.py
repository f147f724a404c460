"""What a finished variant left, read with care: its record, arrays, scores and values of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

import numpy as np
from pydantic import ValidationError

from runner.build_folder import (
    BEST_EPOCH_FILE,
    FAILURE_FILE,
    LEFT_BEFORE,
    PREDICTIONS_FILE,
    RESULT_FILE,
    VALUES_FILE,
    root_of,
)
from runner.errors import RunnerError
from runner.files import Record, read_json
from runner.gate import kind, names_in, read_text
from runner.results.arrays import PREDICTED_SPLITS, PredictedSets, read_arrays, read_predictions
from runner.results.records import SCHEMA_VERSION, Failure, Result, Training
from runner.results.scores import SCORES_FILE, CaseScores, ScoresByName, classifier_scores, read_scores
from runner.results.seal import check_sealed

CHANGES_NO_DIGIT = True  # of a training: see code_closure
PREDICTED = ("accuracy", "cross_entropy")  # metrics that follow from predictions
LEFT_OUT = {".keras"}  # suffixes of models, which nothing shows

WhichEpoch = Literal["last", "best"]
R = TypeVar("R", bound=Record)


class Named(dict[str, Any]):
    """What a file holds by name; raises RunnerError with the file for a name that is not in it."""

    def __init__(self, content: Mapping[str, Any], path: Path) -> None:
        super().__init__(content)
        self.path = path

    def __missing__(self, name: str) -> NoReturn:
        raise RunnerError(f"'{name}' is missing", where=str(self.path))


@dataclass(frozen=True)
class Finished:
    """A finished variant: its record, its folder, and its arrays read when asked for.

    Predictions, and the scores that follow from them, are those of the final weights, or of the best epoch's.
    """

    result: Result
    folder: Path
    epoch: WhichEpoch = "last"

    @property
    def training(self) -> Training:
        """The measurements; raises RunnerError for a notebook that trains nothing."""
        if self.result.training is None:
            raise RunnerError("this notebook trains nothing", where=self.result.variant)
        return self.result.training

    @property
    def knows_best(self) -> bool:
        """Whether the weights of its best epoch were measured."""
        return self.result.training is not None and self.result.training.best is not None

    def at(self, epoch: WhichEpoch) -> Finished:
        """The same training measured at its last or at its best epoch.

        Raises RunnerError if the best epoch was not measured.
        """
        if epoch == "best" and not self.knows_best:
            where = str(self.folder / RESULT_FILE)
            raise RunnerError("its best epoch was not measured", where=where, hint="run 'all' again")
        if epoch == self.epoch:
            return self
        return self._at_best if epoch == "best" else replace(self, epoch=epoch)

    @cached_property
    def _at_best(self) -> Finished:
        return replace(self, epoch="best")

    @property
    def _predictions_file(self) -> str:
        """The best epoch has a file of its own unless it is the last one."""
        best = self.training.best
        earlier = best is not None and best.epoch < self.training.epochs[-1].epoch
        return BEST_EPOCH_FILE if self.epoch == "best" and earlier else PREDICTIONS_FILE

    @cached_property
    def predictions(self) -> PredictedSets:
        """Class by class what it said; raises RunnerError if the file is missing or of wrong shape."""
        return self._read_predictions()

    def check_predictions(self, keep: bool) -> None:
        """Raise RunnerError as ``predictions`` does; of thousands of variants, not all are kept."""
        if keep:
            self.predictions  # noqa: B018  read now, and not again when it is asked for
        else:
            self._read_predictions()
        if self.epoch == "last" and self.knows_best and self._at_best._predictions_file != PREDICTIONS_FILE:
            self._at_best.check_predictions(keep)

    def _read_predictions(self) -> PredictedSets:
        data = self.training.data
        images = data.validation_images, data.test_images
        path = self.folder / self._predictions_file
        check_sealed(path)
        return read_predictions(path, images, len(data.class_names))

    def scores(self, split: str, metric: str) -> CaseScores:
        """The scores of each case of a set: from the predictions, or what the notebook left.

        Raises RunnerError, naming file and metric, if there are none or they can't be read.
        """
        path = self.scores_path(metric)
        if path.name != SCORES_FILE:
            return classifier_scores(self.predictions.of(split))[metric]
        there = self._scores
        if (split, metric) not in there:
            known = ", ".join(f"{name} on {cases}" for cases, name in there)
            what = f"there are no scores of '{metric}' on '{split}'"
            raise RunnerError(what, where=str(path), hint=f"there are: {known}")
        return there[split, metric]

    def has_scores(self, split: str, metric: str) -> bool:
        """Whether there are such scores; raises RunnerError if they can't be read."""
        path = self.scores_path(metric)
        if path.name != SCORES_FILE:
            return split in PREDICTED_SPLITS
        return self._is_there(path.name) and (split, metric) in self._scores

    def scores_path(self, metric: str) -> Path:
        """The file that ``scores`` reads for a metric."""
        predicted = self.result.training is not None and metric in PREDICTED
        return self.folder / (self._predictions_file if predicted else SCORES_FILE)

    def check_scores(self, keep: bool) -> None:
        """Raise RunnerError for a ``scores.npz`` that can't be read; there need be none."""
        if not self._is_there(SCORES_FILE):
            return
        if keep:
            self._scores  # noqa: B018  read now, and not again when it is asked for
        else:
            self._read_scores()

    @cached_property
    def _scores(self) -> ScoresByName:
        return self._read_scores()

    def _is_there(self, name: str) -> bool:
        return kind(self.folder / name, root_of(self.folder)) == "file"

    def _read_scores(self) -> ScoresByName:
        check_sealed(self.folder / SCORES_FILE)
        return read_scores(self.folder / SCORES_FILE)

    @property
    def leaves_measures(self) -> bool:
        """Whether the notebook left values or scores of its own."""
        return any(self._is_there(name) for name in (VALUES_FILE, SCORES_FILE))

    @cached_property
    def values(self) -> dict[str, Any]:
        """What the notebook left in ``values.json``; raises RunnerError if it can't be read."""
        path = self.folder / VALUES_FILE
        check_sealed(path)
        values = _read_json(path)
        if not isinstance(values, dict):
            raise RunnerError("not a JSON object", where=str(path))
        return values

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """All arrays of the file ``name`` in the folder.

        Raises RunnerError if it is unreadable, and when an array that is not there is asked for.
        """
        check_sealed(self.folder / name)
        return Named(read_arrays(self.folder / name), self.folder / name)


def read_result(folder: Path) -> Finished:
    """The finished variant in ``folder``.

    Raises RunnerError naming file and field if the record is missing, truncated, of another version
    or does not fit the schema.
    """
    path = folder / RESULT_FILE
    _refuse_other_version(_read_json(path), path)
    check_sealed(path)
    record = _validated(Result, path)
    if record.variant != folder.name:
        raise RunnerError(f"variant: is '{record.variant}', not '{folder.name}'", where=str(path))
    return Finished(record, folder)


def files_for_readers(folder: Path) -> list[Path]:
    """The files in a variant's folder, whoever put them there, but for hidden ones and models."""
    found = names_in(folder, root_of(folder))
    return [folder / n for n, k in found.items() if k == "file" and is_for_readers(folder / n)]


def is_for_readers(path: Path) -> bool:
    """Whether a file is neither hidden nor a model."""
    return not path.name.startswith(".") and path.suffix not in LEFT_OUT


def left_files(folder: Path, result: Result | None) -> Iterator[Path]:
    """The files for readers that the variant itself left in ``folder`` and that are there, in order.

    They are those that its record names; without such a record, those of this practice. Whatever else is in
    the folder, somebody else put there. Hidden files and models are for no reader.
    """
    for name in sorted(
        {RESULT_FILE, *(result.files if result is not None and result.files else LEFT_BEFORE)}
    ):
        path = folder / name
        if path.parent == folder and is_for_readers(path) and kind(path, root_of(folder)) == "file":
            yield path


def _refuse_other_version(content: Any, path: Path) -> None:
    """Raise RunnerError for a record of another version, which need not fit the schema otherwise."""
    version = content.get("schema_version", SCHEMA_VERSION) if isinstance(content, dict) else SCHEMA_VERSION
    if version != SCHEMA_VERSION:
        raise RunnerError(
            f"schema_version is {version!r}, this program reads {SCHEMA_VERSION}",
            where=str(path),
            hint="run 'all' again: the variant will be trained anew",
        )


def read_failure(folder: Path) -> Failure | None:
    """The failure left in ``folder``, if there is one that can be read."""
    try:
        return _validated(Failure, folder / FAILURE_FILE)
    except RunnerError:
        return None


def _read_json(path: Path) -> Any:
    try:
        return read_json(read_text(path, root_of(path.parent)), lambda found: Named(found, path))
    except FileNotFoundError:
        raise RunnerError("file is missing", where=str(path), hint="run 'all' again") from None
    except NotADirectoryError:
        raise RunnerError("file is missing", where=str(path), hint="run 'all' again") from None
    except (OSError, ValueError) as error:
        raise RunnerError(f"cannot be read: {error}", where=str(path)) from error


def _validated(kind: type[R], path: Path) -> R:
    content = _read_json(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the record"
        raise RunnerError(f"{field}: {first['msg']}", where=str(path)) from error
