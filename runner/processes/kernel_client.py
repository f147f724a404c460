"""A kernel's manager and client that wait for what happens, where the library waits for time to pass.

The library takes a kernel for ready when it was silent for 0.2 s after its first answer, and looks every
0.1 s whether one has ended that was asked to: half of what a short notebook takes.
"""

from __future__ import annotations

from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type, default

CHANGES_NO_DIGIT = True  # of a training: see code_closure
LOOK_SECONDS = 0.01  # between two looks whether a kernel has ended


class OutputChannel(AsyncZMQSocketChannel):  # type: ignore[misc]  # jupyter_client is not typed strictly
    """What a kernel puts out; while it begins, no more is awaited once it is sure that nothing gets lost.

    That is so when the channel was welcomed, or the kernel has said on it that it is idle.
    """

    beginning = False
    connected = False

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message; raises Empty if none comes in time, or none is awaited."""
        if self.beginning and self.connected:
            raise Empty
        message: dict[str, Any] = await super().get_msg(timeout)
        is_idle = message["content"].get("execution_state") == "idle"
        self.connected = self.connected or is_idle or message["msg_type"] == "iopub_welcome"
        return message


class Client(AsyncKernelClient):  # type: ignore[misc]
    """Ready when the kernel has answered and its outputs arrive."""

    iopub_channel_class = Type(OutputChannel)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """As the library's, which would wait for more of its outputs."""
        self.iopub_channel.beginning = True
        try:
            await super()._async_wait_for_ready(timeout)
        finally:
            self.iopub_channel.beginning = False


class Manager(AsyncKernelManager):  # type: ignore[misc]
    """Looks often whether a kernel that was asked to end has done so."""

    @default("client_factory")
    def _own_client(self) -> type[Client]:
        return Client

    async def _async_finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = LOOK_SECONDS, restart: bool = False
    ) -> None:
        await super()._async_finish_shutdown(waittime, pollinterval, restart)
