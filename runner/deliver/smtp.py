"""Sends one message by SMTP with TLS: to all recipients or to none, and says if it may have arrived.

The steps of a transaction are taken one by one (RFC 5321), because only what comes after the final dot can
have delivered anything: until then a broken connection is a message not sent.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from runner.deliver.conversation import Conversation, begin
from runner.deliver.passwords import Secret, base64_of, plain_login
from runner.errors import RunnerError

IMPLICIT_TLS_PORT = 465
Security = Literal["starttls", "tls"]
LOGGED_IN, CHALLENGE = 235, 334
OK, FORWARDED, GO_ON, FIRST_REFUSAL = 250, 251, 354, 400


@dataclass(frozen=True)
class Server:
    """Where to send.

    ``timeout`` is in seconds, for each answer (for all together see ``conversation``); no ``user``: without
    logging in.
    """

    host: str
    port: int
    security: Security
    user: str = ""
    timeout: float = 60.0

    @property
    def name(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class NotSent(RunnerError):
    """The server did not take the message: nobody got it."""


class PerhapsSent(RunnerError):
    """The whole message went out and no answer came: it may have been delivered or not."""


def send(
    message: bytes, sender: str, recipients: Sequence[str], server: Server, password: Callable[[], str]
) -> str:
    """Send the message with CRLF line ends and return the server's last words.

    ``password`` is asked only once the connection is encrypted. Raises NotSent if nobody can have got the
    message, and PerhapsSent if the connection broke after the whole of it.
    """
    with _told_as_not_sent(server):
        smtp = _connect(server)
    try:
        with _told_as_not_sent(server):
            if server.user:
                given = password()
                smtp.secret = Secret(server.user, given)  # from here on the server may repeat it
                _log_in(smtp, server.user, given)
            _begin(smtp, sender, recipients)
            smtp.send(_stuffed(message))
        return _end(smtp, server)
    finally:
        smtp.close()


def _connect(server: Server) -> Conversation:
    """An encrypted connection whose certificate was checked."""
    context = ssl.create_default_context()
    implicit = server.security == "tls"
    return begin(server.host, server.port, server.timeout, context, implicit=implicit)


def _log_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Log in by PLAIN or LOGIN, in UTF-8 (RFC 4616); ``smtplib.login`` takes nothing but ASCII."""
    offered = str(smtp.esmtp_features.get("auth", "")).upper().split()
    if "PLAIN" in offered:
        code, reply = smtp.docmd("AUTH", "PLAIN " + base64_of(plain_login(user, password)))
    elif "LOGIN" in offered:
        code, reply = smtp.docmd("AUTH", "LOGIN " + base64_of(user))
        if code == CHALLENGE:
            code, reply = smtp.docmd(base64_of(password))
    else:
        ways = ", ".join(offered) or "none at all"
        raise smtplib.SMTPNotSupportedError(f"the server offers no login by password (it offers {ways})")
    if code != LOGGED_IN:
        raise smtplib.SMTPAuthenticationError(code, reply)


def _begin(smtp: smtplib.SMTP, sender: str, recipients: Sequence[str]) -> None:
    """Sender, recipients and the word to go on; one refused recipient refuses all."""
    code, reply = smtp.mail(sender)
    if code != OK:
        raise smtplib.SMTPSenderRefused(code, reply, sender)
    refused = {}
    for recipient in recipients:
        code, reply = smtp.rcpt(recipient)
        if code not in (OK, FORWARDED):
            refused[recipient] = (code, reply)
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)
    code, reply = smtp.docmd("DATA")
    if code != GO_ON:
        raise smtplib.SMTPDataError(code, reply)


def _stuffed(message: bytes) -> bytes:
    """The message with a second dot where a line begins with one, ending in a line end."""
    stuffed = re.sub(rb"(?m)^\.", b"..", message)
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def _end(smtp: smtplib.SMTP, server: Server) -> str:
    """The final dot and what the server says to it."""
    try:
        smtp.send(b".\r\n")
        code, reply = smtp.getreply()
        problem = "" if code >= FIRST_REFUSAL or code == OK else f"{code} {_text(reply)}"
    except (OSError, smtplib.SMTPException) as error:
        problem = _words(error)
    if problem:
        raise PerhapsSent(
            f"the whole message went out, but no clear answer came ({problem}): it may have been delivered",
            where=server.name,
            hint="ask the recipient, or look among what the account has sent, before sending with --again",
        )
    if code != OK:
        raise NotSent(f"not sent: {server.name} refused the message: {code} {_text(reply)}")
    with suppress(OSError, smtplib.SMTPException):  # it has been taken; how this ends is of no matter
        smtp.docmd("QUIT")
    return f"{code} {_text(reply)}"


@contextmanager
def _told_as_not_sent(server: Server) -> Iterator[None]:
    """Turn what goes wrong before the final dot into NotSent."""
    try:
        yield
    except (OSError, UnicodeError, smtplib.SMTPException) as error:  # UnicodeError: of an impossible host
        raise NotSent(f"not sent: {_words(error)}", where=server.name, hint=_hint(error)) from None


def _words(error: Exception) -> str:
    """What went wrong, in a line."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        each = (f"{who}: {code} {_text(reply)}" for who, (code, reply) in error.recipients.items())
        return f"recipients refused, so that nobody gets it: {'; '.join(each)}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the server did not accept user and password: {error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"sender {error.sender} refused: {error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    return _text(str(error).encode()) or type(error).__name__


def _hint(error: Exception) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate is not of this host, or of nobody that this system trusts"
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return "without TLS nothing is sent; implicit TLS, mostly on port 465: --smtp-security tls"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "many providers ask for an application password of its own"
    return None


def _text(reply: bytes | str) -> str:
    """A server's words on one line, without control characters."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
