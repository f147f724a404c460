"""What a worker sends: read back as it was, and refused where it is anything else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.cluster.crew import explain
from runner.cluster.parcels import HEAD_BYTES, Delivery, Parcel, _hash, publish, unpack
from runner.cluster.worker import describe
from runner.errors import RunnerError
from runner.execute.task import Outcome, Task

OUTCOME = Outcome("good", None, 1.5)
FILES = {"results/good/result.json": b"{}", "notebooks/good.ipynb": b"\x00\xff", "results/good/a": b""}


def parcel(files: Mapping[str, bytes]) -> Parcel:
    return Parcel(files, _hash(files))


def test_a_delivery_arrives_as_it_was_sent() -> None:
    for delivery in (
        Delivery(OUTCOME, parcel(FILES), b"log\n"),
        Delivery(None, Parcel({}, ""), refused="no hay datos"),
    ):
        assert Delivery.from_bytes(delivery.to_bytes()) == delivery


def with_head(**changes: object) -> bytes:
    head = {"outcome": None, "refused": "", "sha256": "", "log": 0, "files": {}} | changes
    text = json.dumps(head).encode()
    return len(text).to_bytes(HEAD_BYTES) + text


@pytest.mark.parametrize(
    "sent",
    [
        pickle.dumps(OUTCOME),
        {"outcome": None},
        "text",
        b"",
        b"\xff" * 8,
        b"\x00" * 20,
        with_head(log=-1),
        with_head(log=5),
        with_head(files={"a": 2**70}),
        with_head(files=["a"]),
        with_head(outcome={"name": 5, "reason": "", "wall_seconds": 1}),
        with_head(outcome={"name": "a", "reason": "", "wall_seconds": "inf"}),
        with_head(more=1),
        with_head() + b"x",
        (8).to_bytes(HEAD_BYTES) + b"[" * 8,
        (10**6).to_bytes(HEAD_BYTES) + b"[" * 10**6,
        with_head(files={"\ud800": 0}),
    ],
    ids=lambda sent: repr(sent)[:40],
)
def test_what_is_no_delivery_is_refused(sent: object) -> None:
    with pytest.raises(RunnerError, match="delivery"):
        Delivery.from_bytes(sent)


LEAVING = ["../x", r"a\b", "/x", "a/../../x", r"..\..\x", r"C:\x", "C:x", r"\\host\x", "a\0b", ""]


@pytest.mark.parametrize("name", LEAVING)
def test_no_file_leaves_its_folder(name: str, tmp_path: Path) -> None:
    """On none of the systems, whichever the runner is on."""
    with pytest.raises(RunnerError, match="would leave"):
        unpack(parcel({"a": b"", name: b"x"}), tmp_path / "in")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    ["results/other/result.json", "notebooks/other.ipynb", "notebooks/good.ipynb/a", "run.json"],
)
def test_a_worker_gives_nothing_but_its_own_variant(name: str, tmp_path: Path) -> None:
    task = Task("good", tmp_path, {}, {}, {}, "smoke", True, tmp_path, tmp_path / "build", 1, None)
    for delivery in (
        Delivery(OUTCOME, parcel(FILES | {name: b"{}"})),
        Delivery(Outcome("other", "", 1.0), parcel(FILES)),
    ):
        with pytest.raises(RunnerError, match="another task"):
            publish(delivery, task)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": "OK", "result": describe()}, ""),
        ({"status": "OK", "result": "{}"}, "missing there"),
        ({"status": "OK", "result": '{"python": 3}'}, "can't be read"),
        ({"status": "OK", "result": b"\x80\x05"}, "can't be read"),
        ({"status": "OK"}, "can't be read"),
        ({"status": "error", "exception_text": 'ModuleNotFoundError("No module")'}, "not installed there"),
        ({"status": "error", "exception_text": "OSError()\x1b[2J\nmore"}, "it can't be asked: OSError() [2J"),
        ({}, "it can't be asked"),
    ],
    ids=range(8),
)
def test_what_a_worker_says_of_itself_is_checked(answer: Mapping[str, object], words: str) -> None:
    assert words in explain(answer)
    assert bool(words) == bool(explain(answer))
