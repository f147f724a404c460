"""Reads CIFAR-10 from the forms in which it is distributed, into the four byte arrays."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np

from runner.errors import RunnerError
from runner.practice.data.sets import read_arrays

Arrays = dict[str, np.ndarray]
Reader = Callable[[str], bytes]

IMAGE = (32, 32, 3)
TRAINING_BATCHES = range(1, 6)
BATCHES = {*(f"data_batch_{n}" for n in TRAINING_BATCHES), "test_batch", "test_batch.png"}
MOST_BYTES = 64 * 2**20  # of a file: twice what a batch has
KINDS = {
    ".npz": "an .npz file",
    ".zip": "a .zip archive",
    ".tar": "a .tar archive",
    ".tgz": "a .tar.gz archive",
    ".gz": "a .tar.gz archive",
    ".bz2": "a .tar.bz2 archive",
    ".xz": "a .tar.xz archive",
}
PACKED = (".tar.gz", ".tgz", ".tar", ".zip")
OTHER_VERSIONS = {".bin": "C programs", ".mat": "Matlab"}
# Keras 3 calls what it unpacked and what it fetched so; Keras 2, torchvision and people, otherwise.
INNER_NAMES = (
    "cifar-10-batches-py",
    "cifar-10-batches-py-target",
    "cifar-10-batches-py-target_archive",
    "cifar-10-batches-py_extracted",
    *(
        f"cifar-10-{name}{kind}"
        for name in ("batches-py", "python")
        for kind in (".tar.gz", ".tgz", ".tar", ".zip")
    ),
    "cifar10.npz",
    "datasets",
)
F = TypeVar("F")
PICKLE_NAMES = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}


def read_any(path: Path) -> Arrays:
    """Arrays from an .npz, the official archive (packed or not, or as .zip), the npm package's, or a folder.

    A folder has the batches or pictures, or something that has them under a name that Keras or others give
    it. Raises RunnerError if it is none of these or is damaged.
    """
    if not path.exists():
        raise RunnerError("no such file or folder", where=str(path))
    if not path.is_file() and not path.is_dir():  # a pipe would be waited for without end
        raise RunnerError("neither a file nor a folder", where=str(path))
    try:
        if path.is_dir():
            return _read_folder(path)
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        if tarfile.is_tarfile(path):
            return _read_tar(path)
    except RunnerError:
        raise
    except Exception as error:  # a damaged archive raises anything: zlib, tarfile, pickle, numpy
        raise RunnerError(f"damaged: {error}", where=str(path)) from error
    for ending, kind in KINDS.items():
        if path.name.endswith(ending):
            raise RunnerError(f"damaged, or not {kind}", where=str(path))
    raise RunnerError(
        "not a form of CIFAR-10 known here",
        where=str(path),
        hint="give an .npz, cifar-10-python.tar.gz or the folder cifar-10-batches-py",
    )


def inner_places(folder: Path) -> tuple[Path, ...]:
    """What in a folder may hold the data, under the names that Keras and others give it."""
    return tuple(place for name in INNER_NAMES if (place := folder / name).exists())


def as_bytes(arrays: Mapping[str, np.ndarray], where: str) -> Arrays:
    """Images (n, 32, 32, 3) and labels (n,), uint8; those that are so already are the same objects.

    Labels (n, 1), which is how Keras gives them, are flattened. Raises RunnerError for any other shape,
    and for values that are not whole numbers 0..255.
    """
    found = {key: _array_as_bytes(key, array, where) for key, array in arrays.items()}
    for part in ("train", "test"):
        if len(found[f"x_{part}"]) != len(found[f"y_{part}"]):
            raise RunnerError(f"x_{part} and y_{part} differ in length", where=where)
    return found


def _array_as_bytes(key: str, array: np.ndarray, where: str) -> np.ndarray:
    if key.startswith("y_") and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    fits = array.ndim == 1 if key.startswith("y_") else array.ndim == 4 and array.shape[1:] == IMAGE
    if not fits:
        raise RunnerError(f"{key} has the shape {array.shape}", where=where)
    if array.dtype == np.uint8:
        return array
    whole = array.dtype.kind in "iuf" and bool(np.all((array >= 0) & (array <= 255) & (array % 1 == 0)))
    if not whole:
        raise RunnerError(f"{key} does not hold whole numbers 0..255", where=where)
    return array.astype(np.uint8)


def _read_folder(path: Path) -> Arrays:
    files = {each.name: each for each in path.iterdir() if each.is_file()}
    inner = () if BATCHES & files.keys() else inner_places(path)
    failures: list[RunnerError] = []
    for place in inner:  # one may be half unpacked, and another whole
        try:
            return read_any(place)
        except RunnerError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return _read_files(files, lambda file: file.stat().st_size, Path.read_bytes, path)


def _read_zip(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        members = {PurePosixPath(m.filename).name: m for m in archive.infolist() if not m.is_dir()}
        if "x_train.npy" in members or path.suffix == ".npz":
            return read_arrays(path)
        return _read_files(members, lambda member: member.file_size, archive.read, path)


def _read_tar(path: Path) -> Arrays:
    with tarfile.open(path) as archive:
        members = {PurePosixPath(m.name).name: m for m in archive.getmembers() if m.isfile()}

        def read(member: tarfile.TarInfo) -> bytes:
            content = archive.extractfile(member)
            assert content is not None  # it is a regular file
            return content.read()

        return _read_files(members, lambda member: member.size, read, path)


def _read_files(
    files: Mapping[str, F], size: Callable[[F], int], read: Callable[[F], bytes], where: Path
) -> Arrays:
    """The arrays from files by name, of whatever kind of folder."""

    def named(name: str) -> bytes:
        if name not in files:
            other = next((kind for kind in OTHER_VERSIONS if f"{name}{kind}" in files), None)
            version = (
                f": it is the version for {OTHER_VERSIONS[other]}, not the one for Python" if other else ""
            )
            raise RunnerError(f"holds no {name}{version}", where=str(where))
        if size(files[name]) > MOST_BYTES:
            raise RunnerError(f"{name} is larger than any file of CIFAR-10", where=str(where))
        return read(files[name])

    return _read_pictures(named) if "test_batch.png" in files else _read_batches(named)


def _read_batches(read: Reader) -> Arrays:
    """The official batches: pickles of rows of 3072 bytes, channel by channel."""
    batches = [_batch(f"data_batch_{n}", read) for n in TRAINING_BATCHES]
    test = _batch("test_batch", read)
    return {
        "x_train": np.concatenate([_images(b) for b in batches]),
        "y_train": np.concatenate([np.asarray(b[b"labels"], np.uint8) for b in batches]),
        "x_test": _images(test),
        "y_test": np.asarray(test[b"labels"], np.uint8),
    }


def _images(batch: Mapping[bytes, Any]) -> np.ndarray:
    rows = np.asarray(batch[b"data"], np.uint8)
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


class _Unpickler(pickle.Unpickler):
    """Admits the names that arrays need and nothing else: a pickle can run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in PICKLE_NAMES:
            raise pickle.UnpicklingError(f"{module}.{name} has no business in this file")
        return super().find_class(module, name)


def _batch(name: str, read: Reader) -> dict[bytes, Any]:
    batch = _Unpickler(io.BytesIO(read(name)), encoding="bytes").load()
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise pickle.UnpicklingError(f"{name} is not a batch of CIFAR-10: it needs data and labels")
    return batch


def _read_pictures(read: Reader) -> Arrays:
    """The npm package: pictures with one image of 32x32 pixels a row, labels as JSON."""
    return {
        "x_train": np.concatenate([_picture(read(f"data_batch_{n}.png")) for n in TRAINING_BATCHES]),
        "y_train": np.asarray(json.loads(read("train_lables.json")), np.uint8),
        "x_test": _picture(read("test_batch.png")),
        "y_test": np.asarray(json.loads(read("test_lables.json")), np.uint8),
    }


def _picture(content: bytes) -> np.ndarray:
    from PIL import Image

    with warnings.catch_warnings():
        # 1024 x 10000 pixels are what these pictures have; their hash is checked afterwards.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).reshape(-1, 32, 32, 3)
