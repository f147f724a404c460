"""Hashes of files: read again wherever the content may have changed, and only there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from runner import file_index
from runner.code_closure import package_files, read_source
from runner.file_index import LARGE_BYTES, FileIndex

LONG_AGO = 1_600_000_000


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a minute later than files say, so that what they hold is settled."""
    now = file_index.time.time_ns
    monkeypatch.setattr(file_index.time, "time_ns", lambda: now() + 60 * 10**9)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read."""
    found: list[str] = []
    digest = hashlib.file_digest

    def counted(file: object, name: str) -> object:
        found.append(Path(file.name).name)  # type: ignore[attr-defined]
        return digest(file, name)  # type: ignore[arg-type]

    monkeypatch.setattr(file_index.hashlib, "file_digest", counted)
    return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_did_not_change_is_read_once(tmp_path: Path, later: None, reads: list[str]) -> None:
    index, path = FileIndex(None), tmp_path / "a.csv"
    path.write_bytes(b"1")
    assert index.sha256(path) == index.sha256(path) == sha256(b"1")
    assert reads == ["a.csv"]


def test_what_changed_this_moment_is_read_each_time(tmp_path: Path, reads: list[str]) -> None:
    """Another change could have the same time and size."""
    index, path = FileIndex(None), tmp_path / "a.csv"
    path.write_bytes(b"1")
    index.sha256(path)
    index.sha256(path)
    assert len(reads) == 2


def test_no_date_hides_a_change(tmp_path: Path, later: None) -> None:
    """Neither an older one, as cp -p and unzip leave it, nor the same with the same size."""
    index, path, other = FileIndex(None), tmp_path / "a.csv", tmp_path / "other.csv"
    path.write_bytes(b"11")
    other.write_bytes(b"33")
    os.utime(path, (LONG_AGO, LONG_AGO))
    os.utime(other, (LONG_AGO, LONG_AGO))
    assert index.sha256(path) == sha256(b"11")
    path.write_bytes(b"22")
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert index.sha256(path) == sha256(b"22")
    shutil.copy2(other, path)
    assert index.sha256(path) == sha256(b"33")
    os.replace(other, path)
    assert index.sha256(path) == sha256(b"33")


def test_large_files_are_known_to_the_next_command(tmp_path: Path, later: None, reads: list[str]) -> None:
    large, small = tmp_path / "large.npz", tmp_path / "small.csv"
    for number in range(51):
        (tmp_path / f"{number}.npz").write_bytes(bytes(LARGE_BYTES))
    large.write_bytes(b"1" * LARGE_BYTES)
    small.write_bytes(b"1")
    index = FileIndex(tmp_path / "hashes.json")
    for path in tmp_path.iterdir():
        index.sha256(path)
    index.save()
    reads.clear()
    again = FileIndex(tmp_path / "hashes.json")
    assert again.sha256(large) == sha256(b"1" * LARGE_BYTES)
    assert again.sha256(small) == sha256(b"1")
    assert reads == ["small.csv"]
    large.write_bytes(b"2" * LARGE_BYTES)
    assert FileIndex(tmp_path / "hashes.json").sha256(large) == sha256(b"2" * LARGE_BYTES)


def test_little_news_is_not_written(tmp_path: Path) -> None:
    index = FileIndex(tmp_path / "hashes.json")
    (tmp_path / "a.csv").write_bytes(b"1")
    index.sha256(tmp_path / "a.csv")
    index.save()
    assert not (tmp_path / "hashes.json").exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"form": "0"}', json.dumps({"form": file_index.FORM, "files": {"a": 3}, "sources": 4}),
     json.dumps({"form": file_index.FORM, "files": [], "sources": {"x": {"digest": 1}}})],
)  # fmt: skip
def test_a_damaged_index_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "hashes.json").write_text(content)
    path = tmp_path / "a.py"
    path.write_text("import b")
    index = FileIndex(tmp_path / "hashes.json")
    assert index.sha256(path) == sha256(b"import b")
    assert index.source(path).imports == ("b",)


def test_sources_are_kept_by_their_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = FileIndex(tmp_path / "hashes.json")
    for number in range(5):
        (tmp_path / f"m{number}.py").write_text(f"VALUE = {number}")
        index.source(tmp_path / f"m{number}.py")
    index.save()
    monkeypatch.setattr(file_index, "read_source", lambda content: pytest.fail("parsed again"))
    again = FileIndex(tmp_path / "hashes.json")
    (tmp_path / "m0.py").write_text("VALUE = 4")
    assert again.source(tmp_path / "m0.py") == index.source(tmp_path / "m4.py")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where what was read of the program is kept, in a cache of this test's own."""
    kept = tmp_path / "cache" / file_index.PROGRAM_FILE
    monkeypatch.setattr(file_index, "_program_file", lambda: kept)
    _forget()
    yield kept
    _forget()


def _forget() -> None:
    """Be as a new process."""
    file_index._program.cache_clear()
    file_index._new.clear()


OWN = [path for _, path in package_files()][: file_index.WORTH_SOURCES]


def test_the_program_is_read_once_for_all_build_folders(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [FileIndex(tmp_path / "a.json").source(path) for path in OWN]
    file_index.save_program()
    _forget()
    monkeypatch.setattr(file_index, "read_source", _refuse)
    assert [FileIndex(tmp_path / "b.json").source(path) for path in OWN] == first


def test_programs_at_once_lose_nothing_of_each_other(cache: Path) -> None:
    assert file_index._program() == {}  # read before another process adds to it
    another = {"0" * 64: asdict(read_source(b"import math"))}
    cache.parent.mkdir()
    cache.write_text(json.dumps({"form": file_index.FORM, "sources": another}))
    for path in OWN:
        FileIndex(None).source(path)
    file_index.save_program()
    assert another.keys() < json.loads(cache.read_text())["sources"].keys()


def test_a_notebook_s_own_modules_are_not_kept_with_the_program(cache: Path, tmp_path: Path) -> None:
    index = FileIndex(None)
    for number in range(file_index.WORTH_SOURCES):
        path = tmp_path / f"module{number}.py"
        path.write_text(f"import math\nx = {number}\n")
        index.source(path)
    file_index.save_program()
    assert not cache.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"form": "0", "sources": {}}', '{"sources": 3}'])
def test_what_is_kept_of_the_program_and_makes_no_sense_is_read_again(
    content: str, cache: Path, tmp_path: Path
) -> None:
    cache.parent.mkdir()
    cache.write_text(content)
    expected = [read_source(path.read_bytes()) for path in OWN]
    assert [FileIndex(None).source(path) for path in OWN] == expected
    file_index.save_program()
    assert len(json.loads(cache.read_text())["sources"]) == len(OWN)


def test_without_a_cache_all_goes_on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.parent.write_text("no folder")
    assert [FileIndex(None).source(path) for path in OWN]
    file_index.save_program()
    monkeypatch.setattr(file_index, "_program_file", _refuse)
    _forget()
    assert [FileIndex(None).source(path) for path in OWN]
    file_index.save_program()


def _refuse(*_: object) -> None:
    raise RuntimeError("it is not to be asked")
