"""Servers that are slow, have no end, or repeat the password: told in time, in little memory."""

from __future__ import annotations

import base64
import time
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import limits
from runner.deliver.passwords import HIDDEN, Secret, base64_of, plain_login
from runner.deliver.smtp import NotSent, PerhapsSent, Server, send
from tests.deliver.test_smtp import RECIPIENTS, message
from tests.hostile_server import (
    MESSAGE,
    Answer,
    dripping,
    endless,
    hostile_server,
    password_of,
    polite,
)
from tests.mail_server import PASSWORD, USER

SECONDS = 1.0
SOON = 20.0  # on a machine that has other work, too
MEMORY = 20 * 2**20


def at(begin: str, pieces: Iterable[bytes]) -> Answer:
    """Polite but at the first command that begins so; that is the greeting for an empty word."""

    def answer(command: str, words: list[str]) -> Iterable[bytes]:
        hit = command.upper().startswith(begin.upper()) if begin else not command
        return pieces if hit else polite(command, words)

    return answer


def sent(port: int, content: bytes | None = None, timeout: float = SECONDS) -> str:
    server = Server("localhost", port, "tls", USER, timeout)
    return send(content or message(), "ana@uni.example", RECIPIENTS, server, lambda: PASSWORD)


@pytest.mark.parametrize("pieces", ["dripping", "endless lines", "an endless line", "a long line"])
@pytest.mark.parametrize("begin", ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", MESSAGE])
def test_an_answer_has_a_time_and_a_size(
    begin: str, pieces: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then, or lines that announce another: at any moment of the exchange."""
    code = {"": b"220-", "AUTH": b"235-", "DATA": b"354-"}.get(begin, b"250-")
    said = {
        "dripping": dripping(),
        "endless lines": endless(code + b"x" * 60 + b"\r\n"),
        "an endless line": endless(b"2"),
        "a long line": [code + b"2" * 10_000_000 + b"\r\n"],
    }
    tracemalloc.start()
    with hostile_server(tmp_path, at(begin, said[pieces])) as (port, ca):
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        began = time.monotonic()
        with pytest.raises(PerhapsSent if begin == MESSAGE else NotSent) as told:
            sent(port)
    assert time.monotonic() - began < SOON
    assert tracemalloc.get_traced_memory()[1] < MEMORY
    tracemalloc.stop()
    words = "no answer in time" if pieces == "dripping" else "has more than 65536 bytes"
    assert words in str(told.value)


@pytest.mark.parametrize("pieces", [dripping(), endless(b"220-x\r\n")])
def test_the_greeting_before_encryption_has_a_time_and_a_size(
    pieces: Iterable[bytes], tmp_path: Path
) -> None:
    with hostile_server(tmp_path, at("", pieces), encrypted=False) as (port, _):
        began = time.monotonic()
        with pytest.raises(NotSent, match=r"no answer in time|has more than 65536 bytes"):
            send(message(), "a@uni.example", RECIPIENTS, Server("localhost", port, "starttls", "", 1), str)
    assert time.monotonic() - began < SOON


def test_encryption_that_never_begins_has_a_time(tmp_path: Path) -> None:
    """Bytes of anything but TLS, one now and then."""
    with hostile_server(tmp_path, at("", dripping(b"\x16\x03\x03" * 1000)), encrypted=False) as (port, _):
        began = time.monotonic()
        with pytest.raises(NotSent):
            sent(port)
    assert time.monotonic() - began < SOON


def test_all_answers_together_have_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comes just in time, but there are many."""
    monkeypatch.setattr(limits, "ANSWERS_TIME", 2)

    def slow(command: str, words: list[str]) -> Iterable[bytes]:
        time.sleep(0.6 * SECONDS)
        return polite(command, words)

    with hostile_server(tmp_path, slow) as (port, ca):
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        began = time.monotonic()
        with pytest.raises(NotSent, match="no answer in time"):
            sent(port)
    assert time.monotonic() - began < SOON


def test_a_message_that_is_taken_too_slowly_has_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWERS_TIME", 3)
    slowly = hostile_server(tmp_path, polite, receive=lambda: time.sleep(0.01))
    with slowly as (port, ca):
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        began = time.monotonic()
        with pytest.raises(NotSent, match="no answer in time"):
            sent(port, message(20_000_000))
    assert time.monotonic() - began < SOON


def forms(login: str, password: str) -> bytes:
    """What a server may make of what it was told."""
    said = (
        password,
        base64.b64encode(password.encode()).decode(),
        login,
        f"AUTH PLAIN {login}",
        login.rstrip("="),
        password.upper(),
        login.lower(),
        quote(password),
        password.encode().hex(),
    )
    return " ".join(said).encode() + b" " + password.encode("latin-1")


ECHOES = [
    ("AUTH", b"535 "), ("AUTH", b"235-"), ("MAIL", b"550 "), ("MAIL", b"550-"), ("RCPT", b"550 "),
    ("DATA", b"554 "), ("DATA", b"what "), (MESSAGE, b"250 "), (MESSAGE, b"554 "), (MESSAGE, b"451 "),
    (MESSAGE, b"what "), (MESSAGE, b"250-"),
]  # fmt: skip


@pytest.mark.parametrize(("begin", "code"), ECHOES)
def test_a_server_that_repeats_the_password_is_not_repeated(
    begin: str, code: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In none of its forms, also broken into lines, at any moment, in errors and in the last words."""

    def repeating(command: str, words: list[str]) -> Iterable[bytes]:
        if not command.upper().startswith(begin.upper()):
            return polite(command, words)
        login, password = password_of(words)
        end = code[:3] + b" "
        broken = login[:7].encode() + b"\r\n" + end + login[7:].encode()
        return [code + forms(login, password) + b"\r\n" + end + broken + b"\r\n" if code[3:] == b"-" else
                code + forms(login, password) + b"\r\n"]  # fmt: skip

    with hostile_server(tmp_path, repeating) as (port, ca):
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        try:
            said = sent(port, timeout=30)
        except (NotSent, PerhapsSent) as error:
            said = str(error)
    assert HIDDEN in said or (begin == "AUTH" and code == b"235-")
    login = base64_of(plain_login(USER, PASSWORD))
    for form in (PASSWORD, base64_of(PASSWORD), login, login[:12], "s3cr3t", PASSWORD.encode().hex()):
        assert form.lower() not in said.lower()


@given(st.text(st.characters(codec="utf-8"), min_size=3), st.text(max_size=5), st.text(max_size=5))
def test_no_password_is_shown_whatever_it_is_made_of(password: str, before: str, after: str) -> None:
    secret = Secret(USER, password)
    for form in (password, base64_of(password), base64_of(plain_login(USER, password))):
        assert secret.hidden_in(before + form + after).count(HIDDEN) >= 1
        assert form not in secret.hidden_in(form) or form in HIDDEN
