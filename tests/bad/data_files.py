"""Files given with ``--data`` that are not CIFAR-10, or not whole, or not harmless."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bad import Bad

TRAPPED = "trapped"  # a file that only a pickle which was obeyed makes
BATCHES = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
ANSWER = "the data given can't be used"


class Trap:
    """Unpickled, it makes a file in the current folder."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"__import__('pathlib').Path({TRAPPED!r}).touch()",)


def arrays(**others: np.ndarray) -> dict[str, np.ndarray]:
    """Five training images and one for the test, of the right form but for ``others``."""
    found = {
        "x_train": np.zeros((5, 32, 32, 3), np.uint8),
        "y_train": np.zeros(5, np.uint8),
        "x_test": np.zeros((1, 32, 32, 3), np.uint8),
        "y_test": np.zeros(1, np.uint8),
    }
    return found | others


def npz(**others: np.ndarray) -> Callable[[Path], object]:
    return lambda folder: np.savez(folder / "a.npz", **arrays(**others))  # type: ignore[arg-type]


def without(key: str) -> Callable[[Path], object]:
    kept = {name: array for name, array in arrays().items() if name != key}
    return lambda folder: np.savez(folder / "a.npz", **kept)  # type: ignore[arg-type]


def batch(**others: object) -> bytes:
    """One official batch of one image."""
    content = {b"data": np.zeros((1, 3072), np.uint8), b"labels": [0]}
    return pickle.dumps(content | {name.encode(): value for name, value in others.items()})


def batches(**others: bytes | None) -> dict[str, bytes]:
    """All six files but for ``others``; None leaves one out."""
    found = dict.fromkeys(BATCHES, batch()) | others
    return {name: content for name, content in found.items() if content is not None}


def folder_of(files: dict[str, bytes]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        (folder / "a").mkdir()
        for name, content in files.items():
            (folder / "a" / name).write_bytes(content)

    return make


def tar_of(
    files: dict[str, bytes], prefix: str = "cifar-10-batches-py/", kind: bytes = tarfile.REGTYPE
) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(prefix + name)
                entry.type, entry.linkname = kind, "/etc/passwd"
                entry.size = len(content) if kind == tarfile.REGTYPE else 0
                archive.addfile(entry, io.BytesIO(content))

    return make


def cut(make: Callable[[Path], object], keep: float) -> Callable[[Path], object]:
    """The only file that ``make`` leaves, but for its end."""

    def shorten(folder: Path) -> None:
        make(folder)
        (path,) = folder.iterdir()
        content = path.read_bytes()
        path.write_bytes(content[: int(keep * len(content))])

    return shorten


def written(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def altered(folder: Path) -> None:
    """A zip file with one byte of an array changed: its checksum no longer fits."""
    npz()(folder)
    content = bytearray((folder / "a.npz").read_bytes())
    content[5000] ^= 1
    (folder / "a.npz").write_bytes(content)


def huge(folder: Path) -> None:
    """A header that promises more than any memory holds."""
    head = io.BytesIO()
    shape = (10**15, 32, 32, 3)
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        for key in arrays():
            archive.writestr(f"{key}.npy", head.getvalue())


def picture(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height)).save(content, "png")
    return content.getvalue()


def npm(**others: bytes) -> dict[str, bytes]:
    """The npm package's files with one image a batch."""
    files = {f"{name}.png": picture(1024, 1) for name in BATCHES}
    labels = {"train_lables.json": json.dumps([0] * 5).encode(), "test_lables.json": b"[0]"}
    return files | labels | {name.replace("_json", ".json"): value for name, value in others.items()}


def wrong(name: str, path: str, make: Callable[[Path], object], *says: str) -> Bad:
    words = ("run", "baseline", "--profile", "full", "--build-dir", "{folder}/build", "--data", path)
    return Bad(f"data: {name}", words, (ANSWER, path, "hint: get the official archive", *says), make)


NPZ, TAR, FOLDER = "{folder}/a.npz", "{folder}/a.tar.gz", "{folder}/a"
ROWS = [
    wrong("nothing there", NPZ, lambda folder: None, "no such file or folder"),
    wrong("a pipe", NPZ, lambda folder: os.mkfifo(folder / "a.npz"), "neither a file nor a folder"),
    wrong("a text", "{folder}/a.csv", written("a.csv", b"1,2\n"), "not a form of CIFAR-10 known here"),
    wrong("empty .npz", NPZ, written("a.npz", b""), "damaged, or not an .npz file"),
    wrong("a text called .npz", NPZ, written("a.npz", b"1,2\n"), "damaged, or not an .npz file"),
    wrong("half an .npz", NPZ, cut(npz(), 0.5), "damaged, or not an .npz file"),
    wrong("an altered .npz", NPZ, altered, "Bad CRC-32"),
    wrong("an .npz without labels", NPZ, without("y_test"), "array missing: y_test"),
    wrong(
        "images as rows", NPZ, npz(x_train=np.zeros((5, 3072), np.uint8)), "x_train has the shape (5, 3072)"
    ),
    wrong("channels first", NPZ, npz(x_test=np.zeros((1, 3, 32, 32), np.uint8)), "x_test has the shape"),
    wrong("images 0 to 1", NPZ, npz(x_train=np.full((5, 32, 32, 3), 0.5)), "x_train does not hold whole"),
    wrong("labels NaN", NPZ, npz(y_train=np.full(5, np.nan)), "y_train does not hold whole numbers 0..255"),
    wrong("labels 999", NPZ, npz(y_train=np.full(5, 999)), "y_train does not hold whole numbers 0..255"),
    wrong("labels in words", NPZ, npz(y_test=np.array(["cat"])), "y_test does not hold whole numbers"),
    wrong("too few labels", NPZ, npz(y_train=np.zeros(4, np.uint8)), "x_train and y_train differ in length"),
    wrong("other images", NPZ, npz(), "SHA-256 of x_train is not that of the original data"),
    wrong("objects in .npz", NPZ, npz(y_test=np.array([Trap()], object)), "holds neither numbers nor"),
    wrong("more than memory", NPZ, huge, "{folder}/a.npz"),
    wrong("empty .tar.gz", TAR, written("a.tar.gz", b""), "damaged"),
    wrong("half a .tar.gz", TAR, cut(tar_of(batches()), 0.5), "damaged"),
    wrong("gz that is no tar", TAR, written("a.tar.gz", gzip.compress(b"1,2\n" * 99)), "damaged"),
    wrong("a .tar.gz without a batch", TAR, tar_of(batches(data_batch_3=None)), "holds no data_batch_3"),
    wrong("a .tar.gz that climbs", TAR, tar_of(batches(), prefix="../../"), "SHA-256 of x_train"),
    wrong("links in .tar.gz", TAR, tar_of(batches(), kind=tarfile.SYMTYPE), "holds no data_batch_1"),
    wrong("devices in .tar.gz", TAR, tar_of(batches(), kind=tarfile.CHRTYPE), "holds no data_batch_1"),
    wrong("code in .tar.gz", TAR, tar_of(batches(test_batch=pickle.dumps(Trap()))), "eval has no business"),
    wrong("an empty folder", FOLDER, folder_of({}), "holds no data_batch_1"),
    wrong("a folder without test", FOLDER, folder_of(batches(test_batch=None)), "holds no test_batch"),
    wrong("an empty batch", FOLDER, folder_of(batches(data_batch_2=b"")), "damaged"),
    wrong("half a batch", FOLDER, folder_of(batches(data_batch_2=batch()[:200])), "damaged"),
    wrong(
        "code in a batch", FOLDER, folder_of(batches(data_batch_2=batch(x=Trap()))), "eval has no business"
    ),
    wrong(
        "a batch that is a list",
        FOLDER,
        folder_of(batches(test_batch=pickle.dumps([1]))),
        "test_batch is not",
    ),
    wrong(
        "a batch without labels",
        FOLDER,
        folder_of(batches(test_batch=pickle.dumps({b"data": 1}))),
        "test_batch is not a batch of CIFAR-10: it needs data and labels",
    ),
    wrong(
        "rows of 3071",
        FOLDER,
        folder_of(batches(test_batch=batch(data=np.zeros((1, 3071), np.uint8)))),
        "cannot reshape",
    ),
    wrong("a label 300", FOLDER, folder_of(batches(test_batch=batch(labels=[300]))), "damaged", "300"),
    wrong("pictures too small", TAR, tar_of(npm() | {"test_batch.png": picture(1000, 1)}), "cannot reshape"),
    wrong("no picture", TAR, tar_of(npm() | {"data_batch_1.png": b"GIF"}), "cannot identify image file"),
    wrong("labels that are no JSON", TAR, tar_of(npm(test_lables_json=b"[0")), "damaged"),
]
