"""The table of limits: for each, what is just as large passes it, and what is one above is refused."""

from __future__ import annotations

import ast
import io
import json
import os
import pickle
import re
import smtplib
import tarfile
import time
import zipfile
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, StreamObject

from runner import PROJECT_ROOT, limits
from runner.cluster.parcels import Said
from runner.code_closure import parsed
from runner.deliver.conversation import Conversation
from runner.deliver.header_text import header_text
from runner.errors import RunnerError
from runner.files import read_json
from runner.gate import read_bytes, read_given
from runner.plain_text import plain
from runner.plan.experiments import read_experiments
from runner.practice.data import archives, sets
from runner.practice.data.batches import read_batch
from runner.report.attachments import fitting
from runner.report.printing.attached import Attached
from runner.results.arrays import read_arrays
from runner.results.chain import spacing
from runner.results.npz import read_npz
from runner.results.plain_files import open_plain
from runner.results.reasons import NO_RESULT, Reason
from runner.results.scores import read_scores
from runner.verify.command import LIMITS
from runner.verify.objects import Pair, _same_content, _walk
from runner.verify.pages import word_differences
from runner.verify.parcel import open_report

NO_LIMITS = {"KIB", "MIB", "GIB", "CHANGES_NO_DIGIT", "FILE_BYTES"}  # the last has a test of its own
REAL = None  # the limit itself is tried; else a smaller one in its place
ELSEWHERE = {
    "LIKENESS_BYTES": "tests/review/test_reading.py::test_losses_are_kept_as_long_as_there_is_room",
    "REPORTS": "tests/review/test_class.py::test_a_folder_with_too_many_reports_is_refused",
    "ATTACHMENTS": "tests/verify/test_hostile.py::test_more_attachments_or_objects_are_refused",
    "OBJECTS": "tests/verify/test_hostile.py::test_more_attachments_or_objects_are_refused",
    "REVISIONS": "tests/verify/test_signatures.py::test_added_to_more_often_than_the_limit",
    "PASSPHRASE_BYTES": "tests/verify/test_signatures.py::test_a_passphrase_comes_from_a_file_alone",
    "VERIFY_MEMORY": "tests/verify/test_hostile.py::test_more_than_the_limits_is_an_error_with_words",
    "VERIFY_SECONDS": "tests/verify/test_hostile.py::test_more_than_the_limits_is_an_error_with_words",
    "REPLAY_SECONDS": "tests/practice/test_again.py::test_an_epoch_that_takes_too_long_is_ended",
    "ANSWERS_TIME": "tests/deliver/test_hostile_servers.py::test_all_answers_together_have_a_time",
}


class Case(NamedTuple):
    """The limit that is tried, the words of a refusal, and what is done with something of a size."""

    most: int | None
    words: str
    attempt: Callable[[Path, int], object]


def other_file(folder: Path, size: int) -> None:
    (folder / "a.bin").touch()
    os.truncate(folder / "a.bin", size)
    read_bytes(folder / "a.bin", folder)


def toml(folder: Path, depth: int) -> None:
    (folder / "a.toml").write_text("x = " + "[" * depth + "]" * depth)
    read_experiments(folder / "a.toml")


def chain(folder: Path, variants: int) -> None:
    """Each extends the one before."""
    text = 'title = "a"\nbaseline = "a-1"\n[profiles.full]\ndraft = false\n'
    for number in range(1, variants + 1):
        text += f'[variants.a-{number}]\nlabel = "{number}"\ngroup = "a"\n'
        text += f'extends = "a-{number - 1}"\n' if number > 1 else ""
    (folder / "a.toml").write_text(text)
    read_experiments(folder / "a.toml")


def reason(_: Path, depth: int) -> None:
    found = NO_RESULT
    for _ in range(depth - 1):
        found = Reason.of("failed", reason=found)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def header(folder: Path, size: int) -> None:
    """A header of so many bytes, most of them blanks."""
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}".ljust(size - 11) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\x05"
    read_npz(zipped(folder / "a.npz", {"a.npy": content}), None, 10**6)


def result_arrays(folder: Path, size: int) -> None:
    read_arrays(zipped(folder / "results" / "a" / "a.npz", {"a.npy": npy(np.zeros(size, np.uint8))}))


def scores(folder: Path, size: int) -> None:
    known, rest = np.zeros(4), np.zeros(size - 32, np.uint8)
    arrays = {"test.error.lower.npy": npy(known), "rest.npy": npy(rest)}
    read_scores(zipped(folder / "results" / "a" / "scores.npz", arrays))


def checkpoint(folder: Path, size: int) -> None:
    from runner.practice.checkpoints import read_checkpoint, write_checkpoint

    kept = folder / "checkpoints" / "a"
    write_checkpoint(kept, "key", 1, {"a": np.zeros(size, np.uint8)})
    if read_checkpoint(kept, "key") is None:
        raise RunnerError("no checkpoint")


def four(images: int) -> dict[str, bytes]:
    """The arrays of a data set in their files."""
    pictures, labels = np.zeros((images, 32, 32, 3), np.uint8), np.zeros(images, np.uint8)
    arrays = {"x_train": pictures, "y_train": labels, "x_test": pictures[:1], "y_test": labels[:1]}
    return {f"{name}.npy": npy(array) for name, array in arrays.items()}


def data_set(folder: Path, size: int) -> None:
    members = {f"{name}.npy": npy(np.zeros(0, np.uint8)) for name in sets.ARRAYS}
    sets.read_arrays(zipped(folder / "a.npz", members | {"x_test.npy": npy(np.zeros(size, np.uint8))}))


def piece(folder: Path, size: int) -> None:
    (folder / "a").write_bytes(bytes(limits.PIECE_BYTES + 10))
    with open_plain(folder / "a") as file:
        file.read(size)


def data_file(folder: Path, size: int) -> None:
    (folder / "data_batch_1").write_bytes(bytes(size))
    archives.read_any(folder)


def tar(folder: Path, sizes: list[int]) -> None:
    with tarfile.open(folder / "a.tar", "w") as archive:
        for number, size in enumerate(sizes):
            entry = tarfile.TarInfo(str(number))
            entry.size = size
            archive.addfile(entry, io.BytesIO(bytes(size)))
    archives.read_any(folder / "a.tar")


def picture(_: Path, pixels: int) -> None:
    content = io.BytesIO()
    Image.new("RGB", (pixels, 1)).save(content, "png")
    archives._picture(content.getvalue())


def places(folder: Path, count: int) -> None:
    """So many places, one in the other; in the last is the data."""
    inner = folder
    for _ in range(count - 1):
        inner = inner / "datasets"
    zipped(inner / "cifar10.npz", four(1))
    archives.read_any(folder)


def attached(folder: Path, size: int) -> None:
    writer = PdfWriter()
    writer.add_blank_page(10, 10)
    writer.add_attachment("a", bytes(size))
    writer.write(folder / "a.pdf")
    open_report(folder / "a.pdf")


def font(_: Path, size: int) -> None:
    streams = StreamObject(), StreamObject()
    for stream, content in zip(streams, (bytes(size), b"ours"), strict=True):
        stream.set_data(content)
    if not _same_content(*streams, of_font=True):
        raise RunnerError("another font")


def words(_: Path, count: int) -> None:
    raise RunnerError(next(word_differences("a " * count, "b")))


def entangled(_: Path, pairs: int) -> None:
    """An object of ours that holds itself, in the place of each of a chain of theirs."""
    writer, ours, chain = PdfWriter(), ArrayObject(), [ArrayObject() for _ in range(pairs)]
    ours.append(writer._add_object(ours))
    numbers = [writer._add_object(each) for each in chain]
    for each, number in zip(chain, numbers[1:], strict=False):
        each.append(number)
    found = _walk(deque([Pair("document", (), numbers[0], ours[0])]), 0)
    raise RunnerError("; ".join(found))


def far_apart(_: Path, size: int) -> None:
    if spacing(1, size) > 1:
        raise RunnerError("states are kept further apart")


def left_out(_: Path, size: int) -> None:
    if not fitting([Attached("results/a/state-1.npz", bytes(size), datetime.now(UTC))]):
        raise RunnerError("the state is left out")


def left_out_of_much(_: Path, size: int) -> None:
    """The rest is too much for mail by itself."""
    rest = limits.ATTACHED_FOR_MAIL + 1
    if not beside(rest, size - rest):
        raise RunnerError("the state is left out")


def beyond_mail(_: Path, size: int) -> None:
    if beside(size, 1):
        raise RunnerError("the state is attached, as no message takes the rest")


def beside(rest: int, size: int) -> bool:
    """Whether a state of this size is attached where the rest has so many bytes."""
    made = datetime.now(UTC)
    state = Attached("results/a/state-1.npz", bytes(size), made)
    return state in fitting([Attached("results/a/predictions.npz", bytes(rest), made), state])


def in_code(_: Path, times: int) -> None:
    text = "a"
    for _ in range(times):
        text = f"=?utf-8?q?{text.replace('=', '=3D').replace('?', '=3F').replace('_', '=5F')}?="
    header_text(text, "--subject")


def answer(_: Path, size: int) -> None:
    conversation = Conversation.__new__(Conversation)
    conversation.sock = None
    conversation.file = io.BufferedReader(io.BytesIO(b"250 ".ljust(size - 2, b"x") + b"\r\n"))
    conversation._answer(time.monotonic() + 10)


def line(_: Path, size: int) -> None:
    if plain("x" * size).endswith("..."):
        raise RunnerError("cut off")


CASES = {
    "OTHER_FILE_BYTES": Case(1000, "which no such file is", other_file),
    "JSON_DEPTH": Case(REAL, "nested more than", lambda _, n: read_json("[" * n + "]" * n)),
    "TOML_DEPTH": Case(REAL, "nested more than", toml),
    "LINEAGE": Case(REAL, "and so on: more than", chain),
    "CODE_DEPTH": Case(REAL, "nested more than", lambda _, n: parsed("-" * (n - 2) + "1")),
    "REASON_DEPTH": Case(REAL, "within one another", reason),
    "ARRAYS": Case(
        5,
        "arrays, more than such a file may",
        lambda folder, n: read_npz(
            zipped(folder / "a.npz", {f"{i}.npy": npy(np.zeros(1)) for i in range(n)}), None, 10**6
        ),
    ),
    "ARRAY_HEADER_BYTES": Case(256, "reading array header", header),
    "ARRAY_DIMENSIONS": Case(
        REAL,
        "impossible shape",
        lambda folder, n: read_npz(zipped(folder / "a.npz", {"a.npy": npy(np.zeros((1,) * n))}), None, 10**6),
    ),
    "UNPACKED_BYTES": Case(1000, "its arrays have more than", result_arrays),
    "SCORES_BYTES": Case(1000, "its arrays have more than", scores),
    "CHECKPOINT_BYTES": Case(1000, "no checkpoint", checkpoint),
    "DATA_SET_BYTES": Case(1000, "its arrays have more than", data_set),
    "PIECE_BYTES": Case(REAL, "larger than it may be", piece),
    "IMAGES": Case(
        4, "has the shape", lambda folder, n: archives.read_any(zipped(folder / "a.npz", four(n)))
    ),
    "DATA_FILE_BYTES": Case(1000, "larger than any file of CIFAR-10", data_file),
    "DATA_BYTES": Case(1000, "holds more than CIFAR-10", lambda folder, n: tar(folder, [n])),
    "LABEL_FILE_BYTES": Case(
        1000, "holds more labels", lambda _, n: archives._labels(b"[" + b" " * (n - 2) + b"]")
    ),
    "PIXELS": Case(1000, "a picture is larger", picture),
    "DATA_FILES": Case(5, "holds more than CIFAR-10", lambda folder, n: tar(folder, [0] * n)),
    "TAR_HEADERS_BYTES": Case(
        1000, "larger than it may be", lambda _, n: archives._Allowance(io.BytesIO(bytes(n))).read(n)
    ),
    "DATA_PLACES": Case(3, "holds no data_batch_1", places),
    "PICKLE_STEPS": Case(100, "more steps", lambda _, n: read_batch("a", b"]" * (n - 1) + b".")),
    "PICKLE_KEYS": Case(
        REAL,
        "a dictionary in it is none",
        lambda _, n: read_batch("a", pickle.dumps({str(i): 0 for i in range(n)}, 2)),
    ),
    "PICKLE_LENGTH": Case(
        100,
        "impossible shape",
        lambda _, n: read_batch("a", pickle.dumps({"data": np.zeros(n, np.uint8)}, 2)),
    ),
    "ATTACHED_BYTES": Case(1000, "its attachments hold more than", attached),
    "FONT_BYTES": Case(1000, "another font", font),
    "PAGE_WORDS": Case(1000, "it has .* words", words),
    "ENTANGLED": Case(REAL, "in more ways than", entangled),
    "STATES_BYTES": Case(1000, "further apart", far_apart),
    "ATTACHED_WITH_STATES": Case(1000, "left out", left_out),
    "ATTACHED_FOR_MAIL": Case(REAL, "no message takes the rest", beyond_mail),
    "ATTACHED_AT_MOST": Case(limits.ATTACHED_FOR_MAIL + 1000, "left out", left_out_of_much),
    "HEADER_CHARACTERS": Case(REAL, "is longer than", lambda _, n: header_text("a" * n, "--subject")),
    "HEADER_READINGS": Case(3, "code within code", in_code),
    "ANSWER_BYTES": Case(1000, "the server's answer has more than", answer),
    "PROGRESS_CHARACTERS": Case(
        REAL, "at most", lambda _, n: Said.model_validate({"variant": "a", "progress": "x" * n})
    ),
    "LINE_CHARACTERS": Case(REAL, "cut off", line),
}


def test_each_limit_is_tried() -> None:
    names = {name for name in vars(limits) if name.isupper()} - NO_LIMITS
    assert names == CASES.keys() | ELSEWHERE.keys()
    for place in ELSEWHERE.values():
        path, _, name = place.partition("::")
        tree = ast.parse((PROJECT_ROOT / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", CASES)
def test_what_is_one_above_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    if case.most is not REAL:
        monkeypatch.setattr(limits, name, case.most)
    most = getattr(limits, name)
    for folder, size, refused in (("within", most, False), ("above", most + 1, True)):
        (tmp_path / folder).mkdir()
        try:
            case.attempt(tmp_path / folder, size)
            told = ""
        except Exception as error:  # within the limit, something else may be wrong with it
            told = f"{error}"
            kinds = RunnerError, ValueError, pickle.UnpicklingError, smtplib.SMTPException
            assert not refused or isinstance(error, kinds)
        assert bool(re.search(case.words, told)) == refused, told


@pytest.mark.parametrize("ending", limits.FILE_BYTES)
def test_a_file_that_is_one_byte_too_large_is_not_read(ending: str, tmp_path: Path) -> None:
    """A hole takes no room on the disk; read, it would take the memory."""
    for name in (f"a{ending}", ending):  # ``.made`` is a whole name
        path = tmp_path / name
        path.touch()
        os.truncate(path, limits.FILE_BYTES[ending] + 1)
        for read in (read_bytes, read_given):
            with pytest.raises(RunnerError, match=r"larger than [0-9]+ MiB, which no such file is"):
                read(path)


def test_verify_has_the_limits_of_the_table() -> None:
    assert (LIMITS.memory, LIMITS.seconds) == (limits.VERIFY_MEMORY, limits.VERIFY_SECONDS)


@pytest.mark.parametrize(
    "text",
    ["NaN", '{"a": [Infinity]}', '"\\ud800"', '{"\\uDBFF": 1}', "1" * 5000, '"\ud800"', "", "[1", "\0"],
    ids=lambda text: repr(text[:9]),
)
def test_what_could_not_be_written_again_is_no_json(text: str) -> None:
    for content in (text, text.encode(errors="surrogatepass")):
        with pytest.raises(ValueError):
            read_json(content)


def test_letters_beyond_the_first_plane_are_read() -> None:
    for text in ('"\\ud83d\\ude00"', '"😀"', '["\\\\ud800"]'):
        assert json.loads(text) == read_json(text) == read_json(text.encode())
