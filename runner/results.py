"""What a finished (or failed) variant leaves behind: typed records, written whole, read with care.

``build/results/<variant>/`` holds ``result.json`` (its presence means success), ``predictions.npz``,
``history.csv`` and whatever else the notebook left; a failed variant leaves ``failure.json`` only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from runner.arrays import PredictedSets, read_arrays, read_predictions
from runner.errors import RunnerError

SCHEMA_VERSION = 1
RESULT_FILE = "result.json"
FAILURE_FILE = "failure.json"
PREDICTIONS_FILE = "predictions.npz"
VALUES_FILE = "values.json"
TRAINING_FILE = "training.json"  # written by the kernel, folded into result.json


class Record(BaseModel):
    """A frozen record: no unknown field, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


R = TypeVar("R", bound=Record)


class Layer(Record):
    """One layer of the model; ``output_shape`` is without the batch dimension."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


class ModelSummary(Record):
    """The model's layers, its numbers of weights, and FLOPs of one forward pass of one image."""

    layers: tuple[Layer, ...]
    parameters: int
    trainable_parameters: int
    flops_per_image: int


class Epoch(Record):
    """One epoch (from 1). Training metrics are means over the epoch while the weights changed.

    ``loss`` is what was minimised; ``cross_entropy`` (nats) is the same for every variant. Seconds of
    training exclude validation.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_cross_entropy: float
    train_accuracy: float
    validation_loss: float
    validation_cross_entropy: float
    validation_accuracy: float
    train_seconds: float
    validation_seconds: float


class Scores(Record):
    """Metrics of the trained model on one set, all images seen once with the final weights."""

    loss: float
    cross_entropy: float
    accuracy: float
    images: int


class Evaluation(Record):
    """The three sets, evaluated with the final weights."""

    train: Scores
    validation: Scores
    test: Scores


class Timing(Record):
    """Seconds without validation; ``epoch_seconds`` is the median without the first epoch.

    The first epoch holds the tracing of the graph as well, and so does the first after an interruption,
    which the median leaves out, too. Where nothing else remains, it is of all.
    """

    first_epoch_seconds: float
    epoch_seconds: float
    train_seconds: float
    validation_seconds: float
    images_per_second: float


class DataSummary(Record):
    """The data set, its hashes, and how many images each set holds."""

    name: str
    label: str
    class_names: tuple[str, ...]
    sha256: dict[str, str]
    train_images: int
    validation_images: int
    test_images: int


class Environment(Record):
    """Where the variant was trained; ``threads`` is the cores its kernel was given."""

    python: str
    tensorflow: str
    keras: str
    numpy: str
    system: str
    processor: str
    cores: int
    threads: int
    onednn: bool
    gpus: tuple[str, ...]


class Training(Record):
    """All that was measured of one training run. ``memory_peak_bytes`` is of the whole kernel.

    ``interruptions`` counts the attempts that were cut off; they lasted ``earlier_seconds``, of which
    ``lost_seconds`` left no epoch of this record. The first ``restored_epochs`` epochs are theirs.
    """

    model: ModelSummary
    epochs: tuple[Epoch, ...]
    evaluation: Evaluation
    timing: Timing
    memory_peak_bytes: int
    data: DataSummary
    environment: Environment
    interruptions: int = 0
    restored_epochs: int = 0
    earlier_seconds: float = 0.0
    lost_seconds: float = 0.0


class Result(Record):
    """One finished variant. ``training`` is None for notebooks that train nothing.

    ``wall_seconds`` are of all its attempts, those that were cut off included.
    """

    schema_version: int
    variant: str
    notebook: str
    notebook_sha256: str
    profile: str
    draft: bool
    key: str
    key_parts: dict[str, str]
    parameters: dict[str, Any]
    started: datetime
    finished: datetime
    wall_seconds: float
    training: Training | None = None


class Failure(Record):
    """Why a variant did not finish, in one line (``reason``) and in full (``detail``)."""

    schema_version: int
    variant: str
    key: str
    reason: str
    detail: str
    finished: datetime


@dataclass(frozen=True)
class Predictions:
    """What training leaves: labels (n,) and class probabilities (n, classes) of both sets' images."""

    validation_labels: np.ndarray
    validation_probabilities: np.ndarray
    test_labels: np.ndarray
    test_probabilities: np.ndarray


@dataclass(frozen=True)
class Finished:
    """A finished variant: its record, its folder, and its arrays read when asked for."""

    result: Result
    folder: Path

    @property
    def training(self) -> Training:
        """The measurements; raises RunnerError for a notebook that trains nothing."""
        if self.result.training is None:
            raise RunnerError("this notebook trains nothing", where=self.result.variant)
        return self.result.training

    @cached_property
    def predictions(self) -> PredictedSets:
        """Arrays of ``predictions.npz``; raises RunnerError if they are missing or of wrong shape."""
        data = self.training.data
        images = data.validation_images, data.test_images
        return read_predictions(self.folder / PREDICTIONS_FILE, images, len(data.class_names))

    @cached_property
    def values(self) -> dict[str, Any]:
        """What the notebook left in ``values.json``; raises RunnerError if it can't be read."""
        path = self.folder / VALUES_FILE
        values = _read_json(path)
        if not isinstance(values, dict):
            raise RunnerError("not a JSON object", where=str(path))
        return values

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """All arrays of the file ``name`` in the folder; raises RunnerError if unreadable."""
        return read_arrays(self.folder / name)


def write_json(path: Path, content: Mapping[str, Any] | Record) -> None:
    """Write JSON without NaN, whole or not at all."""
    write_text(path, json_text(content))


def json_text(content: Mapping[str, Any] | Record) -> str:
    """The text of a JSON file, without NaN."""
    if isinstance(content, Record):
        content = content.model_dump(mode="json")
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_result(folder: Path) -> Finished:
    """The finished variant in ``folder``.

    Raises RunnerError naming file and field if the record is missing, truncated, of another version
    or does not fit the schema.
    """
    path = folder / RESULT_FILE
    record = _validated(Result, path)
    if record.schema_version != SCHEMA_VERSION:
        raise RunnerError(
            f"schema_version is {record.schema_version}, this program reads {SCHEMA_VERSION}",
            where=str(path),
            hint="run 'all' again: the variant will be trained anew",
        )
    return Finished(record, folder)


def read_failure(folder: Path) -> Failure | None:
    """The failure left in ``folder``, if there is one that can be read."""
    try:
        return _validated(Failure, folder / FAILURE_FILE)
    except RunnerError:
        return None


def _read_json(path: Path) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"holds {constant}, which is no JSON number")

    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except FileNotFoundError:
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
