"""A full disk, a folder that can't be written, an odd path, a clock that went back."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.files import write_json
from runner.results.seal import seal
from tests.faults import plans
from tests.program import HANG_SECONDS, report_text, until
from tests.tiny_plan import open_gate

pytestmark = pytest.mark.faults

MEGABYTES = 24
FULL = ("No space left on device", "no space is left on the disk")  # of a command, and of a variant


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here (that needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, room: int) -> Path:
    """Leave so many bytes; the file that takes the others."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    filler.write_bytes(bytes(max(0, free - room)))
    return filler


# Of what a whole run leaves: room for nothing at all; to begin; to train, perhaps; not for the report.
@pytest.mark.parametrize("share", [0.0, 0.04, 0.3, 0.9])
def test_full_from_the_start(
    plan: Path, disk: Path, finished: Path, undisturbed: dict[str, dict[str, Any]], share: float
) -> None:
    build = disk / "build"
    needed = sum(path.stat().st_size for path in finished.rglob("*") if path.is_file())
    filler = fill(disk, int(share * needed))
    code, text = plans.run(plan, build)
    assert code in (1, 2), text
    assert "Traceback" not in text
    assert any(words in text for words in FULL)
    filler.unlink()
    code, text = plans.run(plan, build)
    assert code == 0, text
    assert plans.all_metrics(build) == undisturbed
    assert (build / "report.pdf").stat().st_size > 10_000


def test_a_full_disk_is_told_with_its_file(plan: Path, disk: Path) -> None:
    fill(disk, 0)
    code, text = plans.run(plan, disk / "build")
    assert code == 1, text
    assert f"error: {disk}" in text
    assert "free some space" in text


def test_full_in_the_middle_of_a_training(
    plan: Path, disk: Path, undisturbed: dict[str, dict[str, Any]]
) -> None:
    """What fails is told at the end, although nothing more can be written; then it goes on."""
    build = disk / "build"
    gate = disk.parent / "gate"
    process = plans.start(plan, build, gate=gate)
    until(lambda: plans.checkpointed(build, "good"))
    filler = fill(disk, 0)
    open_gate(gate, *plans.NAMES)
    assert process.wait(HANG_SECONDS) == 1
    text = plans.said(build)
    assert "Traceback" not in text
    assert any(words in text for words in FULL)
    assert "failed: good" in text
    filler.unlink()
    code, text = plans.run(plan, build)
    assert code == 0, text
    assert plans.all_metrics(build) == undisturbed


@pytest.mark.parametrize("share", [0.0, 0.8])
def test_full_while_the_report_is_made(plan: Path, disk: Path, finished: Path, share: float) -> None:
    """With no room at all, and with room for everything but the whole of the PDF: the old one stays."""
    build = disk / "build"
    shutil.copytree(finished, build)
    before = (build / "report.pdf").read_bytes()
    filler = fill(disk, int(share * len(before)))
    code, text = plans.run(plan, build, "--name", "Ana Núñez", command="report")
    assert code == 1, text
    assert "Traceback" not in text
    assert "No space left on device" in text
    assert "free some space" in text
    if share:
        assert f"error: {build}{os.sep}" in text
    assert (build / "report.pdf").read_bytes() == before
    assert not list(build.glob(".*.tmp"))
    filler.unlink()
    code, text = plans.run(plan, build, "--name", "Ana Núñez", command="report")
    assert code == 0, text
    assert "Ana Núñez" in report_text(build)


def test_a_folder_that_became_read_only(plan: Path, disk: Path, finished: Path) -> None:
    """Refused at once, with the folder's name; what was in it is as it was."""
    build = disk / "build"
    shutil.copytree(finished, build)
    before = {path: path.stat().st_mtime_ns for path in build.rglob("*")}
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in ("all", "report"):
        code, text = plans.run(plan, build, *(("--force",) if command == "all" else ()), command=command)
        assert code == 2, text
        assert "Traceback" not in text
        assert "Read-only file system" in text
        assert str(build) in text
    assert {path: path.stat().st_mtime_ns for path in build.rglob("*")} == before
    code, text = plans.run(plan, build, command="plan")
    assert code == 0, text


def test_a_path_with_blanks_accents_and_200_characters(
    plan: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]]
) -> None:
    name = "práctica ñ «5» 'x' & más, " + "muy larga " * 20
    build = tmp_path / name[:200].strip() / "build"
    build.parent.mkdir()
    assert len(str(build)) > 200
    code, text = plans.run(plan, build)
    assert code == 0, text
    assert plans.all_metrics(build) == undisturbed
    code, text = plans.run(plan, build)
    assert code == 0, text
    assert "up to date" in text


def test_the_clock_set_back(plan: Path, finished: Path, tmp_path: Path) -> None:
    """Files and results of what is now the future: nothing is trained again, and the report is made."""
    build = tmp_path / "build"
    shutil.copytree(finished, build)
    ahead = time.time() + 86_400 * 400
    for name, found in plans.results(build).items():
        folder = build / "results" / name
        later = {t: getattr(found.result, t) + timedelta(days=400) for t in ("started", "finished")}
        write_json(folder / "result.json", found.result.model_copy(update=later))
        seal(folder)
    for path in build.rglob("*"):
        os.utime(path, (ahead, ahead))
    (build / "report.pdf").unlink()
    for _ in range(2):  # the report is then older than the results, and is made each time, or kept
        code, text = plans.run(plan, build)
        assert code == 0, text
        assert "every variant is up to date" in text
        assert "Traceback" not in text
    assert (build / "report.pdf").stat().st_size > 10_000


@pytest.mark.parametrize("file", ["result.json", "predictions.npz", "history.csv"])
@pytest.mark.parametrize("how", ["truncated", "altered"])
def test_a_damaged_result_is_stale_and_no_other(
    plan: Path, finished: Path, tmp_path: Path, file: str, how: str
) -> None:
    """``plan`` names the file; one bit is enough."""
    build = tmp_path / "build"
    shutil.copytree(finished, build)
    path = build / "results" / "wide" / file
    content = path.read_bytes()
    middle = len(content) // 2
    rest = b"" if how == "truncated" else bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes(content[:middle] + rest)
    code, text = plans.run(plan, build, command="plan")
    assert code == 0, text
    assert "Traceback" not in text
    flat = "".join(text.replace("│", "").split())  # the table breaks lines
    assert flat.count("stale(") == 1
    assert file in flat


def test_damage_everywhere_is_made_good(
    plan: Path, finished: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]]
) -> None:
    """Each kind of file that a build folder holds, cut in half: ``all`` ends with the right digits."""
    build = tmp_path / "build"
    shutil.copytree(finished, build)
    for path in sorted(p for p in build.rglob("*") if p.is_file() and "wide" not in str(p)):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    code, text = plans.run(plan, build)
    assert code == 0, text
    assert "Traceback" not in text
    assert "1 variants to run" in text
    assert plans.all_metrics(build) == undisturbed
