"""The message of a delivery: text from a template, in the report's language, report and notebook attached."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from runner.deliver.header_text import HeaderPolicy, blanked, header_text
from runner.deliver.preflight import megabytes
from runner.gate import read_bytes
from runner.language import templating
from runner.language.i18n import localised
from runner.report.summary import ReportSummary

TEMPLATE = "message.txt"
KINDS = {".ipynb": "application/x-ipynb+json", ".pdf": "application/pdf"}


@dataclass(frozen=True)
class Envelope:
    """Whom the message is from and to; an empty ``subject`` leaves that of the template."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    sender: Address | None = None
    subject: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address that the message goes to, once."""
        return tuple(dict.fromkeys(address.addr_spec for address in (*self.to, *self.cc)))


def compose(
    envelope: Envelope,
    summary: ReportSummary,
    files: Sequence[Path],
    templates: Path,
    changes: Sequence[str] = (),
    previous: str = "",
) -> EmailMessage:
    """The message, without date or id. ``changes`` are those since the delivery of the date ``previous``.

    The same content gives the same bytes; no name or title makes a header, or a line of the text. Raises
    TemplateFault for a faulty template, and InputError for a subject that would break the header.
    """
    subject, body = _words(_on_lines(summary), files, templates, tuple(map(blanked, changes)), previous)
    if envelope.subject:
        subject = header_text(envelope.subject, "--subject")
    else:
        subject = header_text(subject, "the subject, which has the title and the names")
    message = EmailMessage(policy=HeaderPolicy(linesep="\r\n"))
    if envelope.sender:
        message["From"] = envelope.sender
    message["To"] = envelope.to
    if envelope.cc:
        message["Cc"] = envelope.cc
    message["Subject"] = subject
    message.set_content(body, cte="quoted-printable")
    digest = hashlib.sha256()
    for path in files:
        content = read_bytes(path)
        digest.update(content)
        kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        main, sub = kind.split("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=path.name)
    message.set_boundary(f"=={digest.hexdigest()[:40]}==")  # not by chance: the same bytes tomorrow
    return message


def _on_lines(summary: ReportSummary) -> ReportSummary:
    """The summary with each text of it on one line."""
    texts = {key: blanked(value) for key, value in summary if isinstance(value, str)}
    return summary.model_copy(update=texts | {"names": tuple(map(blanked, summary.names))})


def _words(
    summary: ReportSummary, files: Sequence[Path], templates: Path, changes: Sequence[str], previous: str
) -> tuple[str, str]:
    """Subject and body. It is plain text, so nothing is escaped."""
    environment = templating.environment(templates, autoescape=False)
    shown = [
        {"name": f.name, "kind": f.suffix[1:], "size": localised(megabytes(f.stat().st_size))} for f in files
    ]
    with templating.blamed(TEMPLATE):
        template = environment.get_template(TEMPLATE)
        text = template.render(summary=summary, files=shown, changes=changes, previous=previous)
    subject, _, body = text.strip().partition("\n")
    return subject.strip(), body.strip() + "\n"
