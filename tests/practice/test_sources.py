"""Sources of the data: real archives of a tiny data set through the real code."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from runner import PROJECT_ROOT
from runner.commands.doctor import check_data
from runner.commands.request import Request
from runner.errors import InputError, RunnerError
from runner.limits import DATA_FILE_BYTES
from runner.practice.data import sets, sources
from runner.practice.data.archives import read_any
from runner.practice.data.downloads import Say
from runner.practice.data.sources import Source, obtain
from tests.program import HANG_SECONDS

TRAIN, TEST = 50, 10


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (TRAIN, 32, 32, 3), np.uint8),
        "y_train": random.integers(0, 10, TRAIN, np.uint8),
        "x_test": random.integers(0, 256, (TEST, 32, 32, 3), np.uint8),
        "y_test": random.integers(0, 10, TEST, np.uint8),
    }


def official_files(arrays: dict[str, np.ndarray], protocol: int = 4) -> dict[str, bytes]:
    """The official batches: rows of red, green and blue planes."""

    def batch(images: np.ndarray, labels: np.ndarray) -> bytes:
        rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        content = {b"data": rows, b"labels": labels.tolist(), b"batch_label": b"x"}
        return pickle.dumps(content, protocol=protocol)

    parts = zip(np.split(arrays["x_train"], 5), np.split(arrays["y_train"], 5), strict=True)
    files = {f"data_batch_{n}": batch(x, y) for n, (x, y) in enumerate(parts, start=1)}
    return files | {"test_batch": batch(arrays["x_test"], arrays["y_test"])}


def npm_files(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    def picture(images: np.ndarray) -> bytes:
        content = io.BytesIO()
        Image.fromarray(images.reshape(len(images), 1024, 3)).save(content, "png")
        return content.getvalue()

    parts = enumerate(np.split(arrays["x_train"], 5), start=1)
    files = {f"data_batch_{n}.png": picture(x) for n, x in parts}
    files["test_batch.png"] = picture(arrays["x_test"])
    files["train_lables.json"] = json.dumps(arrays["y_train"].tolist()).encode()
    files["test_lables.json"] = json.dumps(arrays["y_test"].tolist()).encode()
    return files


def make_tar(path: Path, folder: str, files: dict[str, bytes], mode: Literal["w", "w:gz"] = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"cifar-10-batches-py/{name}", content)
    return path


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


FORMS = [
    "npz", "tar.gz", "npm", "folder", "tar", "zip", "zip of arrays", "folder of Keras 3",
    "fetched by Keras 3", "home of Keras 2", "fetched by Keras 2", "half unpacked", "unpacked npm",
]  # fmt: skip


def make_form(form: str, folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    if form == "npz":
        np.savez(folder / "any.npz", **arrays)
        return folder / "any.npz"
    if form == "tar.gz":
        return make_tar(folder / "c.tar.gz", "cifar-10-batches-py", official_files(arrays))
    official = official_files(arrays)
    if form == "tar":
        return make_tar(folder / "cifar-10-python.tar", "cifar-10-batches-py", official, "w")
    if form == "zip":
        return make_zip(folder / "cifar.zip", official)
    if form == "zip of arrays":
        np.savez(folder / "any.npz", **arrays)
        return (folder / "any.npz").rename(folder / "cifar.zip")
    if form == "folder of Keras 3":
        fill(folder / "cifar-10-batches-py-target" / "cifar-10-batches-py", official)
        make_tar(folder / "cifar-10-batches-py-target_archive", "cifar-10-batches-py", official)
        return folder
    if form == "fetched by Keras 3":
        make_tar(folder / "cifar-10-batches-py-target_archive", "cifar-10-batches-py", official)
        return folder
    if form == "home of Keras 2":
        fill(folder / "datasets" / "cifar-10-batches-py", official)
        return folder
    if form == "fetched by Keras 2":
        make_tar(folder / "cifar-10-batches-py.tar.gz", "cifar-10-batches-py", official)
        return folder
    if form == "half unpacked":
        fill(folder / "cifar-10-batches-py", dict(list(official.items())[:2]))
        make_tar(folder / "cifar-10-python.tar.gz", "cifar-10-batches-py", official)
        return folder
    if form == "unpacked npm":
        return fill(folder, npm_files(arrays))
    if form == "npm":
        return make_tar(folder / "p.tgz", "package", npm_files(arrays))
    for name, content in official_files(arrays).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_arrays(form: str, tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    found = read_any(make_form(form, tmp_path, arrays))
    for name, array in arrays.items():
        assert np.array_equal(found[name], array), name


CUT = [(form, keep) for form in ("npz", "tar.gz", "npm", "tar", "zip") for keep in (0, 100, 0.5, 0.99)]
CUT.remove(("tar", 0.99))  # the end of a .tar is but zeros


@pytest.mark.parametrize(("form", "keep"), CUT)
def test_truncated_files_are_refused(
    form: str, keep: float, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    path = make_form(form, tmp_path, arrays)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])
    with pytest.raises(RunnerError) as caught:
        read_any(path)
    assert str(path) in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2")
    with pytest.raises(RunnerError, match="not a form of CIFAR-10"):
        read_any(tmp_path / "data.csv")
    with pytest.raises(RunnerError, match="no such file"):
        read_any(tmp_path / "none.npz")
    with pytest.raises(RunnerError, match="holds no data_batch_1"):
        read_any(tmp_path)
    np.savez(tmp_path / "half.npz", x_train=np.zeros(3))
    with pytest.raises(RunnerError, match="y_train"):
        read_any(tmp_path / "half.npz")


@pytest.mark.parametrize(("kind", "words"), [(".bin", "C programs"), (".mat", "Matlab")])
def test_the_other_official_versions_are_named(kind: str, words: str, tmp_path: Path) -> None:
    files = {f"{name}{kind}": b"x" for name in ("data_batch_1", "test_batch")}
    for path in (fill(tmp_path / "folder", files), make_zip(tmp_path / "a.zip", files)):
        with pytest.raises(RunnerError, match=f"it is the version for {words}"):
            read_any(path)


def test_a_file_larger_than_any_of_the_data_is_not_read(tmp_path: Path) -> None:
    """A few kilobytes may unpack to more than the memory holds."""
    large = {"data_batch_1": bytes(DATA_FILE_BYTES + 1)}
    for path in (make_zip(tmp_path / "a.zip", large), make_tar(tmp_path / "a.tgz", "a", large)):
        assert path.stat().st_size < 100_000
        with pytest.raises(RunnerError, match="data_batch_1 is larger than any file of CIFAR-10"):
            read_any(path)


def test_what_keras_has_fetched_is_taken_before_anything_is_downloaded(
    tmp_path: Path, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked as everything is: what is not CIFAR-10 is passed over."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "FALLBACKS", (Source("network", broken),))
    monkeypatch.setitem(sets.PINNED, "cifar10", sets.sha256(arrays))
    said: list[str] = []
    with pytest.raises(InputError) as caught:
        sources.ensure("cifar10", None, said.append)
    assert "Keras" not in str(caught.value).partition("hint")[0]
    make_form("fetched by Keras 3", fill(tmp_path / "keras" / "datasets", {}), arrays)
    found = sources.ensure("cifar10", None, print)
    assert found.origin == f"Keras's folder {tmp_path / 'keras' / 'datasets'}"
    found.path.unlink()
    monkeypatch.setitem(sets.PINNED, "cifar10", sets.sha256(arrays) | {"y_test": "0" * 64})
    with pytest.raises(InputError, match=r"Keras's folder .*: SHA-256 of y_test is not that"):
        sources.ensure("cifar10", None, print)


def test_the_user_s_home_may_be_written_as_a_tilde(
    tmp_path: Path, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sets.PINNED, "cifar10", sets.sha256(arrays))
    make_form("zip", tmp_path, arrays)
    assert sources.ensure("cifar10", "~/cifar.zip", print).origin == str(tmp_path / "cifar.zip")


def test_batches_as_python_2_and_old_numpy_wrote_them_are_read(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    for name, content in official_files(arrays, protocol=2).items():
        # Names are lines of text in this protocol, so that of the old module can be put in their place.
        (tmp_path / name).write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert b"numpy.core.multiarray" in (tmp_path / "test_batch").read_bytes()
    assert sets.sha256(read_any(tmp_path)) == sets.sha256(arrays)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("__import__('pathlib').Path('trapped').touch()",)


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: dict[str, np.ndarray]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = make_form("folder", tmp_path, arrays)
    (folder / "data_batch_3").write_bytes(pickle.dumps({b"data": Trap(), b"labels": []}))
    with pytest.raises(RunnerError, match=r"builtins\.eval has no business"):
        read_any(folder)
    assert not Path("trapped").exists()


def working(arrays: dict[str, np.ndarray]) -> Source:
    return Source("good", lambda folder, say: arrays)


def broken(folder: Path, say: Say) -> dict[str, np.ndarray]:
    (folder / "half").write_bytes(b"half")
    raise RunnerError("the network is gone")


def test_sources_are_tried_in_turn_and_failures_named(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    cached, said = tmp_path / "c.npz", list[str]()
    expected = sets.sha256(arrays)
    other = {**arrays, "y_test": arrays["y_test"][::-1]}
    tried = (Source("bad", broken), working(other), working(arrays))
    found = obtain(cached, expected, tried, said.append)
    assert found.origin == "good"
    assert "bad: the network is gone" in said[0]
    assert "SHA-256 of y_test" in said[1]
    sets.check(sets.read_arrays(cached), expected, "cache")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.lock", "c.npz"]
    again = obtain(cached, expected, (Source("bad", broken),), said.append)
    assert again.origin.startswith("cache")


@pytest.mark.parametrize("damage", ["truncated", "altered"])
def test_a_damaged_cache_is_named_and_replaced(
    damage: str, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    cached, said = tmp_path / "c.npz", list[str]()
    np.savez(cached, **{**arrays, "x_test": arrays["x_test"] ^ 1})
    if damage == "truncated":
        cached.write_bytes(cached.read_bytes()[:500])
    expected = sets.sha256(arrays)
    assert obtain(cached, expected, (working(arrays),), said.append).origin == "good"
    assert str(cached) in said[0]
    sets.check(sets.read_arrays(cached), expected, "cache")


def test_labels_as_keras_gives_them_are_flattened(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    columns = {key: arrays[key][:, None].astype(np.int64) for key in ("y_train", "y_test")}
    np.savez(tmp_path / "keras.npz", **{**arrays, **columns})
    given = Source("given", lambda folder, say: read_any(tmp_path / "keras.npz"))
    obtain(tmp_path / "c.npz", sets.sha256(arrays), (given,), print, use_cache=False)
    kept = sets.read_arrays(tmp_path / "c.npz")
    assert (kept["y_train"].shape, kept["y_train"].dtype) == ((TRAIN,), np.uint8)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("x_train", np.zeros((TRAIN, 3072), np.uint8), "shape"),
        ("x_test", np.full((TEST, 32, 32, 3), 0.5), "whole numbers"),
        ("y_test", np.full(TEST, np.nan), "whole numbers"),
        ("y_train", np.array(["cat"] * TRAIN), "whole numbers"),
        ("y_train", np.zeros(TRAIN - 1, np.uint8), "differ in length"),
    ],
)
def test_arrays_of_another_form_are_named(
    key: str, value: np.ndarray, message: str, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    source = working({**arrays, key: value})
    with pytest.raises(InputError, match=message):
        obtain(tmp_path / "c.npz", sets.sha256(arrays), (source,), print, use_cache=False)
    assert [p.name for p in tmp_path.iterdir()] == ["c.lock"]


def test_a_cache_of_the_right_bytes_in_another_shape_is_replaced(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    cached, said = tmp_path / "c.npz", list[str]()
    np.savez(cached, **{**arrays, "y_train": arrays["y_train"][:, None]})
    assert obtain(cached, sets.sha256(arrays), (working(arrays),), said.append).origin == "good"
    assert "another shape" in said[0]


def test_what_a_killed_run_left_is_removed(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    (tmp_path / ".fetch-c-abc").mkdir()
    (tmp_path / ".fetch-c-abc" / "half").write_bytes(b"half")
    (tmp_path / ".c.123.npz").write_bytes(b"half")
    obtain(tmp_path / "c.npz", sets.sha256(arrays), (working(arrays),), print)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.lock", "c.npz"]


def test_an_unusable_cache_folder_is_an_input_error(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="RUNNER_CACHE"):
        obtain(tmp_path / "file" / "c.npz", sets.sha256(arrays), (working(arrays),), print)


def test_when_nothing_works_all_is_listed_and_nothing_left(tmp_path: Path) -> None:
    tried = (Source("one", broken), Source("two", broken))
    with pytest.raises(InputError) as caught:
        obtain(tmp_path / "c.npz", {}, tried, lambda text: None)
    for words in ("one: the network is gone", "two:", "--data"):
        assert words in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["c.lock"]


def test_a_given_source_that_fails_is_not_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="no such file"):
        sources.ensure("cifar10", str(tmp_path / "none.npz"), lambda text: None)


def hold(path: str, ready: Event, heard: Event) -> None:
    with FileLock(path):
        ready.set()
        heard.wait()


def test_a_second_run_waits_for_the_first(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    context = multiprocessing.get_context("spawn")
    ready, heard = context.Event(), context.Event()
    process = context.Process(target=hold, args=(str(tmp_path / "c.lock"), ready, heard))
    process.start()
    assert ready.wait(HANG_SECONDS)
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        heard.set()

    obtain(tmp_path / "c.npz", sets.sha256(arrays), (working(arrays),), say)
    process.join()
    assert "waiting for another run" in said[0]


READ_ONLY = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
shift
exec "$@"
"""
OBTAIN = """
import json, sys
from pathlib import Path
from runner.practice.data import sources
print(sources.obtain(Path(sys.argv[1]), json.loads(sys.argv[2]), (), print).origin)
"""


def obtain_read_only(folder: Path, expected: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """``obtain`` without a source, where the cache's folder can't be written, in a name space of its own."""
    own = ["unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",))]
    words = [sys.executable, "-c", OBTAIN, str(folder / "c.npz"), json.dumps(expected)]
    command = [*own, "sh", "-c", READ_ONLY, "sh", str(folder), *words]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="no such mounts")
def test_a_cache_that_can_only_be_read_is_used_if_it_is_good(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    shared, empty = tmp_path / "shared", tmp_path / "empty"
    expected = sets.sha256(arrays)
    shared.mkdir()
    empty.mkdir()
    obtain(shared / "c.npz", expected, (working(arrays),), lambda text: None)
    done = obtain_read_only(shared, expected)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"cache ({shared / 'c.npz'})\n"
    done = obtain_read_only(empty, expected)
    assert done.returncode == 1
    assert "InputError: the data cache can't be used" in done.stderr
    assert "set RUNNER_CACHE to a folder that can be written" in done.stderr


def test_what_is_given_needs_no_cache_that_can_be_written_if_that_has_the_same(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    """It is still seen to be good. A folder in the lock's place refuses the administrator, too."""
    cached, expected, said = tmp_path / "c.npz", sets.sha256(arrays), list[str]()
    np.savez(cached, **arrays)
    (tmp_path / "c.lock").mkdir()
    found = obtain(cached, expected, (working(arrays),), said.append, use_cache=False)
    assert (found.path, found.origin) == (cached, "good")
    other = working({**arrays, "y_test": arrays["y_test"][::-1]})
    with pytest.raises(InputError, match="SHA-256 of y_test"):
        obtain(cached, expected, (other,), said.append, use_cache=False)
    cached.unlink()
    with pytest.raises(InputError, match="RUNNER_CACHE"):
        obtain(cached, expected, (working(arrays),), said.append, use_cache=False)


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_doctor_says_where_the_data_cannot_be_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """A cache that is damaged counts as none."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
    if content is not None:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "cifar10.npz").write_bytes(content)
    request = Request(build_dir=tmp_path / "build")  # not the one that whoever tests may have made
    finding = check_data(request)
    assert (finding.mend, "not in" in finding.text) == ("", True)
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "file" / "cache"))
    assert "set RUNNER_CACHE" in check_data(request).mend
