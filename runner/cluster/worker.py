"""What runs on a cluster's workers: an order is unpacked, run in a process of its own, and delivered."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from runner.build_folder import PROGRESS_FILE
from runner.cluster.parcels import Delivery, Order, Parcel, pack_outputs, placed, unpack
from runner.cluster.task_process import TaskProcess
from runner.code_closure import package_files, read_source
from runner.errors import RunnerError
from runner.machine.gpus import GROWTH, nth_gpu, only_gpu

if TYPE_CHECKING:
    from distributed import Worker

LOOK_SECONDS = 0.5
LOG_BYTES = 2**20  # of what kernels print, the last
LIBRARIES = ("tensorflow", "keras", "numpy", "papermill")

_idle: list[TaskProcess] = []
_lock = threading.Lock()


def describe() -> str:
    """What ``versions`` are, as JSON: an answer is text, which is checked where it arrives."""
    return json.dumps(versions())


@cache
def versions() -> dict[str, str]:
    """Versions of all that changes results, this package's files by what they mean."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    found |= {name: version(name) for name in LIBRARIES}
    return found | {name: read_source(path.read_bytes()).digest[:12] for name, path in package_files()}


def run_order(order: Order) -> bytes:
    """Run one order in a temporary folder, telling how far it is; ends it if nobody waits for it.

    Returns the delivery as bytes.
    """
    from distributed import get_worker

    worker = get_worker()
    folder = tempfile.TemporaryDirectory(dir=worker.local_directory, prefix="variant-")
    with folder as name:
        try:
            unpack(order.inputs, Path(name))
        except RunnerError as error:
            return Delivery(None, Parcel({}, ""), refused=error.what).to_bytes()
        return _run(order, Path(name), worker).to_bytes()


def _run(order: Order, folder: Path, worker: Worker) -> Delivery:
    task = placed(order.task, folder)
    process = _take(Path(worker.local_directory))
    before = process.log.stat().st_size if process.log.exists() else 0
    key = worker.get_current_task()
    with ThreadPoolExecutor(1) as waiting:
        answer = waiting.submit(process.run, (task, order.data, order.source, environment(order.gpu)))
        progress = ""
        while True:
            try:
                outcome, refused = answer.result(LOOK_SECONDS)
                break
            except NotYet:
                progress = _tell(order, folder, worker, progress)
                if not is_wanted(worker, key):
                    process.end()
    if process.alive:
        with _lock:
            _idle.append(process)
    log = process.log.read_bytes()[before:][-LOG_BYTES:] if process.log.exists() else b""
    outputs = pack_outputs(task) if outcome is not None else Parcel({}, "")
    return Delivery(outcome, outputs, log, refused)


def environment(gpu: int | None) -> dict[str, str]:
    """What the kernel has beside what every kernel has."""
    return GROWTH if gpu is None else only_gpu(nth_gpu(gpu))


def is_wanted(worker: Worker, key: str) -> bool:
    """Whether the runner still waits for the task: not when it was interrupted or died."""
    state = worker.state.tasks.get(key)
    return state is not None and state.state == "executing"


def _tell(order: Order, folder: Path, worker: Worker, before: str) -> str:
    """Send the kernel's progress on if it is news."""
    path = folder / order.task.work_dir / PROGRESS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return before
    if text != before:
        worker.log_event(order.topic, {"variant": order.task.name, "progress": text})
    return text


def _take(folder: Path) -> TaskProcess:
    """A process that waits for work, or a new one."""
    with _lock:
        while _idle:
            process = _idle.pop()
            if process.alive:
                return process
    number, path = tempfile.mkstemp(dir=folder, prefix="kernels-", suffix=".log")
    os.close(number)
    return TaskProcess(Path(path))
