"""A build folder from somebody else: links, pipes, others' files, odd records; nothing outside is touched."""

from __future__ import annotations

import io
import json
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from runner import PROJECT_ROOT, made
from runner.build_folder import (
    EXECUTED,
    HOLDER_FILE,
    RUN_FILE,
    SEAL_FILE,
    held,
    holder,
    notebook_of,
    result_folder,
    root_of,
    work_folder,
)
from runner.cli import main
from runner.errors import InputError, RunnerError
from runner.execute.task import replace_folder
from runner.files import write_json, write_text
from runner.gate import Strange, read_bytes
from runner.limits import FILE_BYTES
from runner.packages import write_lock
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.attachments import collect
from runner.report.handin import write_handin
from runner.results.arrays import read_arrays, read_predictions
from runner.results.awaited import read_awaited
from runner.results.finished import read_result
from runner.results.seal import seal
from runner.results.study import Study
from tests.made_up import make_study

PLAN = PROJECT_ROOT / "docs" / "example" / "experiments.toml"
SECRET = "a secret of the user's"
DEEP = "[" * 200_000
PLACES = (
    "run.json", "report.pdf", "requirements.lock", "awaited.json", "hashes.json", "made_from.json",
    "kernels.log", ".lock", ".lock.json", ".made", ".rehearsal.json", "entrega.json",
    "figures/.fig-line.svg", "figures/figures.json", "notebooks/line.ipynb", "results/.choices.json",
    "results/.index.json",
)  # fmt: skip
COMMANDS = ("all", "report", "plan", "clean")
FOLDER_PLACES = (
    "results", "work", "figures", "notebooks", "checkpoints", "results/line", "work/line", "checkpoints/line",
)  # fmt: skip


def command(name: str, build: Path) -> list[str]:
    return [name, *(["--yes"] if name == "clean" else []), "--plan", str(PLAN), "--build-dir", str(build)]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder in which something was made."""
    folder = tmp_path / "build"
    write_json(folder / RUN_FILE, {"profile": "full"}, folder)
    return folder


def pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def end(path: Path, _: Path) -> None:
    """A socket; its address has to be short."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.skipif(os.name == "nt", reason="these kinds of files are not there")
@pytest.mark.parametrize(
    ("name", "kind", "place"),
    [
        *(("plan", kind, place) for kind in (link, pipe) for place in PLACES),
        *((name, link, place) for name in COMMANDS for place in PLACES[:3]),
        ("plan", end, PLACES[0]),
    ],
)
def test_what_is_no_file_is_refused_before_anything_is_done(
    name: str,
    kind: Callable[[Path, Path], None],
    place: str,
    build: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Each would have been waited for, read into the report, or written through."""
    victim, path = tmp_path / "victim", build / place
    victim.write_text(SECRET)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    kind(path, victim)
    assert main(command(name, build)) == 2
    said = capfd.readouterr().err
    assert str(path) in said and "it is not followed" in said and "hint: remove it" in said
    assert "Traceback" not in said
    assert victim.read_text() == SECRET and os.path.lexists(path)


@pytest.mark.parametrize(
    ("name", "place"),
    [*(("all", place) for place in FOLDER_PLACES), *((name, FOLDER_PLACES[-1]) for name in COMMANDS[1:])],
)
def test_a_link_to_a_folder_is_refused_before_anything_is_done(
    name: str, place: str, build: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    for inner in ("mine.txt", "line/mine.txt", "line/result.json"):
        write_text(other / inner, SECRET)
    (build / place).parent.mkdir(exist_ok=True)
    (build / place).symlink_to(other, target_is_directory=True)
    assert main(command(name, build)) == 2
    said = capfd.readouterr().err
    assert f"{build / place}: a symbolic link" in said and "Traceback" not in said
    found = sorted(path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file())
    assert found == ["line/mine.txt", "line/result.json", "mine.txt"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(build: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.chown(build / RUN_FILE, 54321, -1)
    assert main(command("plan", build)) == 2
    assert f"{build / RUN_FILE}: of another user (number 54321)" in capfd.readouterr().err
    os.chown(build, 54321, -1)  # as on disks where all is one user's: who has the folder, has the files
    assert main(command("plan", build)) == 0


def test_a_link_by_the_name_of_a_former_temporary_file_is_not_written_through(
    build: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text(SECRET)
    (build / ".requirements.lock").symlink_to(victim)
    write_lock(build)
    assert victim.read_text() == SECRET
    assert (
        "pip" in (build / "requirements.lock").read_text()
        or "numpy" in (build / "requirements.lock").read_text()
    )


@pytest.mark.skipif(os.name == "nt", reason="these kinds of files are not there")
@pytest.mark.parametrize("kind", [link, pipe], ids=["link", "pipe"])
@pytest.mark.parametrize("file", ["result.json", "failure.json", SEAL_FILE])
def test_deeper_it_makes_the_result_one_to_be_run_again(
    file: str,
    kind: Callable[[Path, Path], None],
    build: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    victim, folder = tmp_path / "victim", result_folder(build, "line")
    victim.write_text(SECRET)
    write_json(folder / "result.json", {"schema_version": 1}, build)
    (folder / file).unlink(missing_ok=True)
    kind(folder / file, victim)
    assert main(command("plan", build)) == 0
    printed = capfd.readouterr()
    assert "done" not in printed.out and "Traceback" not in printed.err
    with pytest.raises(RunnerError):
        read_result(folder)


# --- what is attached


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """Made-up results, and a file that a notebook of another practice left, in one's record."""
    folder = tmp_path_factory.mktemp("made")
    make_study(folder)
    baseline = result_folder(folder, "baseline")
    content = json.loads((baseline / "result.json").read_text())
    names = ("predictions.npz", "points.csv", ".hidden.csv", "model.keras", "deep/er.csv", "gone.csv")
    write_json(baseline / "result.json", content | {"files": names})
    for name in ("points.csv", ".hidden.csv", "model.keras", "deep/er.csv"):
        write_text(baseline / name, "1,2\n")
    from runner.analysis.loading import load_study

    return load_study(make_plan(DEFAULT_PLAN, "full"), folder), folder


def attached(study: tuple[Study, Path]) -> set[str]:
    plan = make_plan(DEFAULT_PLAN, "full")
    files = collect(study[0], plan, study[1], plan.templates)
    assert not any(SECRET.encode() in each.content for each in files)
    return {each.path for each in files}


def test_only_what_a_record_names_is_attached(study: tuple[Study, Path], tmp_path: Path) -> None:
    """Not what merely lies in the folder, be it a file or a link to a secret."""
    _, build = study
    victim = tmp_path / "victim"
    victim.write_text(SECRET)
    for name in ("baseline", "batch-4"):
        (result_folder(build, name) / "notes.txt").write_text(SECRET)
        (result_folder(build, name) / "id_rsa").symlink_to(victim)
    found = {path for path in attached(study) if path.startswith("results/baseline/")}
    assert found == {f"results/baseline/{n}" for n in ("result.json", "predictions.npz", "points.csv")}
    assert {p for p in attached(study) if p.startswith("results/batch-4/")} == {
        f"results/batch-4/{n}" for n in ("result.json", "predictions.npz", "best_epoch.npz")
    }


@pytest.mark.parametrize("name", ["points.csv", "predictions.npz"])
def test_a_link_by_the_name_of_a_result_is_never_attached(
    study: tuple[Study, Path], tmp_path: Path, name: str
) -> None:
    _, build = study
    path, victim = result_folder(build, "baseline") / name, tmp_path / "victim"
    victim.write_text(SECRET)
    content = path.read_bytes()
    path.unlink()
    path.symlink_to(victim)
    assert f"results/baseline/{name}" not in attached(study)
    path.unlink()
    path.write_bytes(content)


def test_a_link_in_the_place_of_what_is_attached_once_stops_the_report(
    study: tuple[Study, Path], tmp_path: Path
) -> None:
    _, build = study
    path, victim = build / "requirements.lock", tmp_path / "victim"
    victim.write_text(SECRET)
    path.symlink_to(victim)
    with pytest.raises(Strange, match="a symbolic link"):
        attached(study)
    path.unlink()


# --- what others put into the program's folders


def test_a_result_takes_the_place_of_another_and_others_files_stay(build: Path) -> None:
    """What somebody else put beside the results is there afterwards, under another name if it is taken."""
    target, source = result_folder(build, "line"), work_folder(build, "line")
    write_text(target / "result.json", "old")
    write_text(target / "old.csv", "old")
    seal(target)
    mine = {"notes.txt": "mine", "deep/mine.txt": "mine", "new.csv": "mine"}
    for name, text in mine.items():
        write_text(target / name, text)
    for name in ("result.json", "new.csv"):
        write_text(source / name, "new")
    seal(source)
    replace_folder(source, target)
    left = {p.relative_to(target).as_posix(): p.read_text() for p in target.rglob("*") if p.is_file()}
    left.pop(SEAL_FILE)
    assert left == {
        "result.json": "new", "new.csv": "new", "new.csv.2": "mine",
        "notes.txt": "mine", "deep/mine.txt": "mine",
    }  # fmt: skip
    assert [path.name for path in target.parent.iterdir()] == ["line"]


@pytest.mark.parametrize("place", ["work/line/mine.txt", "results/line", "checkpoints/line"])
def test_nothing_is_run_where_somebody_else_has_the_place(
    place: str, build: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_text(build / place, "mine")
    assert main(command("all", build)) == 2
    said = capfd.readouterr().err
    folder = build / "/".join(place.split("/")[:2])
    assert f"{folder}: stands in the place of a folder of this program's" in said
    assert (build / place).read_text() == "mine"


def test_a_notebook_that_leaves_a_link_leaves_no_result(build: Path, tmp_path: Path) -> None:
    folder = work_folder(build, "line")
    write_text(folder / EXECUTED, "{}")
    (folder / "data.csv").symlink_to(tmp_path)
    with pytest.raises(Strange, match="a symbolic link"):
        seal(folder, but=EXECUTED)
    assert not (folder / SEAL_FILE).exists()


def test_a_seal_that_lists_what_is_outside_is_none(build: Path) -> None:
    folder = result_folder(build, "line")
    for name in ("../../run.json", "/etc/passwd", "a/../../b", ""):
        write_json(folder / SEAL_FILE, {name: "0" * 64})
        with pytest.raises(RunnerError, match="outside the folder"):
            read_result_seal(folder)


def read_result_seal(folder: Path) -> None:
    from runner.results.seal import broken

    for fault in broken(folder):
        raise fault


# --- odd records, bounded


ODD_NOTES = (
    DEEP, '{"a":' * 200_000, '{"seeds": {"count": 1000000000}}', '{"seeds": {"more": {"line": 1000000000}}}',
    '{"seeds": {"count": -1}}', '{"names": 5}', '{"author": {"names": 5}}', '{"author": 5}', "5", "\0", "[]",
)  # fmt: skip


@pytest.mark.parametrize("content", ODD_NOTES, ids=lambda text: repr(text[:24]))
def test_an_odd_note_is_told_of_and_taken_as_none(
    content: str, build: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (build / RUN_FILE).write_text(content)
    assert main(command("plan", build)) == 0
    said = capfd.readouterr()
    assert "Traceback" not in said.err and f"{build / RUN_FILE}: can't be read" in said.err
    assert "line~2" not in said.out


@pytest.mark.parametrize("content", [DEEP, '{"names": 5}', "5", '{"pid": [1, "\\u001b[2J"]}', "\0"])
def test_who_holds_the_folder_is_told_whatever_is_noted(
    content: str, build: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with held(build, False, print):
        (build / HOLDER_FILE).write_text(content)
        assert holder(build) == "it does not say which"
        with pytest.raises(InputError, match="another run is using"), held(build, False, print):
            pass


def test_who_holds_the_folder_is_told_without_orders_to_the_terminal(build: Path) -> None:
    told = {"pid": 1, "host": "\x1b[2J", "since": "x" * 10_000, "command": "c"}
    write_json(build / HOLDER_FILE, told)
    assert "\x1b" not in holder(build) and len(holder(build)) < 1000


@pytest.mark.parametrize("content", [DEEP, "5", '{"line": 5}', "\0"])
def test_an_odd_list_of_what_is_awaited_is_none(content: str, build: Path) -> None:
    (build / "awaited.json").write_text(content)
    assert read_awaited(build) == {}


def test_a_file_that_is_too_large_is_not_read(build: Path) -> None:
    """A hole takes no room on the disk; read, it would take all of the memory."""
    path = build / RUN_FILE
    os.truncate(path, FILE_BYTES[".json"] + 1)
    with pytest.raises(Strange, match="larger than 64 MiB"):
        read_bytes(path, build)
    assert main(command("plan", build)) == 2


def bomb(arrays: int, megabytes: int) -> bytes:
    """Arrays of zeros, packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(arrays):
            with archive.open(f"a{number}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_1_0(
                    file, {"descr": "|u1", "fortran_order": False, "shape": (megabytes * 2**20,)}
                )
                for _ in range(megabytes):
                    file.write(bytes(2**20))
    return buffer.getvalue()


@pytest.mark.parametrize(("arrays", "megabytes"), [(1, 600), (10_001, 0)])
def test_arrays_that_would_fill_the_memory_are_not_unpacked(arrays: int, megabytes: int, build: Path) -> None:
    path = result_folder(build, "line") / "predictions.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(bomb(arrays, megabytes))
    with pytest.raises(RunnerError, match=r"more than (such a file may|512 MiB)"):
        read_arrays(path)


def test_what_the_program_makes_is_on_its_list(build: Path) -> None:
    write_lock(build)
    write_text(result_folder(build, "line") / "a" / "b.csv", "", build)
    assert made.recorded(build) == {"run.json", "requirements.lock", "results", "results/line"}
    assert root_of(result_folder(build, "line")) == build


def test_predictions_of_text_are_damaged_ones(build: Path) -> None:
    """NumPy can't tell whether words are finite."""
    path = result_folder(build, "line") / "predictions.npz"
    path.parent.mkdir(parents=True)
    labels, words = np.zeros(2, np.uint8), np.array([["a", "b"], ["c", "d"]])
    np.savez(
        path,
        **{
            f"{s}_{n}": a
            for s in ("validation", "test")
            for n, a in (("labels", labels), ("probabilities", words))
        },
    )
    with pytest.raises(RunnerError, match="not of numbers"):
        read_predictions(path, (2, 2), 2)


@pytest.mark.parametrize(
    "content",
    [DEEP, "5", "[]", '{"cells": 5, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "\0"],
    ids=lambda text: repr(text[:12]),
)
def test_an_odd_notebook_becomes_a_notice(study: tuple[Study, Path], content: str) -> None:
    assert "no se puede leer" in handed_in(study, content)


@pytest.mark.parametrize(
    "source", ["not Python (", "-" * 100_000 + "1", "\0", "+".join("1" * 5000)], ids=lambda t: t[:8]
)
def test_a_notebook_that_is_not_python_is_handed_in_as_it_is(study: tuple[Study, Path], source: str) -> None:
    tags: dict[str, object] = {"tags": ["injected-parameters"]}
    cell = {"cell_type": "code", "id": "a", "metadata": tags, "source": source, "execution_count": 1}
    content = {"cells": [cell | {"outputs": []}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    assert json.dumps(source)[1:9] in handed_in(study, json.dumps(content))


@pytest.mark.parametrize("lack", ["outputs", "metadata", "source", "execution_count", "id"])
def test_a_cell_that_lacks_something_is_handed_in_or_told(study: tuple[Study, Path], lack: str) -> None:
    tags: dict[str, object] = {"tags": ["injected-parameters"]}
    cell = {"cell_type": "code", "id": "a", "metadata": tags, "source": "1 + 1", "execution_count": 1}
    cell = {key: value for key, value in (cell | {"outputs": []}).items() if key != lack}
    content = {"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    told = "no se puede leer" in handed_in(study, json.dumps(content))
    assert told == (lack != "id")  # older versions of the format have none


def handed_in(study: tuple[Study, Path], content: str) -> str:
    """The notebook to hand in, of one that was executed."""
    _, build = study
    path = notebook_of(build, "baseline")
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    sections = tuple(s for s in make_plan(DEFAULT_PLAN, "full").handin if s.notebook == "baseline")
    return write_handin(study[0], sections[:1], build, build / "practica5.ipynb").read_text()
