"""Reads .npz files without trust: no pickles, nothing larger than it may be, and no array not asked for."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from runner import limits
from runner.errors import RunnerError
from runner.results.plain_files import PIECE, PlainFile, open_plain

CHANGES_NO_DIGIT = True  # of a training: see code_closure
SUFFIX = ".npy"
MAGIC = b"\x93NUMPY"
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
KINDS = "biufcSU"  # numbers and text of fixed width: no objects, no records
# The others unpack without an upper limit: some bytes of bzip2 are a gigabyte.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class PackedArray:
    """One array of an .npz file, of which but the header was read.

    ``shape`` and ``dtype`` are what the header says; the file does hold as many bytes.
    """

    def __init__(self, name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        """Raises ValueError for what is no array, or one of another kind than numbers and text."""
        self.name = name
        check_packing(member)
        self._stream = archive.open(member)
        self._head = self._stream.read(limits.ARRAY_HEADER_BYTES)
        head = io.BytesIO(self._head)
        if not self._head.startswith(MAGIC):
            raise ValueError(f"'{name}' is no array")
        version = np.lib.format.read_magic(head)
        if version not in HEADERS:
            raise ValueError(f"array '{name}' is of an unknown version")
        self.shape, self.fortran, self.dtype = HEADERS[version](head)
        self._begin = head.tell()
        self._check(member.file_size - self._begin)

    def _check(self, size: int) -> None:
        if self.dtype.kind not in KINDS or self.dtype.itemsize == 0:
            raise ValueError(f"array '{self.name}' holds neither numbers nor text")
        if len(self.shape) > limits.ARRAY_DIMENSIONS or any(n < 0 for n in self.shape):
            raise ValueError(f"array '{self.name}' has an impossible shape")
        if self.count * self.dtype.itemsize != size:
            raise ValueError(f"array '{self.name}' has another length than its header says")

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return self.count * self.dtype.itemsize

    def blocks(self) -> Iterator[np.ndarray]:
        """The elements in the order of the file, some at a time, arrays (n,); may be had once."""
        rest = self._head[self._begin :]
        whole = PIECE - PIECE % self.dtype.itemsize or self.dtype.itemsize
        while True:
            while len(rest) < whole and (more := self._stream.read(min(PIECE, whole - len(rest)))):
                rest += more
            if not rest:
                return
            yield np.frombuffer(rest, self.dtype)  # raises ValueError if the file ends early
            rest = b""

    def read(self) -> np.ndarray:
        """The whole array; may be had once."""
        return self.arranged(np.empty(self.count, self.dtype), self.blocks())

    def arranged(self, whole: np.ndarray, blocks: Iterator[np.ndarray]) -> np.ndarray:
        """``whole``, an array (count,), filled from ``blocks`` and given the shape of this one."""
        begin = 0
        for block in blocks:
            whole[begin : begin + len(block)] = block
            begin += len(block)
        return whole.reshape(self.shape, order="F" if self.fortran else "C")


class Npz:
    """An open .npz file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        if len(archive.filelist) > limits.ARRAYS:
            raise ValueError(f"it has {len(archive.filelist)} arrays, more than such a file may")
        self._archive = archive
        self.names = tuple(n.removesuffix(SUFFIX) for n in archive.namelist() if n.endswith(SUFFIX))

    def packed(self, name: str) -> PackedArray:
        """One array by its name, not yet read; raises KeyError if there is none, ValueError for no array."""
        if name not in self.names:
            raise KeyError(name)
        return PackedArray(name, self._archive, self._archive.getinfo(name + SUFFIX))


@contextmanager
def opened(file: PlainFile | io.BytesIO) -> Iterator[Npz]:
    """The arrays of an open file; whatever is wrong with it is raised as one of half a dozen kinds."""
    with zipfile.ZipFile(file) as archive:
        yield Npz(archive)


def read_npz(
    path: Path, names: Collection[str] | None, most_bytes: int, root: Path | None = None
) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, all or those of ``names`` that it has.

    Below ``root``, a build folder, no link is followed. Raises FileNotFoundError, and RunnerError for a file
    that is damaged, or whose arrays asked for take more than ``most_bytes`` together.
    """
    try:
        with open_plain(path, root) as file, opened(file) as npz:
            packed = [npz.packed(name) for name in npz.names if names is None or name in names]
            if sum(each.bytes for each in packed) > most_bytes:
                raise RunnerError(
                    f"its arrays have more than {most_bytes // limits.MIB} MiB", where=str(path)
                )
            return {each.name: each.read() for each in packed}
    except FileNotFoundError:
        raise
    except RunnerError as error:
        raise RunnerError(error.what, where=str(path), hint=error.hint) from None
    except Exception as error:  # numpy and zipfile raise half a dozen kinds for a damaged file
        raise RunnerError(f"cannot be read: {error}", where=str(path)) from error


def arrays_of(content: bytes, most_bytes: int) -> dict[str, np.ndarray]:
    """All arrays of an .npz file that was read; raises ValueError for a damaged one, and for more bytes."""
    try:
        with opened(io.BytesIO(content)) as npz:
            packed = [npz.packed(name) for name in npz.names]
            if sum(each.bytes for each in packed) <= most_bytes:
                return {each.name: each.read() for each in packed}
    except Exception as error:  # numpy and zipfile raise half a dozen kinds for a damaged file
        raise ValueError(f"no arrays: {error}") from error
    raise ValueError(f"its arrays have more than {most_bytes // limits.MIB} MiB")


def check_packing(member: zipfile.ZipInfo) -> None:
    """Raise ValueError for a member of a .zip file that is packed in a way without an upper limit."""
    if member.compress_type not in PACKINGS:
        raise ValueError(f"{member.filename!r} is packed in another way than deflate")
