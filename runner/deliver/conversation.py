"""Talks SMTP with a server that may be slow, endless, or say again what it was told.

Python's ``smtplib`` waits for each piece of an answer anew, so that a byte now and then keeps it for ever,
and takes lines as long as there are any. Here an answer has a time and a size, and all of them have a time.
"""

from __future__ import annotations

import smtplib
import ssl
from time import monotonic
from typing import Any

from runner import limits
from runner.deliver.passwords import Secret

PIECE = 16 * 2**10  # bytes of a message sent at once: what TLS packs together
NO_CODE = -1


class Conversation(smtplib.SMTP):
    """A connection that takes at most ``seconds`` for an answer, and ``ANSWERS_TIME`` times that for all.

    What the server says is without the password of ``secret``, from when that is set. Raises TimeoutError
    and smtplib's exceptions, the connection closed.
    """

    def __init__(self, host: str, port: int, seconds: float, **options: Any) -> None:
        self.seconds = seconds
        self.end = monotonic() + limits.ANSWERS_TIME * seconds
        self.secret: Secret | None = None
        super().__init__(host, port, timeout=seconds, **options)

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer: its code (-1 for none) and words, in lines."""
        try:
            code, words = self._answer(min(monotonic() + self.seconds, self.end))
            self._wait(min(self.seconds, self.end - monotonic()))  # what TLS asks next
        except (OSError, smtplib.SMTPException):
            self.close()
            raise
        return code, words if self.secret is None else self.secret.hidden_in(_read(words)).encode()

    def send(self, s: Any) -> None:
        """Send text or bytes, in pieces small enough for the time to be looked at in between."""
        content = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for begin in range(0, len(content), PIECE):
            try:
                self._wait(min(self.seconds, self.end - monotonic()))
            except TimeoutError:
                self.close()
                raise
            super().send(content[begin : begin + PIECE])

    def _answer(self, end: float) -> tuple[int, bytes]:
        lines: list[bytes] = []
        left = limits.ANSWER_BYTES
        while True:
            line = self._line(end, left)
            left -= len(line)
            lines.append(line[4:].strip())
            code = int(line[:3]) if line[:3].isdigit() else NO_CODE
            if code == NO_CODE or line[3:4] != b"-":
                return code, b"\n".join(lines)

    def _line(self, end: float, most: int) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            self._wait(end - monotonic())
            stream = self._stream()
            there = stream.peek(1)  # what has come already, or else what comes next
            if not there:
                raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
            line += stream.read(there.find(b"\n") + 1 or len(there))
            if len(line) > most:
                raise smtplib.SMTPServerDisconnected(
                    f"the server's answer has more than {limits.ANSWER_BYTES} bytes"
                )
        return line

    def _stream(self) -> Any:
        """What the server says; ``smtplib`` begins anew with it when encryption begins."""
        if self.file is None:
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("the connection is closed")
            self.file = self.sock.makefile("rb")
        return self.file

    def _wait(self, seconds: float) -> None:
        """Let the next step take so long; raises TimeoutError if there is no time left."""
        if seconds <= 0:
            raise TimeoutError
        if self.sock is not None:
            self.sock.settimeout(seconds)


class EncryptedConversation(Conversation, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""


def begin(host: str, port: int, seconds: float, context: ssl.SSLContext, *, implicit: bool) -> Conversation:
    """A conversation that is encrypted: from its first byte, or from STARTTLS on, without which none is."""
    if implicit:
        smtp: Conversation = EncryptedConversation(host, port, seconds, context=context)
    else:
        smtp = Conversation(host, port, seconds)
    try:
        if not implicit:
            smtp.starttls(context=context)  # raises where the server has none: never without
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def _read(words: bytes) -> str:
    return words.decode(errors="replace")
