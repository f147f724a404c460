"""``clean`` removes all that the program made, or nothing at all, and then says what is in the way."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from runner.cli import main
from tests.as_nobody import place_of_nobody, run_as_nobody


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder with files, folders in folders, a link, and something that is not the program's."""
    folder = tmp_path / "build"
    for name in ("results/baseline/result.json", "results/batch-4/deep/er/values.json", "figures/a.svg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    for name in ("report.pdf", "report.json", "run.json", "mine.txt"):
        (folder / name).write_text(name)
    (folder / "work" / "empty").mkdir(parents=True)
    (folder / "figures" / "link").symlink_to(folder / "mine.txt")
    return folder


def state(folder: Path) -> dict[str, object]:
    """Everything below a folder: kind, rights, time of change and content."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        there = path.lstat()
        content = path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b""
        found[str(path.relative_to(folder))] = (there.st_mode, there.st_mtime_ns, content)
    return {name: each for name, each in found.items() if name != ".lock"}


def cleaned(build: Path) -> int:
    return main(["clean", "--yes", "--build-dir", str(build)])


def test_all_that_was_made_is_gone_and_nothing_else(build: Path, tmp_path: Path) -> None:
    assert cleaned(build) == 0
    assert [path.name for path in build.iterdir()] == ["mine.txt"]
    (build / "mine.txt").unlink()
    (build / "report.pdf").touch()
    assert cleaned(build) == 0
    assert not build.exists()


@pytest.mark.parametrize("name", ["results", "work", "notebooks"])
def test_a_link_to_another_folder_is_refused(
    name: str, build: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it leads to is not the program's, and the rest stays, too."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    if (build / name).exists():
        (build / name).rename(tmp_path / "before")
    (build / name).symlink_to(other)
    before = state(build)
    assert cleaned(build) == 2
    said = capfd.readouterr().err
    assert f"{build / name}: a link to another folder" in said and "nothing was removed" in said
    assert "hint" in said
    assert state(build) == before
    assert (other / "mine.txt").read_text() == "mine"


def test_a_link_that_leads_nowhere_and_one_to_a_file_are_removed(build: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.pdf").write_text("mine")
    (build / "report.pdf").unlink()
    (build / "report.pdf").symlink_to(tmp_path / "mine.pdf")
    (build / "kernels.log").symlink_to(tmp_path / "nowhere")
    assert cleaned(build) == 0
    assert [path.name for path in build.iterdir()] == ["mine.txt"]
    assert (tmp_path / "mine.pdf").read_text() == "mine"


def test_a_build_folder_that_is_a_link_is_emptied(build: Path, tmp_path: Path) -> None:
    (build / "mine.txt").unlink()
    link = tmp_path / "link"
    link.symlink_to(build)
    assert cleaned(link) == 0
    assert link.is_symlink() and not any(build.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
@pytest.mark.parametrize("name", ["results/batch-4", "results/batch-4/deep", "work", "figures"])
def test_a_folder_that_may_not_be_written_stops_it(name: str, build: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").touch()
    with place_of_nobody(build, tmp_path / "other") as place:
        build = place / "build"
        before = state(build)
        first, words = (["clean", "--yes", "--build-dir", str(place / each)] for each in ("other", "build"))
        done = run_as_nobody(first, words, build / name, 0o555)
        assert done.returncode == 2, done.stderr
        assert str(build / name) in done.stderr and "nothing was removed" in done.stderr
        assert "Traceback" not in done.stderr
        assert state(build) == before


def test_what_can_not_be_moved_in_the_middle_is_put_back(
    build: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As where a file system is mounted within."""
    before, taken = state(build), list[Path]()
    real = Path.rmdir

    def busy(path: Path) -> None:
        taken.append(path)
        if path.name == "batch-4":
            raise OSError(16, "Device or resource busy", str(path))
        real(path)

    monkeypatch.setattr(Path, "rmdir", busy)
    assert cleaned(build) == 2
    said = capfd.readouterr().err
    assert f"{build / 'results' / 'batch-4'}: can't be removed (Device or resource busy)" in said
    assert "a file system is mounted there" in said
    assert len(taken) > 1
    assert state(build) == before


def test_an_interruption_puts_all_back(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.rmdir

    def interrupted(path: Path) -> None:
        if path.name == "figures":
            raise KeyboardInterrupt
        real(path)

    before = state(build)
    monkeypatch.setattr(Path, "rmdir", interrupted)
    assert cleaned(build) == 130
    assert state(build) == before


def test_what_a_killed_removal_left_is_removed(build: Path) -> None:
    (build / ".removed-17").mkdir()
    (build / ".removed-17" / "0").touch()
    assert cleaned(build) == 0
    assert [path.name for path in build.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("answer", "code", "words"), [("n\n", 0, "nothing was removed"), ("", 2, "--yes")])
def test_without_a_yes_nothing_is_removed(
    answer: str,
    code: int,
    words: str,
    build: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = state(build)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert main(["clean", "--build-dir", str(build)]) == code
    assert words in capfd.readouterr().err
    assert state(build) == before
