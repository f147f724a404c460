"""What travels between the runner and a cluster's workers: files as bytes, with a hash of them all.

No shared file system is assumed. An order carries the notebooks, the experiments file, and the modules, data
and results that the variant reads; a delivery carries the finished variant back, to be published like a local
one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from runner.errors import RunnerError
from runner.execute.keys import content_of
from runner.execute.task import Outcome, Task, replace_folder
from runner.file_index import file_index
from runner.files import move
from runner.plan.data_files import files_in
from runner.plan.practice import data_sets_of
from runner.plan.variants import Plan, Variant
from runner.results.records import FAILURE_FILE, read_result

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
    """What came of an order. ``refused`` is why the worker can't do it (then there is no outcome)."""

    outcome: Outcome | None
    outputs: Parcel
    log: bytes = b""
    refused: str = ""


def pack(files: Mapping[str, Path]) -> Parcel:
    """The files, under the names given."""
    contents = {name: path.read_bytes() for name, path in files.items()}
    return Parcel(contents, _hash(contents))


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write the files below ``folder``; raises RunnerError for a damaged parcel, writing nothing."""
    if _hash(parcel.files) != parcel.sha256:
        raise RunnerError("files were damaged on their way between runner and worker")
    for name in parcel.files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise RunnerError(f"a file would leave its folder: {name}")
    for name, content in parcel.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


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
    return Order(moved, pack(files), _data(plan, task), source, gpu, topic)


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
        for path in sorted((build_dir / "results" / name).rglob("*")):
            if path.is_file() and (name in variant.needs or path.suffix != MODELS):
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
    found = [p for p in (task.build_dir / "results" / task.name).rglob("*") if p.is_file()]
    found += (task.build_dir / "notebooks").glob(f"{task.name}.*ipynb")
    return pack({path.relative_to(task.build_dir).as_posix(): path for path in found})


def publish(delivery: Delivery, task: Task) -> Outcome:
    """Put a delivered variant in its place in the build folder, the record last, as a local one is.

    Raises RunnerError if it is damaged or is not the result of this task.
    """
    outcome = delivery.outcome
    if outcome is None:
        raise RunnerError(f"nothing was delivered: {delivery.refused}", where=task.name)
    shutil.rmtree(task.work_dir, ignore_errors=True)
    task.work_dir.mkdir(parents=True)
    unpack(delivery.outputs, task.work_dir)
    results = task.work_dir / "results" / task.name
    if not outcome.reason and read_result(results).result.key != task.key:
        raise RunnerError("the worker's result is that of another task", where=task.name)
    notebooks = task.build_dir / "notebooks"
    notebooks.mkdir(parents=True, exist_ok=True)
    for arrived in (task.work_dir / "notebooks").glob("*.ipynb"):
        move(arrived, notebooks / arrived.name)
    if outcome.reason:  # what an earlier run left stays beside it
        target = task.build_dir / "results" / task.name
        target.mkdir(parents=True, exist_ok=True)
        if (results / FAILURE_FILE).exists():
            move(results / FAILURE_FILE, target / FAILURE_FILE)
    else:
        (notebooks / f"{task.name}.failed.ipynb").unlink(missing_ok=True)
        replace_folder(results, task.build_dir / "results" / task.name)
    shutil.rmtree(task.work_dir, ignore_errors=True)
    return outcome
