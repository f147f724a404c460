"""What a finished (or failed) variant leaves behind, as typed records.

``build/results/<variant>/`` holds ``result.json`` (its presence means success), ``predictions.npz``,
``best_epoch.npz`` (the same at an earlier epoch, if that was the best), ``history.csv``, ``values.json``,
``scores.npz`` and whatever else the notebook left; a failed variant leaves ``failure.json`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field

from runner.files import Record
from runner.results.reasons import Recorded

CHANGES_NO_DIGIT = True  # of a training: see code_closure
SCHEMA_VERSION = 1

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Some = Annotated[float, Field(gt=0)]  # what others are divided by
Count = Annotated[int, Field(ge=1)]


def _of_our_time(moment: datetime) -> datetime:
    """A moment that clocks of any zone can show."""
    if not 1970 < moment.year < 9999:
        raise ValueError("not a date of our time")
    return moment


Moment = Annotated[datetime, AfterValidator(_of_our_time)]


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
    train_accuracy: Share
    validation_loss: float
    validation_cross_entropy: float
    validation_accuracy: Share
    train_seconds: Seconds
    validation_seconds: Seconds


class Scores(Record):
    """Metrics of the trained model on one set, all images seen once with the final weights."""

    loss: float
    cross_entropy: float
    accuracy: Share
    images: Count


class Evaluation(Record):
    """The three sets, evaluated with the final weights."""

    train: Scores
    validation: Scores
    test: Scores


class BestEpoch(Record):
    """The epoch (from 1) with the lowest validation cross-entropy, the first of equals, and how it did.

    Where it is the last one, the scores are those of the final weights.
    """

    epoch: Count
    validation: Scores
    test: Scores


class Timing(Record):
    """Seconds without validation; ``epoch_seconds`` is the median without the first epoch.

    The first epoch holds the tracing of the graph as well, and so does the first after an interruption,
    which the median leaves out, too. Where nothing else remains, it is of all.
    """

    first_epoch_seconds: Seconds
    epoch_seconds: Some
    train_seconds: Some
    validation_seconds: Seconds
    images_per_second: Seconds


class DataSummary(Record):
    """The data set, its hashes, and how many images each set holds."""

    name: str
    label: str
    class_names: Annotated[tuple[str, ...], Field(min_length=2)]
    sha256: dict[str, str]
    train_images: Count
    validation_images: Count
    test_images: Count


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
    ``lost_seconds`` left no epoch of this record. The first ``restored_epochs`` epochs are theirs. ``best``
    is None of a practice, or a version of this one, that keeps no weights of the best epoch.
    """

    model: ModelSummary
    epochs: Annotated[tuple[Epoch, ...], Field(min_length=1)]
    evaluation: Evaluation
    best: BestEpoch | None = None
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

    ``wall_seconds`` are of all its attempts, those that were cut off included; ``settings`` are the variables
    in force that decide how libraries compute. ``files`` are the names of all that the notebook left in its
    folder, by which the report knows what to attach; empty in records of earlier versions. ``precision`` is
    that of the training steps; a practice that knows no other computes as its own code does.
    """

    schema_version: int
    variant: str
    notebook: str
    notebook_sha256: str
    profile: str
    draft: bool
    precision: Literal["float32", "bfloat16"] = "float32"
    key: str
    key_parts: dict[str, str]
    parameters: dict[str, Any]
    started: Moment
    finished: Moment
    wall_seconds: float
    settings: dict[str, str] = Field(default_factory=dict)
    files: tuple[str, ...] = ()
    training: Training | None = None


class Failure(Record):
    """Why a variant did not finish: ``reason`` is told in one line, ``detail`` in full."""

    schema_version: int
    variant: str
    key: str
    reason: Recorded
    detail: str
    finished: Moment


@dataclass(frozen=True)
class Predictions:
    """What training leaves of both sets' images.

    Labels (n,), class probabilities (n, classes), and cross-entropies (n,) from the logits, in nats. ``best``
    are those of the best epoch, unless that is the last one or its weights were not kept.
    """

    validation_labels: np.ndarray
    validation_probabilities: np.ndarray
    validation_cross_entropy: np.ndarray
    test_labels: np.ndarray
    test_probabilities: np.ndarray
    test_cross_entropy: np.ndarray
    best: Predictions | None = None

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What one file holds, by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
