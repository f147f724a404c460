"""The data sets as arrays, checked, and their split into training and validation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runner import limits
from runner.errors import InputError, RunnerError
from runner.results.npz import read_npz

CACHE_VARIABLE = "RUNNER_CACHE"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
CIFAR10_SHA256 = {
    "x_train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    "y_train": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
    "x_test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    "y_test": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
}
DIGITS_SHA256 = {
    "x_train": "b7099417e78c5067050fc5f137025a14a1b9280f6a4d696fbb3073245752b961",
    "y_train": "33fe81a53fa12d9cd119c74adab9b6b08a7d070ee62e736390c5cf89f00886b1",
    "x_test": "7432bb13267dea9810e8a24365b1ca66a82d9067200543048d860010547cc66c",
    "y_test": "70ee2850bb25b543ca4112717fd4396c3fb90bcb54d8015bd3f9c7c900966072",
}
PINNED = {"cifar10": CIFAR10_SHA256, "digits": DIGITS_SHA256}
CIFAR10_CLASSES = (
    "avión", "automóvil", "pájaro", "gato", "ciervo", "perro", "rana", "caballo", "barco", "camión",
)  # fmt: skip


@dataclass(frozen=True)
class Dataset:
    """Byte images (n, 32, 32, 3), integer labels (n,), and the SHA-256 of each array as bytes."""

    name: str
    label: str
    class_names: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    sha256: dict[str, str]


@dataclass(frozen=True)
class Split:
    """Places in the training set: disjoint, int64."""

    train: np.ndarray
    validation: np.ndarray


def cache_file(name: str) -> Path:
    """Where the data set is kept, in the user's cache folder (or that of ``RUNNER_CACHE``)."""
    import platformdirs

    folder = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("practica-cnn")
    return Path(folder) / f"{name}.npz"


def load(name: str) -> Dataset:
    """The data set ``cifar10`` (from the cache) or ``digits``, its hashes checked.

    Raises RunnerError if it is not in the cache or not what it should be.
    """
    if name == "cifar10":
        arrays = read_arrays(cache_file(name))
        return _dataset(name, "CIFAR-10", CIFAR10_CLASSES, arrays)
    if name == "digits":
        return _dataset(name, "dígitos de scikit-learn", tuple("0123456789"), _digits())
    raise InputError(f"no data set '{name}'; there are: {', '.join(PINNED)}")


def known(parameters: Mapping[str, object]) -> str | None:
    """The data set of this program that a run reads, if it names one; a notebook may mean another by it."""
    name = parameters.get("dataset")
    return name if isinstance(name, str) and name in PINNED else None


def fingerprint(name: str) -> str:
    """Hash that identifies the data set, known without reading it."""
    return hashlib.sha256("".join(PINNED[name].values()).encode()).hexdigest()


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The four arrays of an .npz file, as they are; raises RunnerError if it is missing or damaged."""
    try:
        arrays = read_npz(path, ARRAYS, limits.DATA_SET_BYTES)
    except FileNotFoundError:
        hint = "run 'python -m runner all', which fetches it"
        raise RunnerError("no such file", where=str(path), hint=hint) from None
    for key in ARRAYS:
        if key not in arrays:
            raise RunnerError(f"array missing: {key}", where=str(path))
    return arrays


def sha256(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Hash of each array as bytes in C order."""
    as_bytes = {k: np.ascontiguousarray(v, dtype=np.uint8) for k, v in arrays.items()}
    return {key: hashlib.sha256(array).hexdigest() for key, array in as_bytes.items()}  # type: ignore[arg-type]


def check(arrays: Mapping[str, np.ndarray], expected: Mapping[str, str], where: str) -> None:
    """Raise RunnerError naming the first array whose SHA-256 is not the ``expected`` one."""
    found = sha256(arrays)
    for key, value in expected.items():
        if found.get(key) != value:
            raise RunnerError(f"SHA-256 of {key} is not that of the original data", where=where)


def _dataset(
    name: str, label: str, class_names: tuple[str, ...], arrays: Mapping[str, np.ndarray]
) -> Dataset:
    check(arrays, PINNED[name], label)
    return Dataset(
        name=name,
        label=label,
        class_names=class_names,
        x_train=arrays["x_train"],
        y_train=arrays["y_train"].astype(np.int64),
        x_test=arrays["x_test"],
        y_test=arrays["y_test"].astype(np.int64),
        sha256=dict(PINNED[name]),
    )


def _digits() -> dict[str, np.ndarray]:
    """8x8 greys 0..16 to 32x32x3 bytes 0..255, each pixel a 4x4 square; a fifth is the test set."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    grey = (digits.images * 255 / 16).round().astype(np.uint8)
    images = np.repeat(np.kron(grey, np.ones((4, 4), np.uint8))[..., None], 3, axis=3)
    labels = digits.target.astype(np.uint8)
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=0)
    return {
        "x_train": images[train],
        "y_train": labels[train],
        "x_test": images[test],
        "y_test": labels[test],
    }


def split(labels: np.ndarray, *, validation_fraction: float, limit: int | None, seed: int) -> Split:
    """Stratified split of the training set with ``labels`` (n,), after taking ``limit`` images.

    The subset is stratified as well. Raises InputError for a fraction outside 0..1, or when there are
    too few images for every class to be in both parts.
    """
    from sklearn.model_selection import train_test_split

    if not 0 < validation_fraction < 1:
        raise InputError(f"validation_fraction must be between 0 and 1, not {validation_fraction}")
    places = np.arange(len(labels))
    try:
        if limit is not None and limit < len(labels):
            places, _ = train_test_split(places, train_size=limit, stratify=labels, random_state=seed)
        train, validation = train_test_split(
            places, test_size=validation_fraction, stratify=labels[places], random_state=seed
        )
    except ValueError as error:
        raise InputError(f"the data can't be split so: {error}") from error
    return Split(train, validation)
