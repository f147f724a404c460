"""``clean`` removes all that the program made, or nothing at all, and then says what is in the way."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from runner import made
from runner.build_folder import SEAL_FILE
from runner.cli import main
from runner.commands import clean
from runner.files import write_text
from runner.results.seal import seal
from tests.as_nobody import place_of_nobody, run_as_nobody


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder with files, folders in folders, a link, and something that is not the program's."""
    folder = tmp_path / "build"
    for name in ("results/baseline/result.json", "results/batch-4/deep/er/values.json", "figures/a.svg"):
        write_text(folder / name, name, folder)
    for name in ("report.pdf", "report.json", "run.json"):
        write_text(folder / name, name, folder)
    seal(folder / "results" / "batch-4")
    made.record(folder, folder / "work" / "empty")
    (folder / "work" / "empty").mkdir(parents=True)
    (folder / "work" / "empty" / "link").symlink_to(folder / "mine.txt")
    (folder / "mine.txt").write_text("mine")
    return folder


def state(folder: Path) -> dict[str, object]:
    """Everything below a folder: kind, rights, time of change and content."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        there = path.lstat()
        content = path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b""
        found[str(path.relative_to(folder))] = (there.st_mode, there.st_mtime_ns, content)
    return {name: each for name, each in found.items() if name not in (".lock", made.LIST_FILE)}


def cleaned(build: Path) -> int:
    return main(["clean", "--yes", "--build-dir", str(build)])


def test_all_that_was_made_is_gone_and_nothing_else(build: Path, tmp_path: Path) -> None:
    assert cleaned(build) == 0
    assert [path.name for path in build.iterdir()] == ["mine.txt"]
    (build / "mine.txt").unlink()
    write_text(build / "report.pdf", "", build)
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
    assert f"{build / name}: a symbolic link: it is not followed" in said
    assert "hint: remove it" in said
    assert state(build) == before
    assert (other / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_link_to_a_file_is_refused(
    there: bool, build: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if there:
        (tmp_path / "mine.pdf").write_text("mine")
    (build / "report.pdf").unlink()
    (build / "report.pdf").symlink_to(tmp_path / "mine.pdf")
    before = state(build)
    assert cleaned(build) == 2
    assert f"{build / 'report.pdf'}: a symbolic link" in capfd.readouterr().err
    assert state(build) == before


def test_a_build_folder_that_is_a_link_is_not_emptied(
    build: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link"
    link.symlink_to(build)
    before = state(build)
    assert cleaned(link) == 2
    said = capfd.readouterr().err
    assert "a link to another folder: nothing was removed" in said and f"--build-dir {build}" in said
    assert state(build) == before


def test_what_the_program_did_not_make_stays_and_is_named(
    build: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In its own folders, too, and beside a variant's results."""
    mine = ("results/mine.txt", "results/batch-4/notes.txt", "notebooks/draft.ipynb", "figures/own.svg")
    mine = (*mine, "results/other/result.json", "work/other/a.py", "checkpoints/x/epoch-1.npz")
    for name in mine:
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).write_text(name)
    assert cleaned(build) == 0
    said = capfd.readouterr().err
    left = sorted(p.relative_to(build).as_posix() for p in build.rglob("*") if p.is_file())
    assert left == sorted((*mine, "mine.txt"))
    assert "left, as this program did not make it" in said and all(name in said for name in mine)


def test_a_folder_that_the_program_never_used_is_left_as_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "D"
    (folder / "results" / "mine").mkdir(parents=True)
    (folder / "results" / "mine.txt").write_text("mine")
    (folder / "results" / "mine" / "result.csv").write_text("mine")
    before = state(folder)
    assert cleaned(folder) == 0
    assert state(folder) == before
    assert "results/mine.txt" in capfd.readouterr().err


def test_of_an_earlier_version_goes_what_only_the_program_makes(build: Path) -> None:
    """There is no list of what it made, and no seal: its names must do."""
    (build / made.LIST_FILE).unlink()
    for path in build.rglob(SEAL_FILE):
        path.unlink()
    own = ("results/batch-4/result.json", "results/batch-4/predictions.npz", "notebooks/batch-4.ipynb")
    own = (*own, "checkpoints/x/attempt.json", "checkpoints/x/epoch-3.npz", "work/y/notebook.ipynb")
    mine = ("results/batch-4/notes.txt", "notebooks/mine.ipynb", "checkpoints/x/mine.npz", "work/z/a.py")
    for name in (*own, *mine):
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).write_text(name)
    figures = {"fig-a": {"path": "figures/a.svg"}}
    (build / "figures" / "figures.json").write_text(json.dumps({"figures": figures}))
    assert cleaned(build) == 0
    left = sorted(p.relative_to(build).as_posix() for p in build.rglob("*") if not p.is_dir())
    assert left == sorted((*mine, "mine.txt", "results/batch-4/deep/er/values.json", "work/empty/link"))


@pytest.mark.parametrize(
    "line", ["../other/mine.txt", "/etc/passwd", "..", ".", "results/../../other/mine.txt", "a\0b", ""]
)
def test_a_list_that_names_what_is_outside_removes_nothing_there(
    line: str, build: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "mine.txt"
    other.parent.mkdir()
    other.write_text("mine")
    with (build / made.LIST_FILE).open("a") as file:
        file.write(f"\n{line}\n")
    assert cleaned(build) == 0
    assert other.read_text() == "mine" and Path("/etc/passwd").exists()
    assert [path.name for path in build.iterdir()] == ["mine.txt"]


def test_half_a_line_of_the_list_counts_for_nothing(build: Path) -> None:
    """As a machine leaves it that died; what is added later is a line of its own."""
    (build / "results" / "min").mkdir()
    (build / "results" / "min" / "result.json").write_text("mine")
    with (build / made.LIST_FILE).open("a") as file:
        file.write("\nresults/min")
    assert "results/min" not in made.recorded(build)
    write_text(build / "kernels.log", "", build)
    assert "kernels.log" in made.recorded(build)


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
    real = clean.remove_folder

    def busy(path: Path, root: Path) -> None:
        taken.append(path)
        if path.name == "batch-4":
            raise OSError(16, "Device or resource busy", str(path))
        real(path, root)

    monkeypatch.setattr(clean, "remove_folder", busy)
    assert cleaned(build) == 2
    said = capfd.readouterr().err
    assert f"{build / 'results' / 'batch-4'}: can't be removed (Device or resource busy)" in said
    assert "a file system is mounted there" in said
    assert len(taken) > 1
    assert state(build) == before


def test_an_interruption_puts_all_back(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = clean.remove_folder

    def interrupted(path: Path, root: Path) -> None:
        if path.name == "figures":
            raise KeyboardInterrupt
        real(path, root)

    before = state(build)
    monkeypatch.setattr(clean, "remove_folder", interrupted)
    assert cleaned(build) == 130
    assert state(build) == before


def test_what_a_killed_removal_left_is_removed(build: Path) -> None:
    made.record(build, build / ".removed-17")
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
