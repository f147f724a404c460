"""Files are written whole or not at all, through no link, and moved across file systems."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import files, gate
from runner.errors import InputError
from runner.execute.cause import cause_of
from runner.execute.task import replace_folder
from runner.files import ARRIVING, move, whole, write_bytes, write_text
from runner.gate import Strange, read_given
from runner.plan.experiments import read_experiments
from runner.plan.notebooks import check_notebook
from runner.results.seal import seal


def result(folder: Path, text: str) -> Path:
    """A finished variant's folder, sealed, with a folder in it."""
    (folder / "inner").mkdir(parents=True)
    for name in ("result.json", "inner/model.keras"):
        (folder / name).write_text(text)
    seal(folder)
    return folder


def texts(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.read_text() for path in found}


def test_the_two_are_apart_for_the_system(tmp_path: Path, elsewhere: Path) -> None:
    """The tests below try what they say."""
    with pytest.raises(OSError) as refused:
        os.replace(result(tmp_path / "a", "new"), elsewhere / "a")
    assert refused.value.errno == errno.EXDEV


@pytest.mark.parametrize("former", [True, False], ids=["a former result", "none"])
@pytest.mark.parametrize("apart", ["results", "work"])
def test_a_result_gets_its_place_on_another_file_system(
    tmp_path: Path, mount: Callable[[Path], Path], apart: str, former: bool
) -> None:
    """Whichever of the two folders is elsewhere: every variant was trained, then Errno 18."""
    mount(tmp_path / apart)
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
    tmp_path: Path, mount: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former result is in its place, the new one whole where it was, and no part of it elsewhere."""
    target = result(mount(tmp_path / "results") / "a", "old")
    source = result(tmp_path / "work" / "a", "new")

    def copy(path: Path, to: Path, **_: object) -> None:
        """As on a disk that is full after the first file."""
        if (to.parent / "inner").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))
        shutil.copyfile(path, to)

    monkeypatch.setattr(files.shutil, "copy2", copy)
    with pytest.raises(OSError) as refused:
        replace_folder(source, target)
    assert "disco" in str(cause_of(refused.value, tmp_path))
    assert texts(target) == {"old"} and [path.name for path in target.parent.iterdir()] == ["a"]
    assert (source / "result.json").read_text() == "new"


def test_what_was_left_by_a_copy_that_was_killed_is_no_part_of_the_next(
    tmp_path: Path, mount: Callable[[Path], Path]
) -> None:
    """It is removed first."""
    place = mount(tmp_path / "results")
    result(place / ARRIVING.format("a"), "half")
    replace_folder(result(tmp_path / "work" / "a", "new"), place / "a")
    assert texts(place) == {"new"}


def test_a_folder_of_a_layer_that_can_not_be_renamed_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's image has such: the former result can't be put aside but by copying."""
    target, rename = result(tmp_path / "results" / "a", "old"), os.replace
    lower = target.stat().st_ino

    def replace(
        source: str, to: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        if os.stat(source, dir_fd=src_dir_fd).st_ino == lower:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, to, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(gate.os, "replace", replace)
    replace_folder(result(tmp_path / "work" / "a", "new"), target)
    assert texts(tmp_path) == {"new"}
    assert [path.name for path in target.parent.iterdir()] == ["a"]


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(tmp_path: Path) -> None:
    """And none of the names that a temporary file once had."""
    victim, target = tmp_path / "victim", tmp_path / "build" / "requirements.lock"
    victim.write_text("mine")
    target.parent.mkdir()
    names = (target.name, f".{target.name}", f".{target.name}.{os.getpid()}.tmp")
    for name in names:
        (target.parent / name).symlink_to(victim)
    write_text(target, "packages", target.parent)
    assert victim.read_text() == "mine"
    assert target.read_text() == "packages" and not target.is_symlink()


@pytest.mark.parametrize("linked", ["a", "a/b"])
def test_a_link_on_the_way_is_refused(tmp_path: Path, linked: str) -> None:
    """Below the root; nothing is written or made where it leads."""
    other, root = tmp_path / "other", tmp_path / "root"
    other.mkdir()
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(other, target_is_directory=True)
    with pytest.raises(Strange, match="a symbolic link: it is not followed") as refused:
        write_text(root / "a" / "b" / "c", "x", root)
    assert refused.value.where == str(root / linked)
    assert not list(other.iterdir())


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    """Which folder it is, is the user's own choice."""
    (tmp_path / "real").mkdir()
    root = tmp_path / "root"
    root.symlink_to(tmp_path / "real", target_is_directory=True)
    write_text(root / "a" / "b", "x", root)
    assert (tmp_path / "real" / "a" / "b").read_text() == "x"


def test_two_that_write_at_once_have_files_of_their_own(tmp_path: Path) -> None:
    with whole(tmp_path / "a") as one, whole(tmp_path / "a") as other:
        assert one != other and one.exists() and other.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_fault_leaves_the_former_file_and_no_half_one(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(OSError) as refused, whole(tmp_path / "a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert refused.value.filename == str(tmp_path / "a")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_a_folder_in_the_place_of_a_file_is_told_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").mkdir()
    with pytest.raises(OSError) as refused:
        write_bytes(tmp_path / "report.pdf", b"x", tmp_path)
    assert refused.value.filename == str(tmp_path / "report.pdf") and refused.value.filename2 is None


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_rights_are_those_that_the_user_asks_for(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.skipif(os.name == "nt", reason="these kinds of files are not there")
def test_what_the_user_names_may_be_a_link_and_is_never_waited_for(tmp_path: Path) -> None:
    """A practice from somebody else has a pipe for a notebook, or a link to what never ends."""
    (tmp_path / "a.toml").write_text("x = 1")
    (tmp_path / "link.toml").symlink_to("a.toml")
    assert read_given(tmp_path / "link.toml") == b"x = 1"
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "endless.ipynb").symlink_to("/dev/zero")
    for name, kind in (("pipe.toml", "a pipe"), ("endless.ipynb", "a device")):
        with pytest.raises(InputError, match=f"no plain file, but {kind}"):
            read_given(tmp_path / name)
    with pytest.raises(InputError, match="a pipe"):
        read_experiments(tmp_path / "pipe.toml")
    with pytest.raises(InputError, match="a device"):
        check_notebook(tmp_path / "endless.ipynb")
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        read_given(tmp_path)
