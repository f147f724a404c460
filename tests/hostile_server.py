"""A mail server that follows a script: slow, endless, or given to repeating what it was told."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.mail_server import _certificate

# What to say to a command, in pieces; the words so far are those of the whole conversation.
Answer = Callable[[str, "list[str]"], Iterable[bytes]]
MESSAGE = "message"  # what stands for the whole message, with its final dot


def polite(command: str, words: list[str]) -> Iterable[bytes]:
    """What a good server says."""
    verb = command.split(" ")[0].upper()
    said = {
        "": b"220 hello\r\n",
        "EHLO": b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n",
        "AUTH": b"235 welcome\r\n",
        "DATA": b"354 go on\r\n",
    }
    return [said.get(verb, b"250 OK\r\n")]


def dripping(content: bytes = b"2" * 10**6, pause: float = 0.2) -> Iterator[bytes]:
    """A byte now and then."""
    for value in content:
        yield bytes([value])
        time.sleep(pause)


def endless(line: bytes) -> Iterator[bytes]:
    """The same without end."""
    while True:
        yield line * 1000


def password_of(words: list[str]) -> tuple[str, str]:
    """The login as it was sent, and the password in it."""
    sent = next(word for word in words if word.upper().startswith("AUTH PLAIN ")).split(" ")[2]
    return sent, base64.b64decode(sent).decode().split("\0")[2]


@contextmanager
def hostile_server(
    folder: Path, answer: Answer, *, encrypted: bool = True, receive: Callable[[], object] | None = None
) -> Iterator[tuple[int, Path]]:
    """Port and certificate of a server with TLS from the start, or without TLS.

    ``receive`` is called between the pieces in which it takes a message.
    """
    context, ca = _certificate(folder)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError, ValueError), connection:
                    talk(context.wrap_socket(connection, server_side=True) if encrypted else connection)

    def talk(connection: socket.socket) -> None:
        words: list[str] = []
        stream = connection.makefile("rb")
        say(connection, answer("", words))
        for line in stream:
            words.append(line.decode().strip())
            reply = answer(words[-1], words)
            say(connection, reply)
            if words[-1].upper() == "DATA":
                while stream.readline() != b".\r\n":
                    if receive is not None:
                        receive()
                say(connection, answer(MESSAGE, words))

    def say(connection: socket.socket, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            connection.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], ca
    finally:
        listener.close()
