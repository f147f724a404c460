"""Runs one notebook through papermill, in a kernel that can be asked how it ended.

What a cell raises is papermill's own error; a kernel that died, or never began, is a ``KernelDied``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from papermill import PapermillExecutionError, execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from runner.processes.forked_kernel import START_NOTE, choose_provisioner, warm
from runner.processes.kernel_client import Manager
from runner.processes.kernel_death import KernelDied
from runner.processes.own_kernel import OwnSpecs
from runner.processes.sockets import private_folder

ENGINE = "practica"
START_SECONDS = 180
STARTS_ON_PORTS = 3  # another program may take a port between its choice and its use


class Kernel:
    """One kernel, on sockets in ``folder`` or, without one, on ports of this machine."""

    def __init__(self, folder: Path | None) -> None:
        self.manager = Manager(kernel_name="python3", kernel_spec_manager=OwnSpecs())
        self.began = False
        self.note: Path | None = None
        if folder is not None:
            connection = folder / f"{os.getpid()}.json"  # a process has one kernel at a time
            self.note = connection.with_suffix(START_NOTE)
            self.note.unlink(missing_ok=True)
            self.manager.connection_file = str(connection)
            self.manager.transport = "ipc"

    def begin(self, **_: Any) -> None:
        """Take note that it answered; the client calls this before the first cell."""
        self.began = True

    @property
    def tried(self) -> bool:
        """Whether it got as far as starting a process."""
        return self.manager.provisioner is not None

    def death(self, error: BaseException) -> KernelDied:
        """How it ended, as what it left and its exit code tell, or else ``error``."""
        process = getattr(self.manager.provisioner, "process", None)
        status = None if process is None else process.poll()
        return KernelDied(self.began, status, self._told() or ("" if status is not None else str(error)))

    def _told(self) -> str:
        if self.note is not None:
            with suppress(OSError):
                return self.note.read_text(encoding="utf-8").strip()
        return ""


class KernelEngine(NBClientEngine):  # type: ignore[misc]  # papermill is not typed
    """papermill's engine, but in a kernel that is given."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        start_timeout: int = START_SECONDS,
        execution_timeout: int | None = None,
        kernel: Kernel | None = None,
        **_: Any,
    ) -> None:
        """Execute the notebook that ``nb_man`` manages."""
        assert kernel is not None
        client = PapermillNotebookClient(
            nb_man,
            km=kernel.manager,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            timeout=execution_timeout,
            on_notebook_start=kernel.begin,
        )
        client.execute(cleanup_kc=True)


papermill_engines.register(ENGINE, KernelEngine)


def run_notebook(
    notebook: Path, output: Path, inputs: Mapping[str, Any], cwd: Path, timeout_seconds: int | None
) -> None:
    """Execute ``notebook`` with ``inputs`` in the folder ``cwd``; the executed one is ``output``.

    Raises KernelDied, papermill's PapermillExecutionError for a cell that raised or called ``sys.exit``, and
    nbclient's CellTimeoutError for one that took longer than ``timeout_seconds``.
    """
    choose_provisioner()
    folder = private_folder()
    if folder is None:
        warm()  # the ports lie open for as short a time as can be
    starts = 1 if folder is not None else STARTS_ON_PORTS
    while True:
        kernel, starts = Kernel(folder), starts - 1
        try:
            executed = execute_notebook(
                str(notebook),
                str(output),
                parameters=dict(inputs),
                engine_name=ENGINE,
                kernel_name="python3",
                progress_bar=False,
                cwd=str(cwd),
                start_timeout=START_SECONDS,
                execution_timeout=timeout_seconds,
                request_save_on_cell_execute=False,
                kernel=kernel,
            )
            break
        except (RuntimeError, OSError, EOFError) as error:
            if not kernel.tried or (kernel.began and not isinstance(error, DeadKernelError)):
                raise
            if kernel.began or not starts:
                raise kernel.death(error) from error
    refuse_exit(executed)


def refuse_exit(executed: Any) -> None:
    """Raise PapermillExecutionError for a cell that called ``sys.exit(0)``: those after it were not run.

    papermill takes it for an end that is meant, but what the others would have measured is not there.
    """
    for index, cell in enumerate(executed.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.ename == "SystemExit":
                raise PapermillExecutionError(
                    cell_index=index,
                    exec_count=cell.execution_count,
                    source=cell.source,
                    ename=output.ename,
                    evalue=output.evalue or "0",
                    traceback=output.traceback,
                )
