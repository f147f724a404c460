"""The ``deliver`` command: checks the parcel, then writes the message as a draft or sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import TypeVar

from babel.dates import format_date

from runner.build_folder import REPORT_FILE, held
from runner.commands.request import Request, open_plan, say
from runner.deliver.addresses import read_addresses, read_host
from runner.deliver.header_text import blanked, header_text
from runner.deliver.message import TEMPLATE, Envelope, compose
from runner.deliver.passwords import find_password
from runner.deliver.preflight import MEGABYTE, CheckResult, Parcel, inspect, megabytes
from runner.deliver.private_files import private
from runner.deliver.receipt import (
    Book,
    Receipt,
    Receipts,
    Status,
    attachments,
    changes,
    contents,
    parcel_id,
)
from runner.deliver.smtp import IMPLICIT_TLS_PORT, PerhapsSent, Security, Server, send
from runner.errors import InputError, RunnerError
from runner.files import write_bytes
from runner.gate import kind
from runner.language import i18n
from runner.plan.variants import TEMPLATES, Plan
from runner.report.freshness import outdated

SUBMISSION_PORT = 587
SCHEMES = {"smtp": "starttls", "smtps": "tls", "submission": "starttls", "submissions": "tls"}
T = TypeVar("T")


@dataclass(frozen=True)
class Delivery:
    """What the user asked for; empty values were not given."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    sender: str = ""
    subject: str = ""
    limit_mb: float = 20.0
    send: bool = False
    again: bool = False
    smtp_host: str = ""
    smtp_port: int | None = None
    smtp_security: str | None = None
    smtp_user: str = ""
    smtp_timeout: float = 60.0


@dataclass(frozen=True)
class Packed:
    """A message ready to go, and the receipt that it would have if it were sent."""

    message: EmailMessage
    envelope: Envelope
    receipt: Receipt
    changes: tuple[str, ...]

    @property
    def whom(self) -> str:
        """The recipients' addresses."""
        return ", ".join(self.envelope.recipients)


def deliver(request: Request, delivery: Delivery) -> int:
    """Check, then write the message as a file or send it. Returns 0.

    Raises InputError naming every failing check, for options that don't fit, and for a parcel that was
    sent before; NotSent and PerhapsSent if sending fails.
    """
    envelope = read_envelope(delivery)
    server = read_server(delivery) if delivery.send else None
    plan = open_plan(request)
    if not request.build_dir.is_dir():
        raise InputError("no such folder", where=str(request.build_dir), hint="run 'all' first")
    build_dir = request.build_dir.resolve()
    with held(build_dir, request.wait, say):
        parcel = find_parcel(plan, build_dir, delivery.limit_mb)
        refuse_faulty(inspect(parcel))
        book = Book(build_dir, plan.outputs)
        packed = pack(plan, parcel, envelope, book.read())
        earlier = book.read().before(packed.receipt.parcel)
        if server is None:
            write_draft(packed, book, earlier)
        elif earlier and not delivery.again:
            raise InputError(_sent_before(earlier), where=str(book.path), hint="--again sends it again")
        else:
            dispatch(packed, server, book)
    return 0


def read_envelope(delivery: Delivery) -> Envelope:
    """Sender, recipients and subject; raises InputError for what can't be one."""
    to = read_addresses(delivery.to, "--to")
    if not to:
        raise InputError("no recipient", where="--to")
    senders = read_addresses([delivery.sender] if delivery.sender else [], "--from")
    if len(senders) > 1:
        raise InputError("only one sender, please", where="--from")
    if delivery.send and not senders:
        hint = "--from 'Ana Núñez <ana@uni.example>'"
        raise InputError("needed to send", where="--from", hint=hint)
    cc = read_addresses(delivery.cc, "--cc")
    subject = header_text(delivery.subject, "--subject")
    return Envelope(to, cc, senders[0] if senders else None, subject)


def read_server(delivery: Delivery) -> Server:
    """Where to send; port and security follow from each other if not given.

    The host may come with either. Raises InputError where it says otherwise than their options.
    """
    if not delivery.smtp_host:
        hint = "--smtp-host smtp.uni.example, or RUNNER_SMTP_HOST in the environment"
        raise InputError("needed to send", where="--smtp-host", hint=hint)
    host, port, scheme = read_host(delivery.smtp_host, "--smtp-host")
    if scheme is not None and scheme not in SCHEMES:
        raise InputError(f"unknown scheme '{scheme}'; known: {', '.join(SCHEMES)}", where="--smtp-host")
    port = _agreed(port, delivery.smtp_port, "--smtp-port")
    asked = _agreed(SCHEMES.get(scheme or ""), delivery.smtp_security, "--smtp-security")
    implicit = asked == "tls" or (asked is None and port == IMPLICIT_TLS_PORT)
    security: Security = "tls" if implicit else "starttls"
    port = port or (IMPLICIT_TLS_PORT if implicit else SUBMISSION_PORT)
    return Server(host, port, security, delivery.smtp_user, delivery.smtp_timeout)


def _agreed(by_host: T | None, by_option: T | None, option: str) -> T | None:
    """What one or both of the options say; raises InputError if it is not the same."""
    if by_host is not None and by_option is not None and by_host != by_option:
        what = f"says {by_host}, but {option} (or its variable in the environment) says {by_option}"
        raise InputError(what, where="--smtp-host", hint="leave one of them out")
    return by_option if by_host is None else by_host


def find_parcel(plan: Plan, build_dir: Path, limit_mb: float) -> Parcel:
    """Report and notebook; raises InputError where one is not there."""
    names = REPORT_FILE, plan.outputs.handin
    absent = [name for name in names if kind(build_dir / name, build_dir) != "file"]
    if absent:
        what = f"not there: {', '.join(absent)}"
        raise InputError(what, where=str(build_dir), hint="run 'all' first, or 'report'")
    report, notebook = (build_dir / name for name in names)
    return Parcel(report, notebook, round(limit_mb * MEGABYTE), outdated(plan, build_dir))


def refuse_faulty(results: Sequence[CheckResult]) -> None:
    """Print how each check went; raises InputError with all the faults if there are any."""
    faults = [f"{result.name}: {fault}" for result in results for fault in result.faults]
    for result in results:
        if not result.faults:
            print(f"{result.name:<12} ok: {result.right}")
    if faults:
        raise InputError("not fit to be delivered:\n  " + "\n  ".join(faults))


def pack(plan: Plan, parcel: Parcel, envelope: Envelope, receipts: Receipts) -> Packed:
    """The message and its receipt to be, with what changed since the last delivery."""
    attached, inside, last = attachments(parcel.files), contents(parcel.report), receipts.last_sent()
    labels = {variant.name: variant.label for variant in plan.variants}
    changed = changes(last, attached, inside, labels) if last else ()
    previous = format_date(last.time.astimezone(), format="long", locale=i18n.current()) if last else ""
    message = compose(envelope, parcel.summary, parcel.files, message_templates(plan), changed, previous)
    receipt = Receipt(
        parcel=parcel_id(attached, envelope.recipients),
        status="begun",
        time=datetime.now().astimezone(),
        sender=envelope.sender.addr_spec if envelope.sender else "",
        recipients=envelope.recipients,
        subject=str(message["Subject"]),
        message_id="",
        server="",
        reply="",
        files=attached,
        contents=inside,
    )
    return Packed(message, envelope, receipt, changed)


def message_templates(plan: Plan) -> Path:
    """The folder with the message's template: the practice's, or else this project's."""
    return plan.templates if (plan.templates / TEMPLATE).is_file() else TEMPLATES


def write_draft(packed: Packed, book: Book, earlier: Receipt | None) -> None:
    """Write the message as one that mail programs open to be sent by hand."""
    packed.message["X-Unsent"] = "1"
    content = packed.message.as_bytes()
    with private():
        write_bytes(book.draft, content, book.build_dir)
    _print_changes(packed)
    print(f"wrote {book.draft} ({megabytes(len(content))}), a draft to {packed.whom}: not sent")
    if earlier:
        print(f"note: {_sent_before(earlier)}")


def dispatch(packed: Packed, server: Server, book: Book) -> None:
    """Send, with a receipt that is there before the attempt and says how it ended."""
    sender = packed.envelope.sender
    assert sender is not None  # read_envelope has seen to it
    message, now = packed.message, datetime.now().astimezone()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.domain)  # not the name of this machine
    begun = packed.receipt.model_copy(
        update={"time": now, "message_id": str(message["Message-ID"]), "server": server.name}
    )
    content = message.as_bytes()
    if server.user:
        find_password(server.user, server.host)  # said before anything begins
    book.note(begun)
    _print_changes(packed)
    ended: tuple[Status, str] = "begun", "the program was stopped; it may have been delivered"
    try:
        reply = send(
            content,
            sender.addr_spec,
            packed.envelope.recipients,
            server,
            lambda: find_password(server.user, server.host),
        )
        ended = "sent", reply
    except PerhapsSent as error:
        ended = "unknown", error.what
        raise
    except RunnerError as error:
        ended = "not sent", error.what
        raise
    finally:
        book.note(begun.model_copy(update={"status": ended[0], "reply": ended[1]}))
    with private():
        write_bytes(book.draft, content, book.build_dir)
    print(f"sent to {packed.whom} by {server.name} ({megabytes(len(content))}): {reply}")
    print(f"receipt: {book.path}")


def _print_changes(packed: Packed) -> None:
    if packed.changes:
        print("since the last delivery: " + "; ".join(map(blanked, packed.changes)))


def _sent_before(earlier: Receipt) -> str:
    """In words what is known of an earlier attempt with the same parcel."""
    when = earlier.time.astimezone().isoformat(sep=" ", timespec="minutes")
    whom = blanked(", ".join(earlier.recipients))
    if earlier.status == "sent":
        return f"this very parcel was sent to {whom} on {when}"
    return f"this very parcel may have been sent to {whom} on {when}: the end of that attempt is not known"
