"""Moves across file systems: a folder that is another disk, or a link to one."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from runner import files
from runner.execute.cause import cause_of
from runner.execute.task import replace_folder
from runner.files import ARRIVING, move


def result(folder: Path, text: str) -> Path:
    """A finished variant's folder, with a folder in it."""
    (folder / "inner").mkdir(parents=True)
    for name in ("result.json", "inner/model.keras"):
        (folder / name).write_text(text)
    return folder


def texts(folder: Path) -> set[str]:
    return {path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_two_are_apart_for_the_system(tmp_path: Path, elsewhere: Path) -> None:
    """The tests below try what they say."""
    with pytest.raises(OSError) as refused:
        os.replace(result(tmp_path / "a", "new"), elsewhere / "a")
    assert refused.value.errno == errno.EXDEV


@pytest.mark.parametrize("former", [True, False], ids=["a former result", "none"])
@pytest.mark.parametrize("linked", ["results", "work"])
def test_a_result_gets_its_place_on_another_file_system(
    tmp_path: Path, elsewhere: Path, linked: str, former: bool
) -> None:
    """Whichever of the two folders is elsewhere, and by a link: every variant was trained, then Errno 18."""
    (tmp_path / linked).symlink_to(elsewhere, target_is_directory=True)
    target = tmp_path / "results" / "a"
    if former:
        result(target, "old")
    replace_folder(result(tmp_path / "work" / "a", "new"), target)
    assert texts(target) == {"new"} and (target / "inner" / "model.keras").exists()
    assert [path.name for path in target.parent.iterdir()] == ["a"]
    assert not list((tmp_path / "work").iterdir())


def test_a_file_gets_its_place_on_another_file_system(tmp_path: Path, elsewhere: Path) -> None:
    """A notebook, in the place of the former one."""
    source, target = tmp_path / "notebook.ipynb", elsewhere / "a.ipynb"
    source.write_text("new")
    target.write_text("old")
    move(source, target)
    assert texts(elsewhere) == {"new"} and not source.exists()
    assert [path.name for path in elsewhere.iterdir()] == ["a.ipynb"]


def test_a_copy_that_is_cut_off_costs_neither(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former result is in its place, the new one whole where it was, and no part of it elsewhere."""
    target = result(elsewhere / "a", "old")
    source = result(tmp_path / "a", "new")

    def copy(path: Path, to: Path, **_: object) -> None:
        """As on a disk that is full after the first file."""
        if (to.parent / "inner").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))
        shutil.copyfile(path, to)

    monkeypatch.setattr(files.shutil, "copy2", copy)
    with pytest.raises(OSError) as refused:
        replace_folder(source, target)
    assert "disco" in str(cause_of(refused.value, tmp_path))
    assert texts(target) == {"old"} and [path.name for path in elsewhere.iterdir()] == ["a"]
    assert (source / "result.json").read_text() == "new"


def test_what_was_left_by_a_copy_that_was_killed_is_no_part_of_the_next(
    tmp_path: Path, elsewhere: Path
) -> None:
    """It is removed first."""
    result(elsewhere / ARRIVING.format("a"), "half")
    replace_folder(result(tmp_path / "a", "new"), elsewhere / "a")
    assert texts(elsewhere) == {"new"}


def test_a_folder_of_a_layer_that_can_not_be_renamed_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's image has such: the former result can't be put aside but by copying."""
    target, rename = result(tmp_path / "results" / "a", "old"), os.replace
    lower = target.stat().st_ino

    def replace(source: Path, to: Path) -> None:
        if Path(source).stat().st_ino == lower:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, to)

    monkeypatch.setattr(files.os, "replace", replace)
    replace_folder(result(tmp_path / "work" / "a", "new"), target)
    assert texts(tmp_path) == {"new"}
    assert [path.name for path in target.parent.iterdir()] == ["a"]
