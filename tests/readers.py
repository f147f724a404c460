"""Each kind of file or message that somebody else may have made, a good one of it, and what reads it.

Shared by the properties of the normal tests and by the fuzzer that follows the readers' branches.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pypdf import PdfReader, PdfWriter

from runner.analysis import kept_choices
from runner.build_folder import (
    CALIBRATION_FILE,
    FAILURE_FILE,
    FORMER_RECEIPT,
    HOLDER_FILE,
    PREDICTIONS_FILE,
    RESULT_FILE,
    RUN_FILE,
    SEAL_FILE,
    SUMMARY_FILE,
    VALUES_FILE,
    Outputs,
    holder,
    made_there,
    sweep,
)
from runner.cluster.crew import _seen, explain
from runner.cluster.parcels import Delivery, Parcel, _hash, unpack
from runner.commands.request import read_note
from runner.deliver.receipt import Book, contents
from runner.errors import RunnerError
from runner.execute.calibration import read_samples
from runner.execute.keys import content_of
from runner.execute.progress import Seen
from runner.execute.task import Outcome
from runner.figures.drawing import _read_manifest
from runner.file_index import FileIndex
from runner.gate import kind, read_bytes
from runner.plan.experiments import read_experiments
from runner.plan.notebooks import check_notebook, declared_parameters
from runner.plan.variants import DEFAULT_PLAN
from runner.practice.data.archives import read_any
from runner.report.attachments import MANIFEST
from runner.report.freshness import MadeFrom
from runner.report.freshness import _hash as hash_of
from runner.report.summary import read_summary
from runner.results import attempts
from runner.results.arrays import read_predictions
from runner.results.awaited import read_awaited
from runner.results.finished import read_failure, read_result
from runner.results.index import ResultsIndex
from runner.results.scores import read_scores
from runner.results.seal import broken, own_files
from runner.verify import file_form, objects
from runner.verify.parcel import check_attachments, open_report
from runner.verify.records import read_claims, read_manifest
from runner.verify.results import _outputs, code_digest
from tests.made_up import Story, make_study

Read = Callable[[Path], object]


class Reader(NamedTuple):
    """Where the file lies in a build folder, one that is as it should be, and what reads it there.

    ``read`` is given the build folder. What it raises besides ``refusals`` is a fault.
    """

    place: str
    good: Callable[[], bytes]
    read: Read
    refusals: tuple[type[Exception], ...] = (RunnerError,)
    beside: Callable[[], Mapping[str, bytes]] = dict


def tried(reader: Reader, content: bytes) -> str:
    """Have the content read in a folder of its own: what it was refused for; raises what is no refusal."""
    with TemporaryDirectory() as folder:
        build = Path(folder) / "build"
        path = build / reader.place
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        for name, other in reader.beside().items():
            (build / name).write_bytes(other)
        try:
            reader.read(build)
        except reader.refusals as error:
            return str(error) or "no words"
        except OSError as error:  # which the command line tells by the file's name
            if error.filename is None:
                raise
            return str(error)
    return ""


@cache
def study_files() -> Mapping[str, bytes]:
    """The files of made-up results."""
    with TemporaryDirectory() as folder:
        build = Path(folder)
        make_study(build, Story(failed={"batch-4": "se acabó"}))
        return {p.relative_to(build).as_posix(): p.read_bytes() for p in build.rglob("*") if p.is_file()}


def of_study(name: str) -> Callable[[], bytes]:
    return lambda: study_files()[name]


def as_json(content: object) -> Callable[[], bytes]:
    return lambda: json.dumps(content).encode()


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def predictions() -> bytes:
    labels, shares = np.array([0, 1], np.uint8), np.array([[0.5, 0.5], [0.25, 0.75]])
    arrays = {"labels": labels, "probabilities": shares}
    return npz({f"{split}_{name}": each for split in ("validation", "test") for name, each in arrays.items()})


def data_set() -> bytes:
    images, labels = np.zeros((2, 32, 32, 3), np.uint8), np.zeros(2, np.uint8)
    return npz({"x_train": images, "y_train": labels, "x_test": images, "y_test": labels})


def data_tar() -> bytes:
    batch = pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [0]}, 2)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(batch)
            archive.addfile(entry, io.BytesIO(batch))
    return content.getvalue()


def notebook() -> bytes:
    parameters = new_code_cell("epochs = 3\nname: str = 'a'", metadata={"tags": ["parameters"]})
    output = new_output("stream", name="stdout", text="0.5\n")
    code = new_code_cell("import numpy as np\nprint(epochs)", outputs=[output], execution_count=1)
    prose = new_markdown_cell("A sentence, not Python.")
    return nbformat.writes(new_notebook(cells=[parameters, prose, code])).encode()


MANIFEST_CONTENT = {
    "title": "Un informe", "profile": "full", "made_with": {"numpy": "2"}, "templates_sha256": "0", 
    "left_out": 0,
    "files": [{"name": "run.json", "path": "run.json", "bytes": 2, "sha256": "0" * 64}],
}  # fmt: skip
CLAIM = {
    "number": "1.1", "section": "1", "variants": ["a"], "metric": "accuracy", "test": "",
    "values": [{"field": "", "text": "1", "value": 1}],
}  # fmt: skip
SUMMARY = {
    "pdf_sha256": hashlib.sha256(b"PDF").hexdigest(),
    "title": "a", "profile": "full", "draft": False, "names": ["Ana"], "course": "",
    "group": "", "date": "", "questions": [1], "answered": [1],
}  # fmt: skip
RECEIPT = {
    "schema_version": 1,
    "attempts": [{
        "parcel": "0", "status": "sent", "time": "2026-01-01T00:00:00Z", 
        "sender": "a@b.c", "recipients": ["a@b.c"],
        "subject": "a", "message_id": "<a@b>", "server": "a", "reply": "250", "contents": {"a": "0"},
        "files": [{"name": "report.pdf", "bytes": 1, "sha256": "0"}],
    }],
}  # fmt: skip
SAMPLE = {
    "machine": {"cores": "2"},
    "samples": [{"parameters": {"epochs": 1}, "threads": 1, "train_seconds": 1.0, "forward_seconds": 1.0}],
}
MADE_FROM = {"inputs": {"a": "0"}, "pictures": {"figures/a.svg": "0"}, "outputs": {"report.pdf": "0"}}
FIGURES = {"digest": "0", "wanted": 1, "figures": {"a": {"path": "figures/a.svg", "alt": "a", "sha256": ""}}}
INDEX = {
    "form": "1, Python 3.11",
    "files": {"/a": [[1, 2, 3, 4], 5, "0"]},
    "sources": {"0": {"digest": "0", "imports": ["os"], "folders": [], "changes_no_digit": False}},
}
HOLDER = {"pid": 1, "host": "a", "since": "2026", "command": "all"}
IDENTITY = {
    "workers": {"tcp://a": {"local_directory": "a", "status": "running", "nthreads": 1, "resources": {}}}
}
ANSWER = {"status": "OK", "result": '{"numpy": "2"}', "exception_text": "a"}


def report() -> bytes:
    """A page with attachments that a report has."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment(MANIFEST, json.dumps(MANIFEST_CONTENT).encode())
    writer.add_attachment("run.json", b"{}")
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


@cache
def _ours() -> PdfReader:
    return PdfReader(io.BytesIO(report()), strict=True)


def _read_report(build: Path) -> None:
    contents(build / "report.pdf")
    parcel = open_report(build / "report.pdf")
    check_attachments(parcel)
    list(file_form.faults(parcel.content))
    list(objects.differences(parcel.reader, _ours()))


def _read_made_from(build: Path) -> None:
    record = MadeFrom.model_validate_json(read_bytes(build / "made_from.json", build))
    for name in (*record.outputs, *record.pictures):
        hash_of(build / name, FileIndex(build / "hashes.json"))


def _read_index(build: Path) -> None:
    index = FileIndex(build / "hashes.json")
    index.sha256(build / "hashes.json")
    index.source_of("import os")
    index._new_sources = 100
    index.save()


def _read_made(build: Path) -> None:
    for name in made_there(build):
        kind(build / name, build)
    sweep(build)


def _read_notebook(build: Path) -> None:
    path = build / "notebooks" / "a.ipynb"
    check_notebook(path)
    declared_parameters(path)
    content_of(path, FileIndex(None))


def _read_executed(build: Path) -> None:
    path = build / "notebooks" / "a.ipynb"
    code_digest(path), _outputs(path)


def _read_attempt(build: Path) -> None:
    attempts.begin(build / "checkpoints" / "a", "key", 1)
    attempts.forget(build / "checkpoints" / "a")


def _read_result(build: Path) -> None:
    found = read_result(build / "results" / "baseline")
    read_failure(build / "results" / "baseline")
    if found.result.training is not None:
        str(found.result.training.data)


def _read_delivery(build: Path) -> None:
    delivery = Delivery.from_bytes((build / "sent").read_bytes())
    unpack(delivery.outputs, build / "work", build)


def delivery() -> bytes:
    files = {"results/a/result.json": b"{}"}
    return Delivery(Outcome("a", None, 1.0), Parcel(files, _hash(files)), b"log").to_bytes()


def _loaded(build: Path) -> object:
    """What came over the network, as the library that brings it hands it on."""
    try:
        return json.loads((build / "sent").read_bytes())
    except (ValueError, RecursionError):
        return None


def _read_answer(build: Path) -> None:
    answer = _loaded(build)
    if isinstance(answer, dict):
        explain(answer)


def _read_seal(build: Path) -> None:
    list(broken(build / "results" / "baseline"))
    own_files(build / "results" / "baseline")


def _read_checkpoint(build: Path) -> None:
    from runner.practice.checkpoints import _progress, read_checkpoint

    found = read_checkpoint(build / "checkpoints" / "a", "key")
    if found is not None:
        _progress(found)


BASELINE = "results/baseline"
READERS = {
    "experiments.toml": Reader(
        "experiments.toml", DEFAULT_PLAN.read_bytes, lambda b: read_experiments(b / "experiments.toml")
    ),
    "run.json": Reader(
        RUN_FILE,
        as_json({"profile": "full", "seeds": {"count": 2, "more": {"a": 3}}, "zone": "Europe/Madrid"}),
        read_note,
    ),
    "result.json": Reader(f"{BASELINE}/{RESULT_FILE}", of_study(f"{BASELINE}/{RESULT_FILE}"), _read_result),
    "failure.json": Reader(
        f"{BASELINE}/{FAILURE_FILE}",
        of_study(f"results/batch-4/{FAILURE_FILE}"),
        lambda b: read_failure(b / BASELINE),
    ),
    "values.json": Reader(
        f"{BASELINE}/{VALUES_FILE}",
        as_json({"a": [1, {"b": 2.5}]}),
        lambda b: read_result(b / BASELINE).values,
        beside=lambda: {f"{BASELINE}/{RESULT_FILE}": study_files()[f"{BASELINE}/{RESULT_FILE}"]},
    ),
    "seal": Reader(f"{BASELINE}/{SEAL_FILE}", as_json({RESULT_FILE: "0" * 64, "a/b": "0"}), _read_seal),
    "awaited.json": Reader(
        "awaited.json",
        as_json({"a": {"reason": {"code": "pending", "arguments": {}}, "replaces": None}}),
        read_awaited,
    ),
    "calibration.json": Reader(
        CALIBRATION_FILE, as_json(SAMPLE), lambda b: read_samples(b, 1, "runner.practice")
    ),
    "made_from.json": Reader(
        "made_from.json", as_json(MADE_FROM), _read_made_from, (RunnerError, ValueError)
    ),
    "hashes.json": Reader("hashes.json", as_json(INDEX), _read_index),
    "report.json": Reader(
        SUMMARY_FILE,
        as_json(SUMMARY),
        lambda b: read_summary(b / "report.pdf"),
        beside=lambda: {"report.pdf": b"PDF"},
    ),
    "entrega.json": Reader(
        FORMER_RECEIPT, as_json(RECEIPT), lambda b: Book(b, Outputs(message="entrega")).read()
    ),
    "figures.json": Reader(
        "figures/figures.json",
        as_json(FIGURES),
        lambda b: (_read_manifest(b / "figures", "0", complete=True), made_there(b)),
    ),
    "choices": Reader(
        "results/.choices.json",
        as_json({"0": ["a", "b"]}),
        lambda b: kept_choices._read(b / "results" / ".choices.json"),
    ),
    "index": Reader(
        "results/.index.json",
        lambda: as_json({"form": ResultsIndex(Path())._form, "folders": {"baseline": ["0", True, "0"]}})(),
        lambda b: ResultsIndex(b)._known,
    ),
    "holder": Reader(HOLDER_FILE, as_json(HOLDER), holder),
    "made": Reader(".made", lambda: b"run.json\nresults\nresults/a\n", _read_made),
    "predictions.npz": Reader(
        f"{BASELINE}/{PREDICTIONS_FILE}",
        predictions,
        lambda b: read_predictions(b / BASELINE / PREDICTIONS_FILE, (2, 2), 2),
    ),
    "scores.npz": Reader(
        f"{BASELINE}/scores.npz",
        lambda: npz({"test.error.lower": np.ones(3), "validation.error.lower": np.ones(2)}),
        lambda b: read_scores(b / BASELINE / "scores.npz"),
    ),
    "attempt.json": Reader(
        "checkpoints/a/attempt.json", as_json({"key": "key", "threads": 1, "interruptions": 1}), _read_attempt
    ),
    "seconds.json": Reader("checkpoints/a/seconds.json", as_json({"seconds": 1.5}), _read_attempt),
    "checkpoint.json": Reader(
        "checkpoints/a/checkpoint.json",
        as_json({"key": "key", "file": "epoch-1.npz", "sha256": "0" * 64}),
        _read_checkpoint,
    ),
    "progress.json": Reader(
        "work/a/progress.json",
        as_json({"epoch": 0.5, "first": 0, "epochs": 2, "metrics": {"loss": 1.0}}),
        lambda b: Seen.model_validate_json(read_bytes(b / "work/a/progress.json", b)),
        (RunnerError, ValueError),
    ),
    "data.npz": Reader("data.npz", data_set, lambda b: read_any(b / "data.npz")),
    "data.tar": Reader("data.tar.gz", data_tar, lambda b: read_any(b / "data.tar.gz")),
    "data as found": Reader("data", data_tar, lambda b: read_any(b / "data")),
    "notebook": Reader("notebooks/a.ipynb", notebook, _read_notebook),
    "executed notebook": Reader("notebooks/a.ipynb", notebook, _read_executed),
    "report.pdf": Reader("report.pdf", report, _read_report),
    "manifest": Reader("a", as_json(MANIFEST_CONTENT), lambda b: read_manifest((b / "a").read_bytes())),
    "claims": Reader("a", as_json([CLAIM]), lambda b: read_claims((b / "a").read_bytes())),
    "delivery": Reader("sent", delivery, _read_delivery),
    "worker's answer": Reader("sent", as_json(ANSWER), _read_answer),
    "scheduler's answer": Reader("sent", as_json(IDENTITY), lambda b: _seen(_loaded(b))),
}
