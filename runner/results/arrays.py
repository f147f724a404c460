"""Reads what a variant left in .npz files, and refuses what does not fit its record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runner import limits
from runner.build_folder import root_of
from runner.errors import RunnerError
from runner.results.npz import read_npz

CHANGES_NO_DIGIT = True  # of a training: see code_closure
PREDICTIONS = tuple(
    f"{split}_{part}"
    for split in ("validation", "test")
    for part in ("labels", "probabilities", "predicted", "true_probability", "cross_entropy")
)

PREDICTED_SPLITS = ("validation", "test")

SMALLEST_PROBABILITY = 1e-7  # a float32 softmax tells no smaller ones reliably; Keras clips here, too
AGREEMENT = 1e-3  # relative: how far a probability may be from the cross-entropy beside it

NUMBERS = "iuf"  # kinds of NumPy's types: whole ones, with a sign or not, and others


@dataclass(frozen=True)
class PredictedSet:
    """What a model said of each image of one set, arrays (n,).

    ``labels`` are the true classes, ``predicted`` the likeliest ones, ``true_probability`` is what the
    model gave to the true class, and ``cross_entropy`` the loss in nats from the logits, rounded to float32,
    as attachments keep it; None in files of former versions, which left it to be computed from clipped
    probabilities.
    """

    labels: np.ndarray
    predicted: np.ndarray
    true_probability: np.ndarray
    cross_entropy: np.ndarray | None = None


@dataclass(frozen=True)
class PredictedSets:
    """The predictions for the validation and the test images."""

    validation: PredictedSet
    test: PredictedSet

    def of(self, split: str) -> PredictedSet:
        """Those of one set; raises RunnerError for one that nothing was predicted of."""
        if split not in PREDICTED_SPLITS:
            hint = f"there are: {', '.join(PREDICTED_SPLITS)}"
            raise RunnerError(f"there are no predictions of '{split}'", hint=hint)
        return self.validation if split == "validation" else self.test


def predicted_set(labels: np.ndarray, probabilities: np.ndarray, cross_entropy: np.ndarray) -> PredictedSet:
    """What attachments keep of the probabilities (n, classes) and losses (n,) that a training leaves."""
    losses = _told(cross_entropy)
    return PredictedSet(labels, probabilities.argmax(axis=1), np.exp(-losses), losses)


def read_arrays(
    path: Path, names: Collection[str] | None = None, most_bytes: int | None = None
) -> dict[str, np.ndarray]:
    """Arrays of an .npz file, all or those of ``names`` that it has.

    Raises RunnerError if it is missing, damaged, or larger than ``most_bytes``, else than any result.
    """
    try:
        return read_npz(path, names, most_bytes or limits.UNPACKED_BYTES, root_of(path.parent))
    except (FileNotFoundError, NotADirectoryError):
        raise RunnerError("file is missing", where=str(path), hint="run 'all' again") from None


def read_predictions(path: Path, images: tuple[int, int], classes: int) -> PredictedSets:
    """Predictions of ``images`` validation and test images; raises RunnerError for other lengths.

    The file holds, for each set, labels and either the probabilities (n, classes), as training leaves
    them, or the likeliest classes with the losses, as the report's attachments do; those of former versions
    have the probabilities of the true classes beside them, or in their place.
    """
    arrays = read_arrays(path, PREDICTIONS)
    validation, test = images
    return PredictedSets(
        _split(arrays, "validation", validation, classes, path), _split(arrays, "test", test, classes, path)
    )


def _split(
    arrays: Mapping[str, np.ndarray], split: str, images: int, classes: int, path: Path
) -> PredictedSet:
    def checked(name: str, *shape: int) -> np.ndarray:
        name = f"{split}_{name}"
        if name not in arrays:
            raise RunnerError(f"array '{name}' is missing", where=str(path))
        if arrays[name].shape != shape:
            raise RunnerError(f"array '{name}' has shape {arrays[name].shape}, not {shape}", where=str(path))
        if arrays[name].dtype.kind not in NUMBERS:
            raise RunnerError(f"array '{name}' is of {arrays[name].dtype}, not of numbers", where=str(path))
        if not np.isfinite(arrays[name]).all():
            raise RunnerError(f"array '{name}' holds values that are no numbers", where=str(path))
        return arrays[name]

    def classes_of(name: str) -> np.ndarray:
        found = checked(name, images)
        if not np.issubdtype(found.dtype, np.integer) or found.min() < 0 or found.max() >= classes:
            problem = f"array '{split}_{name}' holds more than the classes 0 to {classes - 1}"
            raise RunnerError(problem, where=str(path))
        return found

    labels = classes_of("labels")

    def losses() -> np.ndarray | None:
        if f"{split}_cross_entropy" not in arrays:
            return None
        found = _told(checked("cross_entropy", images))
        if found.min() < 0 or not np.isfinite(found).all():
            raise RunnerError(f"array '{split}_cross_entropy' holds what is no loss", where=str(path))
        return found

    entropy = losses()
    if f"{split}_predicted" not in arrays:
        probabilities = checked("probabilities", images, classes)
        predicted, true = probabilities.argmax(axis=1), probabilities[np.arange(images), labels]
    else:
        predicted = classes_of("predicted")
        if entropy is not None and f"{split}_true_probability" not in arrays:
            return PredictedSet(labels, predicted, np.exp(-entropy), entropy)
        true = checked("true_probability", images)
    if entropy is not None:
        told, kept = (np.clip(each, SMALLEST_PROBABILITY, 1.0) for each in (np.exp(-entropy), true))
        if not np.allclose(told, kept, rtol=AGREEMENT, atol=0):
            problem = f"array '{split}_cross_entropy' is not that of the probabilities"
            raise RunnerError(problem, where=str(path))
    return PredictedSet(labels, predicted, true, entropy)


def _told(losses: np.ndarray) -> np.ndarray:
    """Losses as precise as they are kept."""
    return losses.astype(np.float32).astype(np.float64)
