"""Reads what a variant left in .npz files, and refuses what does not fit its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import numpy as np

from runner.build_folder import root_of
from runner.errors import RunnerError
from runner.gate import ARRAYS_LIMIT, MIB, UNPACKED_LIMIT, opened


@dataclass(frozen=True)
class PredictedSet:
    """What a model said of each image of one set, arrays (n,).

    ``labels`` are the true classes, ``predicted`` the likeliest ones, and ``true_probability`` is what the
    model gave to the true class.
    """

    labels: np.ndarray
    predicted: np.ndarray
    true_probability: np.ndarray


@dataclass(frozen=True)
class PredictedSets:
    """The predictions for the validation and the test images."""

    validation: PredictedSet
    test: PredictedSet


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Arrays of an .npz file; raises RunnerError if it is missing or damaged."""
    try:
        with opened(path, root_of(path.parent)) as file:
            _refuse_bomb(file)
            with np.load(file, allow_pickle=False) as data:
                return {name: data[name] for name in data.files}
    except (FileNotFoundError, NotADirectoryError):
        raise RunnerError("file is missing", where=str(path), hint="run 'all' again") from None
    except RunnerError:
        raise
    except Exception as error:  # numpy and zipfile raise half a dozen kinds for a damaged file
        raise RunnerError(f"cannot be read: {error}", where=str(path)) from error


def _refuse_bomb(file: IO[bytes]) -> None:
    """Raise ValueError for arrays that take too much memory, before any of them is unpacked."""
    with ZipFile(file) as archive:
        sizes = [entry.file_size for entry in archive.infolist()]
    if sum(sizes) > UNPACKED_LIMIT or len(sizes) > ARRAYS_LIMIT:
        raise ValueError(f"its {len(sizes)} arrays take {sum(sizes) // MIB} MiB, more than such a file may")
    file.seek(0)


def read_predictions(path: Path, images: tuple[int, int], classes: int) -> PredictedSets:
    """Predictions of ``images`` validation and test images; raises RunnerError for other lengths.

    The file holds, for each set, labels and either the probabilities (n, classes), as training leaves
    them, or what ``PredictedSet`` keeps of them, as the report's attachments do.
    """
    arrays = read_arrays(path)
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
        if not np.issubdtype(arrays[name].dtype, np.number) or not np.isfinite(arrays[name]).all():
            raise RunnerError(f"array '{name}' holds values that are no numbers", where=str(path))
        return arrays[name]

    def classes_of(name: str) -> np.ndarray:
        found = checked(name, images)
        if not np.issubdtype(found.dtype, np.integer) or found.min() < 0 or found.max() >= classes:
            problem = f"array '{split}_{name}' holds more than the classes 0 to {classes - 1}"
            raise RunnerError(problem, where=str(path))
        return found

    labels = classes_of("labels")
    if f"{split}_predicted" in arrays:
        return PredictedSet(labels, classes_of("predicted"), checked("true_probability", images))
    probabilities = checked("probabilities", images, classes)
    return PredictedSet(labels, probabilities.argmax(axis=1), probabilities[np.arange(images), labels])
