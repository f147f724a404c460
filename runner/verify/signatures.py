"""Who signed a report, and whether anything but the signatures was added to it, or came after them.

What is signed is compared elsewhere, as it was before anything was added. Here, what was added may be
signatures that no page shows, and nothing else: not even another title. pyHanko reads it, which is an extra.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner import limits
from runner.errors import InputError, RunnerError
from runner.gate import read_given

MARK = b"/ByteRange"  # every signature says which bytes it is of
END = re.compile(rb"startxref\s{1,4}(\d{1,12})\s{1,4}%%EOF(\r\n|\n|\r|\Z)")
ROOTS = ("/Root", "/Info", "/Encrypt")
MAY_CHANGE = {"/Catalog": {"/AcroForm", "/Extensions", "/Version"}, "/Page": {"/Annots"}}  # by a signature
INSTALL = "pip install 'practica-runner[sign]'"


@dataclass(frozen=True)
class Found:
    """What the signatures say in a line, what is wrong with them, and what could not be looked at."""

    agrees: str
    faults: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def document_of(content: bytes) -> bytes:
    """What of a PDF is the document: all, or, if signatures were added, what was there before them."""
    end = END.search(content)
    if end is None or MARK not in content[end.end() :]:
        return content
    return content[: end.end()]


def read_authorities(path: Path) -> tuple[bytes, ...]:
    """Certificates of those who are trusted, in DER; raises InputError for a file that holds none."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding
    except ImportError as error:
        raise InputError(
            "to check signatures needs pyHanko", where="--trust", hint=f"run: {INSTALL}"
        ) from error
    try:
        found = x509.load_pem_x509_certificates(read_given(path))
    except ValueError as error:
        raise InputError("no certificates in PEM", where=str(path)) from error
    return tuple(each.public_bytes(Encoding.DER) for each in found)


def check_signatures(content: bytes, trusted: tuple[bytes, ...] = ()) -> Found:
    """What ``content``, a PDF that signatures were added to, says; ``trusted`` are certificates in DER.

    Raises RunnerError for more than the limits, and whatever a damaged file leads its reader to.
    """
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader
    except ImportError:
        return Found("", open=(f"it is signed; to know by whom: {INSTALL}",))
    revisions = content.count(b"startxref")
    if revisions > limits.REVISIONS:
        raise RunnerError(f"it was added to {revisions - 1} times: the limit is {limits.REVISIONS}")
    reader = PdfFileReader(io.BytesIO(content), strict=True)
    signatures = reader.embedded_signatures
    said = [_Reading(each, trusted) for each in signatures]
    faults = [*_added(reader, content), *(fault for each in said for fault in each.faults)]
    if not said:
        faults.append("it was added to, and not by a signature")
    elif _covered(signatures) < len(content):
        faults.append("something was added after the last signature")
    return Found(
        "; ".join([*map(str, said), "nothing else was added, and nothing came after"]), tuple(faults)
    )


def _covered(signatures: Any) -> int:
    """How far into the file the signatures reach."""
    return max(int(each.byte_range[2]) + int(each.byte_range[3]) for each in signatures)


def _added(reader: Any, content: bytes) -> Iterator[str]:
    """What of the updates is not a signature that nobody sees."""
    end = END.search(content)
    if end is None or reader.xrefs.get_startxref_for_revision(0) != int(end[1]):
        yield "its first version is not what other programs take for it"
        return
    before = reader.get_historical_resolver(0)
    if any(_text(before.trailer_view, key) != _text(reader.trailer, key) for key in ROOTS):
        yield "another document was put in its place"
    changed = {ref for n in range(1, reader.xrefs.total_revisions) for ref in _changed(reader, before, n)}
    for number, generation in sorted(changed):
        old, new = (each.get_object(_reference(number, generation, each)) for each in (before, reader))
        may = MAY_CHANGE.get(str(_entry(old, "/Type", "")), set()) if isinstance(old, dict) else set()
        if not may or not isinstance(new, dict) or not _alike(old, new, may):
            yield f"object {number} of the document was altered when it was signed"
    yield from _visible(reader)


def _changed(reader: Any, before: Any, revision: int) -> Iterator[tuple[int, int]]:
    """Numbers of the document's own objects that a revision writes again, or takes away."""
    freed = reader.xrefs.refs_freed_in_revision(revision)
    for each in (*reader.xrefs.explicit_refs_in_revision(revision), *freed):
        if not before.is_ref_unassignable(each):
            yield each.idnum, each.generation


def _reference(number: int, generation: int, holder: Any) -> Any:
    from pyhanko.pdf_utils.generic import Reference

    return Reference(number, generation, holder)


def _alike(old: Any, new: Any, may: set[str]) -> bool:
    """Whether two dictionaries are the same but for these keys; a page keeps its annotations."""
    if any(_text(old, key) != _text(new, key) for key in {*old, *new} - may):
        return False
    if "/Annots" in may:
        kept, now = (list(map(_bytes, each)) for each in (_annotations(old), _annotations(new)))
        return now[: len(kept)] == kept
    return True


def _annotations(page: Any) -> list[Any]:
    """A page's list of annotations, whose entries stay references."""
    found = _entry(page, "/Annots", [])
    return [found.raw_get(number) for number in range(len(found))]


def _text(holder: Any, key: str) -> bytes:
    return _bytes(holder.raw_get(key)) if key in holder else b""


def _bytes(value: Any) -> bytes:
    """An object as it would be written: references are numbers."""
    written = io.BytesIO()
    value.write_to_stream(written, None)
    return written.getvalue()


def _visible(reader: Any) -> Iterator[str]:
    """Fields that a page would show, over whatever is printed there."""
    form = _entry(reader.root, "/AcroForm", {})
    for key in sorted({*form} - {"/Fields", "/SigFlags"}):
        yield f"a signature's form says {key}, which is not looked into"
    fields = _entry(form, "/Fields", ())
    for field in (fields[number] for number in range(len(fields))):
        left, bottom, right, top = (float(each) for each in _entry(field, "/Rect", (0, 0, 0, 0)))
        if _entry(field, "/FT", "") != "/Sig" or "/Kids" in field:
            yield "a field was added that is no signature"
        elif "/AP" in field or (right - left) * (top - bottom):
            yield "a signature is drawn over a page, where it may hide what is printed"


def _entry(holder: Any, key: str, otherwise: Any) -> Any:
    """What a dictionary refers to: the library's own ``get`` gives the reference."""
    return holder[key] if key in holder else otherwise  # noqa: SIM401


@contextmanager
def _silence() -> Iterator[None]:
    """A block in which no library logs anything."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


class _Reading:
    """One signature: whose it is, and what is wrong with it."""

    def __init__(self, signature: Any, trusted: tuple[bytes, ...]) -> None:
        from asn1crypto.x509 import Certificate
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko.sign.validation.settings import KeyUsageConstraints
        from pyhanko_certvalidator import ValidationContext

        self._signature = signature
        context = ValidationContext(
            trust_roots=[Certificate.load(each) for each in trusted], allow_fetching=False
        )
        any_use = KeyUsageConstraints(key_usage=set())
        with _silence():  # that nobody vouches for a name is told in a line
            status = validate_pdf_signature(
                signature, context, key_usage_settings=any_use, skip_diff=True
            )  # what was added is compared with the document itself
        self._trusted = bool(status.trusted)
        self._expected = bool(trusted)
        self.faults = () if status.intact and status.valid else (f"{self.signer}: not what was signed",)

    @property
    def signer(self) -> str:
        """The name in the certificate."""
        return f"'{self._signature.signer_cert.subject.human_friendly}'"

    def __str__(self) -> str:
        certificate = self._signature.signer_cert
        issuer = f"'{certificate.issuer.human_friendly}'"
        if self._trusted:
            whose = f"the certificate, by {issuer}, is one that you trust"
        elif certificate.self_issued:
            whose = "the certificate is self-made: anybody can make one of this name"
        elif self._expected:
            whose = f"the certificate is by {issuer}, who is none of those that you trust"
        else:
            whose = f"the certificate is by {issuer}: whether to trust them, --trust can say"
        moment = self._signature.self_reported_timestamp
        when = f"at {moment.isoformat(sep=' ')} by the signer's own clock" if moment else "at no told time"
        return f"signed by {self.signer}, {when}; {whose}"
