"""Sending against a real server: what arrives, what is refused, and what is never taken for sent."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from runner.deliver import smtp as sending
from runner.deliver.conversation import Conversation
from runner.deliver.passwords import find_password
from runner.deliver.smtp import NotSent, PerhapsSent, Server, send
from runner.errors import InputError
from tests.mail_server import PASSWORD, USER, Fault, Mailbox, mail_server
from tests.program import HANG_SECONDS, silent_port, until

RECIPIENTS = ("first@uni.example", "second@uni.example")


def message(size: int = 100) -> bytes:
    """A message with lines that begin with a dot, ``size`` bytes attached."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "ana@uni.example", ", ".join(RECIPIENTS), "Práctica"
    made.set_content(".\n.hola\n..\n")
    made.add_attachment(b"\x00\xff" * (size // 2), maintype="application", subtype="pdf", filename="a.pdf")
    return made.as_bytes()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the tester's own mail, and no keyring."""
    for name in ("HOST", "PORT", "USER", "PASSWORD", "SECURITY"):
        monkeypatch.delenv(f"RUNNER_SMTP_{name}", raising=False)


@pytest.mark.parametrize("implicit", [False, True])
def test_arrives_whole_and_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implicit: bool) -> None:
    content = message()
    with mail_server(tmp_path, implicit=implicit) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.ca))
        server = Server("localhost", box.port, "tls" if implicit else "starttls", USER, HANG_SECONDS)
        reply = send(content, "ana@uni.example", RECIPIENTS, server, lambda: PASSWORD)
    (arrived,) = box.messages
    assert reply == "250 2.0.0 Ok: queued as 4XyZ"
    assert box.encrypted == [True]
    assert box.logins == [True]
    assert arrived.mail_from == "ana@uni.example"
    assert tuple(arrived.rcpt_tos) == RECIPIENTS
    assert arrived.content == content


@pytest.mark.parametrize(
    ("fault", "words", "taken"),
    [
        ("refuse message", "554 5.7.1 too suspicious", 0),
        ("refuse recipient", "second@uni.example: 550 5.1.1 no such user", 0),
        ("refuse sender", "553 5.7.1 not yours", 0),
        ("slow greeting", "no answer in time", 0),
        ("hang up at recipient", "", 0),
        ("hang up at data", "", 0),
        ("hang up in the middle", "", 0),
        ("no starttls", "STARTTLS", 0),
        ("slow answer", "no answer in time", 1),
        ("hang up at the end", "may have been delivered", 1),
        ("babble at the end", "may have been delivered", 1),
    ],
)
def test_what_went_wrong_is_told_and_whether_it_may_have_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault, words: str, taken: int
) -> None:
    with mail_server(tmp_path, fault) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.ca))
        patience = 1 if fault == "slow greeting" else HANG_SECONDS
        server = Server("localhost", box.port, "starttls", USER, patience)
        if fault == "slow answer":
            lose_patience(monkeypatch, box)
        with pytest.raises(PerhapsSent if taken else NotSent) as told:
            send(message(8_000_000), "ana@uni.example", RECIPIENTS, server, lambda: PASSWORD)
    assert words in str(told.value)
    assert len(box.messages) == taken
    assert PASSWORD not in str(told.value)
    assert told.value.exit_code == 1


def lose_patience(monkeypatch: pytest.MonkeyPatch, box: Mailbox) -> None:
    """Wait for the last answer until the server has the whole message, and hardly longer."""
    end = sending._end

    def hurried(smtp: Conversation, server: Server) -> str:
        reply = smtp.getreply

        def soon() -> tuple[int, bytes]:
            until(lambda: box.messages)
            smtp.seconds = 0.1
            return reply()

        smtp.getreply = soon  # type: ignore[method-assign, assignment]
        return end(smtp, server)

    monkeypatch.setattr(sending, "_end", hurried)


def test_a_wrong_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.ca))
        server = Server("localhost", box.port, "starttls", USER, HANG_SECONDS)
        with pytest.raises(NotSent, match="did not accept user and password") as told:
            send(message(), "ana@uni.example", RECIPIENTS, server, lambda: "otra")
    assert "otra" not in str(told.value)
    assert box.logins[-1] is False
    assert not box.messages


def test_a_certificate_of_nobody_is_refused_before_the_password(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        server = Server("localhost", box.port, "starttls", USER, HANG_SECONDS)
        asked: list[str] = []
        with pytest.raises(NotSent, match="certificate"):
            send(message(), "ana@uni.example", RECIPIENTS, server, lambda: asked.append("") or PASSWORD)
    assert not asked
    assert not box.logins


def test_nobody_listens() -> None:
    with silent_port() as port, pytest.raises(NotSent, match="not sent"):
        send(message(), "ana@uni.example", RECIPIENTS, Server("localhost", port, "starttls"), lambda: "")


def test_the_password_comes_from_environment_or_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.backends.fail import Keyring as NoKeyring

    class Memory(KeyringBackend):
        priority = 1.0

        def get_password(self, service: str, username: str) -> str | None:
            return "kept" if (service, username) == ("practica-runner:smtp.uni.example", "ana") else None

        def set_password(self, service: str, username: str, password: str) -> None: ...

    before = keyring.get_keyring()
    try:
        keyring.set_keyring(Memory())
        assert find_password("ana", "smtp.uni.example") == "kept"
        with pytest.raises(InputError, match=r"keyring set practica-runner:other\.example ana"):
            find_password("ana", "other.example")
        keyring.set_keyring(NoKeyring())
        with pytest.raises(InputError, match="RUNNER_SMTP_PASSWORD"):
            find_password("ana", "smtp.uni.example")
        monkeypatch.setenv("RUNNER_SMTP_PASSWORD", "given")
        assert find_password("ana", "smtp.uni.example") == "given"
    finally:
        keyring.set_keyring(before)


KEYRINGS = {
    "not installed": ("nobody.has.This", "ModuleNotFoundError: No module named 'nobody'"),
    "no such class": ("keyring.backends.fail.This", "AttributeError: module"),
    "no name": ("this", "ValueError: Empty module name"),
}


@pytest.mark.parametrize("fault", KEYRINGS)
@pytest.mark.parametrize("chosen_by", ["environment", "file"])
def test_a_configured_keyring_that_can_not_be_used_is_told(
    fault: str, chosen_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring.core
    import keyring.util.platform_

    backend, words = KEYRINGS[fault]
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)  # as in a process that begins
    monkeypatch.setattr(keyring.util.platform_, "config_root", lambda: tmp_path)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    if chosen_by == "environment":
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    else:
        (tmp_path / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={backend}\n")
    with pytest.raises(InputError) as caught:
        find_password("ana", "uni.example")
    where = f"PYTHON_KEYRING_BACKEND={backend}" if chosen_by == "environment" else tmp_path / "keyringrc.cfg"
    assert f"{where}: the keyring that is configured can't be used: {words}" in str(caught.value)
    assert "RUNNER_SMTP_PASSWORD" in str(caught.value)
    monkeypatch.setenv("RUNNER_SMTP_PASSWORD", "given")
    assert find_password("ana", "uni.example") == "given"
