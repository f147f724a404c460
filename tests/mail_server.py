"""A real mail server on loopback, with TLS and accounts; it may refuse, be slow, or hang up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax

from tests.program import HANG_SECONDS

USER, PASSWORD = "ana", "s3cr3t-çlave"
Fault = Literal[
    "",
    "refuse message",
    "refuse recipient",
    "refuse sender",
    "slow greeting",
    "slow answer",
    "hang up at recipient",
    "hang up at data",
    "hang up in the middle",
    "hang up at the end",
    "babble at the end",
    "no starttls",
]


@dataclass
class Mailbox:
    """What arrived, and what was tried; ``messages`` are whole messages that the server has taken."""

    port: int
    ca: Path
    messages: list[Envelope] = field(default_factory=list)
    logins: list[bool] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What makes programs trust the server's certificate, and know it."""
        return {
            "SSL_CERT_FILE": str(self.ca),
            "RUNNER_SMTP_HOST": "localhost",
            "RUNNER_SMTP_PORT": str(self.port),
            "RUNNER_SMTP_USER": USER,
            "RUNNER_SMTP_PASSWORD": PASSWORD,
            "RUNNER_SMTP_TIMEOUT": str(HANG_SECONDS),
        }


class _Handler:
    def __init__(self, box: Mailbox, fault: Fault) -> None:
        self.box, self.fault = box, fault

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.fault == "refuse sender":
            return "553 5.7.1 not yours"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.fault == "hang up at recipient":
            server.transport.abort()
        if self.fault == "refuse recipient" and address.startswith("second"):
            return "550 5.1.1 no such\tuser"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.fault == "refuse message":
            return "554 5.7.1 too suspicious"
        self.box.messages.append(envelope)
        self.box.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        if self.fault == "slow answer":
            await asyncio.Event().wait()  # which is never set
        if self.fault == "hang up at the end":
            server.transport.abort()
        return "what?" if self.fault == "babble at the end" else "250 2.0.0 Ok: queued as 4XyZ"


class _Server(SMTP):
    fault: Fault = ""

    async def _handle_client(self) -> None:
        if self.fault == "slow greeting":
            await asyncio.Event().wait()
        await super()._handle_client()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.fault == "hang up at data":
            self.transport.abort()
        elif self.fault == "hang up in the middle":
            await self.push("354 go on")
            await self._reader.readexactly(2000)
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)


class _Controller(Controller):
    """On a port that the system gives it, so that nobody else can take it first."""

    fault: Fault = ""

    def __init__(self, *words: Any, **options: Any) -> None:
        self.made: list[_Server] = []
        super().__init__(*words, **options)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def factory(self) -> SMTP:
        server = _Server(self.handler, **self.SMTP_kwargs)
        server.fault = self.fault
        self.made.append(server)
        return server

    def cancel_tasks(self, stop_loop: bool = True) -> None:
        """End connections too: from Python 3.12 on, a server that closes waits for them."""
        for server in self.made:
            if server.transport is not None:
                server.transport.abort()
        super().cancel_tasks(stop_loop)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return context, path


@contextmanager
def mail_server(folder: Path, fault: Fault = "", implicit: bool = False) -> Iterator[Mailbox]:
    """A server for one account, reached by STARTTLS or by ``implicit`` TLS."""
    context, ca = _certificate(folder)
    box = Mailbox(0, ca)

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        box.logins.append(right)
        return AuthResult(success=right, handled=False)

    options: dict[str, Any] = {"authenticator": authenticate, "auth_required": True}
    if implicit:
        options |= {"ssl_context": context, "auth_require_tls": False}
    elif fault == "no starttls":
        options |= {"auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True}
    options |= {"hostname": "127.0.0.1", "port": 0, "ready_timeout": HANG_SECONDS}
    controller = _Controller(_Handler(box, fault), **options)
    controller.start()
    box.port = controller.port
    controller.fault = fault  # only now: starting makes a connection of its own
    try:
        yield box
    finally:
        controller.stop(no_assert=True)
