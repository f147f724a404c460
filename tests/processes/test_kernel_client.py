"""A kernel is ready as soon as its outputs are sure to arrive, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import pytest
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from runner.processes.kernel_client import Client, Manager, OutputChannel
from tests.processes.test_kernels import pool, run

__all__ = ["pool"]  # a fixture
Message = dict[str, Any]
WELCOME: Message = {"msg_type": "iopub_welcome", "content": {"subscription": ""}}
OUTPUT: Message = {"msg_type": "stream", "content": {"name": "stdout", "text": "1"}}


def status(state: str) -> Message:
    return {"msg_type": "status", "content": {"execution_state": state}}


def read(messages: Sequence[Message], beginning: bool, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What a client gets of these messages before nothing comes, or none is awaited."""
    coming = iter(messages)

    async def get_msg(channel: object, timeout: float | None = None) -> Message:
        for message in coming:
            return message
        raise Empty

    async def all_of_them() -> list[Message]:
        with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as socket:
            channel = OutputChannel(socket, Session(), None)
            channel.beginning = beginning
            found: list[Message] = []
            with suppress(Empty):
                while True:
                    found.append(await channel.get_msg(0.2))
            return found

    monkeypatch.setattr(AsyncZMQSocketChannel, "get_msg", get_msg)
    return asyncio.run(all_of_them())


@pytest.mark.parametrize("sure", [WELCOME, status("idle")], ids=["welcome", "idle"])
def test_nothing_more_is_awaited_once_outputs_are_sure(
    sure: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [status("starting"), status("busy")]
    assert read([*before, sure, OUTPUT], True, monkeypatch) == [*before, sure]
    assert read([*before, sure, OUTPUT], False, monkeypatch) == [*before, sure, OUTPUT]


def test_until_then_all_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [status("starting"), status("busy"), OUTPUT]
    assert read(messages, True, monkeypatch) == messages


def test_a_manager_has_this_client() -> None:
    manager = Manager()
    assert manager.client_factory is Client
    assert manager.client().iopub_channel_class is OutputChannel


@pytest.mark.xdist_group("kernels")
def test_no_output_is_lost_however_soon_it_comes(pool: Executor, tmp_path: Path) -> None:
    for number in range(8):
        outcome = run(pool, tmp_path, f"soon-{number}", "print('first')", "print('last')")
        assert outcome.reason is None
        executed = nbformat.read(tmp_path / "build" / "notebooks" / f"soon-{number}.ipynb", as_version=4)
        said = [o["text"] for c in executed.cells for o in c.get("outputs", ()) if o.output_type == "stream"]
        assert said == ["first\n", "last\n"]
