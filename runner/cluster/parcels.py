"""What travels between the runner and a cluster's workers: files as bytes, with a hash of them all.

No shared file system is assumed. An order carries the notebooks, the experiments file, and the modules, data
and results that the variant reads; a delivery carries the finished variant back, to be published like a local
one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated

from pydantic import Field

from runner import limits
from runner.build_folder import FAILURE_FILE, failed_notebook_of, notebook_of, result_folder
from runner.errors import RunnerError
from runner.execute.keys import content_of
from runner.execute.task import Outcome, Task, discard_work_folder, new_work_folder, replace_folder
from runner.file_index import file_index
from runner.files import Record, move, write_bytes
from runner.gate import files_below, kind, read_bytes, remove_file
from runner.plan.data_files import files_in
from runner.plan.practice import data_sets_of
from runner.plan.variants import Plan, Variant
from runner.results.finished import read_result

NOTEBOOKS = (".ipynb", ".failed.ipynb")  # after a variant's name
MODELS = ".keras"  # large, and read only by what needs the variant


@dataclass(frozen=True)
class Parcel:
    """Contents by path (relative, with ``/``), and the SHA-256 of paths and contents."""

    files: Mapping[str, bytes]
    sha256: str


@dataclass(frozen=True)
class Order:
    """A task for a worker. Its paths are relative to the folder that ``inputs`` are unpacked into.

    ``data`` are the data sets that it reads, ``source`` where the user said they are, ``gpu`` which of the
    worker's GPUs is for it.
    """

    task: Task
    inputs: Parcel
    data: tuple[str, ...]
    source: str | None
    gpu: int | None
    topic: str


@dataclass(frozen=True)
class Delivery:
    """What came of an order. ``refused`` is why the worker can't do it (then there is no outcome).

    It travels as bytes, a head of JSON before the contents, and is checked when it arrives: as an object of
    Python it could be anything.
    """

    outcome: Outcome | None
    outputs: Parcel
    log: bytes = b""
    refused: str = ""

    def to_bytes(self) -> bytes:
        """How it travels."""
        files = sorted(self.outputs.files.items())
        head = _Head(
            outcome=self.outcome,
            refused=self.refused,
            sha256=self.outputs.sha256,
            log=len(self.log),
            files={name: len(content) for name, content in files},
        )
        text = head.model_dump_json().encode()
        return b"".join([len(text).to_bytes(HEAD_BYTES), text, self.log, *(content for _, content in files)])

    @classmethod
    def from_bytes(cls, sent: object) -> Delivery:
        """The delivery again; raises RunnerError for what is none."""
        if not isinstance(sent, bytes):
            raise RunnerError(f"no delivery, but {type(sent).__name__}")
        start = HEAD_BYTES + int.from_bytes(sent[:HEAD_BYTES])
        try:
            head = _Head.model_validate_json(sent[HEAD_BYTES:start])
        except ValueError as error:
            raise RunnerError(f"no delivery: {str(error).splitlines()[0]}") from error
        if start + head.log + sum(head.files.values()) != len(sent):
            raise RunnerError("a delivery of another length than it says")
        log, start = sent[start : start + head.log], start + head.log
        contents = {}
        for name, length in head.files.items():
            contents[name] = sent[start : start + length]
            start += length
        return cls(head.outcome, Parcel(contents, head.sha256), log, head.refused)


HEAD_BYTES = 8  # of the number that says how long the head is
Length = Annotated[int, Field(ge=0)]


class _Head(Record):
    """What stands before the contents of a delivery: lengths in bytes, of files by name in their order."""

    outcome: Outcome | None
    refused: str
    sha256: str
    log: Length
    files: dict[str, Length]


class Said(Record):
    """What a worker tells of a variant that it runs: its progress file."""

    variant: str
    progress: Annotated[str, Field(max_length=limits.PROGRESS_CHARACTERS)]


def pack(files: Mapping[str, Path], root: Path | None = None) -> Parcel:
    """The files, under the names given; those below ``root``, a build folder, by its gate."""
    contents = {
        name: path.read_bytes() if root is None or not path.is_relative_to(root) else read_bytes(path, root)
        for name, path in files.items()
    }
    return Parcel(contents, _hash(contents))


def unpack(parcel: Parcel, folder: Path, root: Path | None = None) -> None:
    """Write the files below ``folder``, which may be in the build folder ``root``.

    Raises RunnerError for a damaged parcel, writing nothing.
    """
    if _hash(parcel.files) != parcel.sha256:
        raise RunnerError("files were damaged on their way between runner and worker")
    for name in parcel.files:
        if not _stays(name):
            raise RunnerError(f"a file would leave its folder: {name!r}")
    for name, content in parcel.files.items():
        write_bytes(folder / name, content, root)


def _stays(name: str) -> bool:
    """Whether a path stays within its folder, as each system reads it."""
    kinds = PurePosixPath(name), PureWindowsPath(name)
    return bool(name) and not {*name} & {"\0", "\\"} and not any(k.anchor or ".." in k.parts for k in kinds)


def _hash(contents: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(contents):
        total.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(contents[name]).digest())
    return total.hexdigest()


def make_order(plan: Plan, task: Task, source: str | None, gpu: int | None, topic: str) -> Order:
    """All that a worker needs for the task, read from the runner's disk now."""
    variant = plan.get(task.name)
    notebooks = {v.notebook for v in plan.variants}
    root = Path(os.path.commonpath([plan.path.parent, *(path.parent for path in notebooks)]))
    own = (path for path in _own_files(plan, variant, task) if path.is_relative_to(root))
    files = {f"plan/{path.relative_to(root).as_posix()}": path for path in (plan.path, *notebooks, *own)}
    files |= dict(_results(variant, task.build_dir))
    moved = replace(
        task,
        notebook=Path("plan", task.notebook.relative_to(root)),
        plan=Path("plan", plan.path.relative_to(root)),
        build_dir=Path("build"),
    )
    return Order(moved, pack(files, task.build_dir), _data(plan, task), source, gpu, topic)


def _own_files(plan: Plan, variant: Variant, task: Task) -> Iterator[Path]:
    """The practice's modules and data that the notebook needs."""
    index, training = file_index(task.build_dir), variant.kind == "training"
    content = content_of(variant.notebook, index, training=training, plan=plan.path, declared=variant.data)
    for path in content.files:
        yield from files_in(path) if path.is_dir() else (path,)


def _results(variant: Variant, build_dir: Path) -> Iterator[tuple[str, Path]]:
    """What the notebook may read of other variants: of those that it only comes after, no models."""
    if variant.kind == "training":
        return
    for name in dict.fromkeys((*variant.needs, *variant.after)):
        for path, found in files_below(result_folder(build_dir, name), build_dir):
            if found == "file" and (name in variant.needs or path.suffix != MODELS):
                yield f"build/{path.relative_to(build_dir).as_posix()}", path


def _data(plan: Plan, task: Task) -> tuple[str, ...]:
    """Data sets of the task; a notebook that names none may use any of the plan's (the timing pass)."""
    if "dataset" in task.parameters:
        return data_sets_of(plan.practice, task.parameters)
    return tuple(sorted({n for v in plan.variants for n in data_sets_of(plan.practice, v.parameters)}))


def placed(task: Task, folder: Path) -> Task:
    """The task with its paths below ``folder``."""
    return replace(
        task,
        notebook=folder / task.notebook,
        plan=folder / task.plan,
        build_dir=folder / task.build_dir,
    )


def pack_outputs(task: Task) -> Parcel:
    """Results and executed notebook of an ended task, whether it went well or not."""
    root = task.build_dir
    found = [path for path, _ in files_below(result_folder(root, task.name), root)]
    notebooks = notebook_of(root, task.name), failed_notebook_of(root, task.name)
    found += (path for path in notebooks if kind(path, root) is not None)
    return pack({path.relative_to(root).as_posix(): path for path in found}, root)


def publish(delivery: Delivery, task: Task) -> Outcome:
    """Put a delivered variant in its place in the build folder, the record last, as a local one is.

    Raises RunnerError if it is damaged or is not the result of this task.
    """
    outcome = delivery.outcome
    if outcome is None:
        raise RunnerError(f"nothing was delivered: {delivery.refused}", where=task.name)
    folder, notebooks = f"results/{task.name}/", (f"notebooks/{task.name}{end}" for end in NOTEBOOKS)
    others = {name for name in delivery.outputs.files if not name.startswith(folder)} - set(notebooks)
    if outcome.name != task.name or others:
        raise RunnerError("the worker's result is that of another task", where=task.name)
    new_work_folder(task)
    root = task.build_dir
    unpack(delivery.outputs, task.work_dir, root)
    results = result_folder(task.work_dir, task.name)
    if not outcome.reason and read_result(results).result.key != task.key:
        raise RunnerError("the worker's result is that of another task", where=task.name)
    for place in (notebook_of, failed_notebook_of):
        arrived = place(task.work_dir, task.name)
        if kind(arrived, root) is not None:
            move(arrived, place(root, task.name), root)
    target = result_folder(root, task.name)
    if outcome.reason:  # what an earlier run left stays beside it
        if kind(results / FAILURE_FILE, root) is not None:
            move(results / FAILURE_FILE, target / FAILURE_FILE, root)
    else:
        remove_file(failed_notebook_of(root, task.name), root)
        replace_folder(results, target)
    discard_work_folder(task)
    return outcome
