"""Reads CIFAR-10 from the forms in which it is distributed, into the four byte arrays.

What is read is a stranger's until its hashes are checked: every reader here takes bounded memory and time
whatever the content asks for, and obeys nothing in it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np

from runner import limits
from runner.errors import RunnerError
from runner.practice.data.batches import as_labels, read_batch
from runner.practice.data.sets import ARRAYS
from runner.results import npz
from runner.results.plain_files import PIECE, PlainFile, open_plain

Arrays = dict[str, np.ndarray]
Reader = Callable[[str], bytes]

IMAGE = (32, 32, 3)
TRAINING_BATCHES = range(1, 6)
BATCHES = {*(f"data_batch_{n}" for n in TRAINING_BATCHES), "test_batch", "test_batch.png"}
TRAINING_LABELS, TEST_LABELS = "train_lables.json", "test_lables.json"  # as the npm package spells them
PICTURES = {*(f"data_batch_{n}.png" for n in TRAINING_BATCHES), TRAINING_LABELS, TEST_LABELS}
KINDS = {
    ".npz": "an .npz file",
    ".zip": "a .zip archive",
    ".tar": "a .tar archive",
    ".tgz": "a .tar.gz archive",
    ".gz": "a .tar.gz archive",
    ".bz2": "a .tar.bz2 archive",
    ".xz": "a .tar.xz archive",
}
OTHER_VERSIONS = {".bin": "C programs", ".mat": "Matlab"}
NAMES = {*BATCHES, *PICTURES, *(f"{name}{kind}" for name in BATCHES for kind in OTHER_VERSIONS)}
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
UNPACKERS: Mapping[bytes, Callable[[PlainFile], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}


class Files(NamedTuple):
    """The files of a folder or an archive by their names alone; ``read`` takes one that is there, once.

    It raises RunnerError for one that is larger than it may be.
    """

    names: Collection[str]
    read: Reader


def read_any(path: Path) -> Arrays:
    """Arrays from an .npz, the official archive (packed or not, or as .zip), the npm package's, or a folder.

    A folder has the batches or pictures, or something that has them under a name that Keras or others give
    it. Raises RunnerError if it is none of these or is damaged.
    """
    return _read(path, set())


def _read(path: Path, seen: set[tuple[int, int]]) -> Arrays:
    """``seen`` are the places that were looked at on the way: a folder may hold a link to itself."""
    if not path.exists():
        raise RunnerError("no such file or folder", where=str(path))
    if not path.is_file() and not path.is_dir():  # a pipe would be waited for without end
        raise RunnerError("neither a file nor a folder", where=str(path))
    try:
        if path.is_dir():
            return _read_folder(path, seen)
        with open_plain(path) as file:
            if (found := _read_file(file, path)) is not None:
                return found
    except RunnerError as error:
        raise RunnerError(error.what, where=error.where or str(path), hint=error.hint) from error
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


def _read_file(file: PlainFile, path: Path) -> Arrays | None:
    """The arrays of a file; None if it is of no kind known here."""
    if zipfile.is_zipfile(file):
        return _read_zip(file, path)
    file.seek(0)
    begin = file.read(max(map(len, UNPACKERS)))
    file.seek(0)
    unpacker = next((unpack for magic, unpack in UNPACKERS.items() if begin.startswith(magic)), None)
    stream = _Allowance(file if unpacker is None else unpacker(file))
    try:
        archive = tarfile.open(fileobj=stream, mode="r|", bufsize=limits.TAR_HEADERS_BYTES // 16)  # noqa: SIM115  # below
    except tarfile.ReadError:
        return None
    with archive:
        return _arrays(_tar_files(archive, stream), path)


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
    if not _fits(key, array.shape):
        raise RunnerError(f"{key} has the shape {array.shape}", where=where)
    array = array.reshape(array.shape[:1]) if key.startswith("y_") and array.ndim == 2 else array
    return _block_as_bytes(key, array, where)


def _fits(key: str, shape: tuple[int, ...]) -> bool:
    """Whether an array has the shape of images or, if it is called so, of labels."""
    if key.startswith("y_"):
        return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    return len(shape) == 4 and shape[1:] == IMAGE


def _block_as_bytes(key: str, array: np.ndarray, where: str) -> np.ndarray:
    """Numbers of any type as bytes; those that are so already are the same object."""
    if array.dtype == np.uint8:
        return array
    whole = array.dtype.kind in "iuf" and bool(np.all((array >= 0) & (array <= 255) & (array % 1 == 0)))
    if not whole:
        raise RunnerError(f"{key} does not hold whole numbers 0..255", where=where)
    return array.astype(np.uint8)


def _read_folder(path: Path, seen: set[tuple[int, int]]) -> Arrays:
    names = {name for name in NAMES if (path / name).is_file()}
    failures: list[RunnerError] = []
    for place in () if BATCHES & names else inner_places(path):
        status = place.stat()
        if (status.st_dev, status.st_ino) in seen or len(seen) >= limits.DATA_PLACES:
            continue
        seen.add((status.st_dev, status.st_ino))
        try:
            return _read(place, seen)  # one may be half unpacked, and another whole
        except RunnerError as error:
            failures.append(error)
    if failures:
        raise failures[0]

    def read(name: str) -> bytes:
        with open_plain(path / name) as file:
            return _whole(file, name, file.size)

    return _arrays(Files(names, read), path)


def _read_zip(file: PlainFile, path: Path) -> Arrays:
    with zipfile.ZipFile(file) as archive:
        members = {PurePosixPath(m.filename).name: m for m in archive.infolist() if not m.is_dir()}
        if "x_train.npy" in members or path.suffix == ".npz":
            return _read_npz(npz.Npz(archive), str(path))

        def read(name: str) -> bytes:
            npz.check_packing(members[name])
            with archive.open(members[name]) as content:
                return _whole(content, name, members[name].file_size)

        return _arrays(Files(members.keys(), read), path)


def _read_npz(arrays: npz.Npz, where: str) -> Arrays:
    """The four arrays, made bytes piece by piece: numbers of 64 bits would take eight times as much."""
    if missing := [key for key in ARRAYS if key not in arrays.names]:
        raise RunnerError(f"array missing: {missing[0]}", where=where)
    found: Arrays = {}
    for key in ARRAYS:
        packed = arrays.packed(key)
        if not _fits(key, packed.shape) or packed.shape[0] > limits.IMAGES:
            raise RunnerError(f"{key} has the shape {packed.shape}", where=where)
        blocks = (_block_as_bytes(key, block, where) for block in packed.blocks())
        found[key] = packed.arranged(np.empty(packed.count, np.uint8), blocks)
    return found


def _tar_files(archive: tarfile.TarFile, stream: _Allowance) -> Files:
    """The files of a .tar, which is read once from its begin to its end."""
    names: set[str] = set()
    held: dict[str, bytes] = {}
    size = 0
    for number, member in enumerate(archive):
        size += member.size
        if number >= limits.DATA_FILES or member.size < 0 or size > limits.DATA_BYTES:
            raise RunnerError("it holds more than CIFAR-10")
        stream.left = member.size + limits.TAR_HEADERS_BYTES
        name = PurePosixPath(member.name).name
        if not member.isfile() or member.issparse():
            continue
        names.add(name)
        if name in NAMES and (content := archive.extractfile(member)) is not None:
            held[name] = _whole(content, name, member.size)
    return Files(names, held.pop)


class _Allowance(io.BufferedIOBase):
    """A stream of which no more is read than there is ``left``: headers say themselves how long they are."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self.left = limits.TAR_HEADERS_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes; raises RunnerError if there are more than allowed."""
        content = self._stream.read(PIECE if size is None or size < 0 else min(size, PIECE))
        self.left -= len(content)
        if self.left < 0:
            raise RunnerError("a part of it is larger than it may be")
        return content


def _whole(file: IO[bytes], name: str, size: int) -> bytes:
    """The content of a file of this size, or of what is there of it."""
    if size > limits.DATA_FILE_BYTES:
        raise RunnerError(f"{name} is larger than any file of CIFAR-10")
    return b"".join(_pieces(file, size))


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (piece := file.read(min(size, PIECE))):
        size -= len(piece)
        yield piece


def _arrays(files: Files, where: Path) -> Arrays:
    """The arrays from files by name, of whatever kind of folder."""

    def named(name: str) -> bytes:
        if name not in files.names:
            other = next((kind for kind in OTHER_VERSIONS if f"{name}{kind}" in files.names), None)
            version = (
                f": it is the version for {OTHER_VERSIONS[other]}, not the one for Python" if other else ""
            )
            raise RunnerError(f"holds no {name}{version}", where=str(where))
        return files.read(name)

    return _read_pictures(named) if "test_batch.png" in files.names else _read_batches(named)


def _read_batches(read: Reader) -> Arrays:
    """The official batches: rows of 3072 bytes, channel by channel."""
    batches = [_batch(f"data_batch_{n}", read) for n in TRAINING_BATCHES]
    x_test, y_test = _batch("test_batch", read)
    return {
        "x_train": np.concatenate([images for images, _ in batches]),
        "y_train": np.concatenate([labels for _, labels in batches]),
        "x_test": x_test,
        "y_test": y_test,
    }


def _batch(name: str, read: Reader) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3) and labels (n,)."""
    batch = read_batch(name, read(name))
    images = batch.rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), batch.labels


def _read_pictures(read: Reader) -> Arrays:
    """The npm package: pictures with one image of 32x32 pixels a row, labels as JSON."""
    return {
        "x_train": np.concatenate([_picture(read(f"data_batch_{n}.png")) for n in TRAINING_BATCHES]),
        "y_train": _labels(read(TRAINING_LABELS)),
        "x_test": _picture(read("test_batch.png")),
        "y_test": _labels(read(TEST_LABELS)),
    }


def _labels(content: bytes) -> np.ndarray:
    if len(content) > limits.LABEL_FILE_BYTES:
        raise RunnerError("it holds more labels than CIFAR-10")
    found: Any = json.loads(content)
    return as_labels(found)


def _picture(content: bytes) -> np.ndarray:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # there is a limit of our own
        picture = Image.open(io.BytesIO(content), formats=("PNG",))
        if picture.width * picture.height > limits.PIXELS:
            raise RunnerError("a picture is larger than any of CIFAR-10")
        return np.asarray(picture.convert("RGB")).reshape(-1, 32, 32, 3)
