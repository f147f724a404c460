"""The mail server's host as people write it: with a port, in brackets, with a scheme; or what is wrong."""

from __future__ import annotations

import pytest

from runner.deliver.command import Delivery, read_server
from runner.deliver.smtp import Security
from runner.errors import InputError


@pytest.mark.parametrize(
    ("host", "options", "found"),
    [
        ("smtp.uni.example", {}, ("smtp.uni.example", 587, "starttls")),
        ("smtp.uni.example:587", {}, ("smtp.uni.example", 587, "starttls")),
        ("smtp.uni.example:465", {}, ("smtp.uni.example", 465, "tls")),
        (" smtp.uni.example:25 ", {}, ("smtp.uni.example", 25, "starttls")),
        ("smtp.uni.example:2525", {"smtp_security": "tls"}, ("smtp.uni.example", 2525, "tls")),
        ("smtp.uni.example:465", {"smtp_security": "starttls"}, ("smtp.uni.example", 465, "starttls")),
        ("smtp.uni.example:587", {"smtp_port": 587}, ("smtp.uni.example", 587, "starttls")),
        ("localhost", {"smtp_port": 1025}, ("localhost", 1025, "starttls")),
        ("SMTP.Uni.example.", {}, ("smtp.uni.example.", 587, "starttls")),
        ("correo.año.example", {}, ("correo.año.example", 587, "starttls")),
        ("[::1]:465", {}, ("::1", 465, "tls")),
        ("[2001:db8::7]", {}, ("2001:db8::7", 587, "starttls")),
        ("::1", {}, ("::1", 587, "starttls")),
        ("127.0.0.1:2525", {}, ("127.0.0.1", 2525, "starttls")),
        ("smtps://smtp.uni.example", {}, ("smtp.uni.example", 465, "tls")),
        ("smtps://smtp.uni.example:2465/", {}, ("smtp.uni.example", 2465, "tls")),
        ("smtp://smtp.uni.example", {}, ("smtp.uni.example", 587, "starttls")),
        ("SMTPS://[::1]", {"smtp_security": "tls"}, ("::1", 465, "tls")),
    ],
)
def test_a_host_with_its_port(
    host: str, options: dict[str, object], found: tuple[str, int, Security]
) -> None:
    server = read_server(Delivery(to=(), smtp_host=host, **options))  # type: ignore[arg-type]
    assert (server.host, server.port, server.security) == found


def test_an_address_is_told_in_brackets() -> None:
    assert read_server(Delivery(to=(), smtp_host="::1")).name == "[::1]:587"


@pytest.mark.parametrize(
    ("host", "options", "says"),
    [
        ("smtp.uni.example:587", {"smtp_port": 465}, "says 587, but --smtp-port"),
        ("smtps://smtp.uni.example", {"smtp_security": "starttls"}, "says tls, but --smtp-security"),
        ("smtp.uni.example:many", {}, "Port could not be cast"),
        ("smtp.uni.example:70000", {}, "Port out of range"),
        ("smtp.uni.example:0", {}, "is no host"),
        ("smtp.uni.example:", {}, "is no host"),
        ("smtp.uni.example:5:5", {}, "Port could not be cast"),
        (":587", {}, "is no host"),
        ("[::1", {}, "Invalid IPv6"),
        ("smtp uni example", {}, "is no host"),
        ("smtp.uni.example/path", {}, "is no host"),
        ("-a", {}, "is no host"),
        ("smtp.uni.example\nx", {}, "a line break"),
        ("https://smtp.uni.example", {}, "unknown scheme 'https'; known: smtp, smtps"),
        ("ana@smtp.uni.example", {}, "--smtp-user"),
        ("smtp://ana:secret@smtp.uni.example", {}, "--smtp-user"),
        ("ana:secret@smtp.uni.example:x", {}, "--smtp-user"),
        ("smtp://ana:secret@[::1", {}, "--smtp-user"),
    ],
)
def test_what_is_no_host_or_says_two_things_is_told(host: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_server(Delivery(to=(), smtp_host=host, **options))  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert str(caught.value).startswith("--smtp-host: ")
    assert "secret" not in str(caught.value)
