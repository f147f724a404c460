"""Starts kernels as forks of a process that has already imported what they need, TensorFlow say.

A kernel's imports cost many seconds of processor; a fork of a process that has them (and has run nothing)
begins at once, in a copy of its own. It is a kernel provisioner, jupyter_client's way of starting kernels
otherwise. Where forking is not safe, ``choose_provisioner`` leaves the ordinary one in place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from runner.processes import isolation, shared_server
from runner.processes.own_kernel import MODULE, start
from runner.processes.pool import end_with_parent
from runner.processes.sockets import short_temporary_folder

NAME = "forked-provisioner"
GROUP = "jupyter_client.kernel_provisioners"
DEFAULT_PROVISIONER = "JUPYTER_DEFAULT_PROVISIONER_NAME"  # jupyter_client reads it
PRELOADED = ["runner.processes.preloaded"]  # what every kernel imports; practices add their own
START_NOTE = ".error"  # ending of a file beside the connection file: why a fork did not become a kernel
GPU_DEVICES = ("/dev/nvidia0", "/dev/kfd")


def choose_provisioner() -> None:
    """Have the kernels that this process starts be forks, where that is safe."""
    if is_safe():
        os.environ[DEFAULT_PROVISIONER] = NAME


def is_safe() -> bool:
    """Linux without a GPU, and the provisioner known to jupyter_client in this environment.

    macOS's and Windows's libraries don't survive a fork, nor do CUDA's contexts.
    """
    if sys.platform != "linux" or any(Path(device).exists() for device in GPU_DEVICES):
        return False
    return any(entry.name == NAME for entry in entry_points(group=GROUP))


class ForkedProcess:
    """A forked kernel with the part of ``Popen`` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end; the exit code."""
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None and self.pid is not None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class ForkedProvisioner(LocalProvisioner):  # type: ignore[misc]  # jupyter_client is not typed strictly
    """Provides an ipykernel by forking; anything else in the ordinary way."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel that ``cmd`` describes; the connection's properties."""
        if MODULE not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index(MODULE) + 1 :]
        environment = dict(kwargs.get("env") or os.environ)
        where = str(kwargs.get("cwd") or Path.cwd())
        # No daemon: multiprocessing would allow a notebook no processes of its own.
        process = fork_context().Process(target=serve, args=(arguments, environment, where), daemon=False)
        begin(process)
        self.process = ForkedProcess(process)
        self.pid, self.pgid = process.pid, None
        return self.connection_info


def preload(modules: Iterable[str]) -> None:
    """Have the fork server, which starts with the first kernel, import these as well."""
    PRELOADED.extend(module for module in modules if module not in PRELOADED)


def fork_context() -> ForkServerContext:
    """The fork server of this process; it starts, and imports, with the first kernel."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def begin(process: ForkServerProcess) -> None:
    """Start a process of the fork server, and with the first one the server itself, unless it is shared."""
    with short_temporary_folder(), isolation.elsewhere():  # of the server's socket; of its imports
        shared_server.join()
        try:
            process.start()
        except OSError:
            if not shared_server.leave():
                raise
            process.start()


def warm() -> None:
    """Have the fork server ready, its imports done, if kernels are forks here."""
    if os.environ.get(DEFAULT_PROVISIONER) == NAME:
        process = fork_context().Process(target=os.getpid)
        begin(process)
        process.join()


def serve(arguments: Sequence[str], environment: Mapping[str, str], where: str) -> None:
    """Be a kernel until told to end; what keeps it from becoming one is noted. Runs in the forked process."""
    try:
        _serve(arguments, environment, where)
    except Exception as error:
        connection = Path(arguments[list(arguments).index("-f") + 1])
        with suppress(OSError):
            connection.with_suffix(START_NOTE).write_text(
                f"{type(error).__name__}: {error}", encoding="utf-8"
            )
        raise


def _serve(arguments: Sequence[str], environment: Mapping[str, str], where: str) -> None:
    os.setsid()  # signals for the kernel reach nothing else
    threading.Thread(target=end_with_parent, daemon=True).start()  # other workers may use the fork server
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(where)
    multiprocessing.set_start_method(None, force=True)  # the fork server's would be the notebook's, too
    _let_server_end()

    # The kernel ends itself when the fork server is gone. JPY_PARENT_PID is read when ipykernel is imported,
    # which was before the fork, so it would not be heard.
    start(arguments, parent_handle=os.getppid())


def _let_server_end() -> None:
    """Close this kernel's end of the pipe by which the fork server knows that somebody needs it.

    Each fork gets one, to start others by the same server. While the kernel held it, neither would end when
    the process that started both is killed: the server would wait for the kernel, the kernel for the server.
    """
    server: Any = forkserver._forkserver
    held, server._forkserver_alive_fd = server._forkserver_alive_fd, None
    if held is not None:
        os.close(held)
