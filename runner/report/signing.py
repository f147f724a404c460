"""A signature on the report (PAdES), by a certificate of the user's, added behind the whole document.

The document stays as it is, byte for byte, and so does what it conforms to: the signature is an update of the
file, of a field that no page shows. pyHanko, which writes it, is an extra: half a report's readers need none.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import InputError
from runner.gate import read_given

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

INSTALL = "pip install -c constraints.txt -e '.[sign]'   (or: pip install 'practica-runner[sign]')"
FIELD, SHOWN_NAME = "Signature1", "Firma"
KEY = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
# Its last byte and the line end behind it look like one line end to a reader that counts the stream's bytes;
# which byte is last depends on where things lie, so more room for the signature changes it.
STREAM_THAT_ENDS_WITH_CR = re.compile(rb"\r\nendstream")
MORE_ROOM = range(32768, 33768, 2)
KINDS = "a PKCS#12 file (.p12, .pfx), or a PEM file with the key and its certificates"

Ask = Callable[[], str]  # the passphrase, if it is needed


@dataclass(frozen=True)
class Identity:
    """Who signs: pyHanko's signer, with key and certificates in memory, and the name in the certificate."""

    name: str
    signer: Any


def read_identity(path: Path, ask: Ask) -> Identity:
    """The key and certificate of a file; ``ask`` is called if the key is encrypted.

    Raises InputError without the library, for a file that is none of ``KINDS``, for a wrong passphrase, and
    for a certificate that is not in force now.
    """
    try:
        from asn1crypto import keys, x509
        from cryptography.hazmat.primitives import serialization
        from pyhanko.sign.signers import SimpleSigner
        from pyhanko_certvalidator.registry import SimpleCertificateStore
    except ImportError as error:
        raise InputError("to sign needs pyHanko", where="--sign", hint=f"run: {INSTALL}") from error
    key, certificates = _contents(path, ask)
    own = _own(path, key, certificates)
    _refuse_out_of_force(path, own)
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = [
        x509.Certificate.load(each.public_bytes(serialization.Encoding.DER)) for each in (own, *certificates)
    ]
    signer = SimpleSigner(chain[0], keys.PrivateKeyInfo.load(plain), SimpleCertificateStore.from_certs(chain))
    return Identity(own.subject.rfc4514_string(), signer)


def _contents(path: Path, ask: Ask) -> tuple[Any, list[Certificate]]:
    """The private key and all certificates of a file."""
    content = read_given(path)
    if b"-----BEGIN " in content:
        return _of_pem(path, content, ask)
    return _of_pkcs12(path, content, ask)


def _of_pem(path: Path, content: bytes, ask: Ask) -> tuple[Any, list[Certificate]]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = KEY.search(content)
    if found is None:
        raise InputError("it holds no private key", where=str(path), hint=f"give {KINDS}")
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise InputError("it holds no readable certificate", where=str(path), hint=f"give {KINDS}") from error
    try:
        return load_pem_private_key(found[0], None), certificates
    except TypeError:  # encrypted
        return _opened(path, lambda: load_pem_private_key(found[0], ask().encode())), certificates
    except ValueError as error:
        raise InputError("its private key can't be read", where=str(path), hint=f"give {KINDS}") from error


def _of_pkcs12(path: Path, content: bytes, ask: Ask) -> tuple[Any, list[Certificate]]:
    from asn1crypto.pkcs12 import Pfx
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    try:
        Pfx.load(content, strict=True).native  # noqa: B018  its form; the rest says only "invalid password"
    except (ValueError, TypeError) as error:
        raise InputError("neither PKCS#12 nor PEM", where=str(path), hint=f"give {KINDS}") from error
    try:
        key, own, others = load_key_and_certificates(content, None)
    except ValueError:
        key, own, others = _opened(path, lambda: load_key_and_certificates(content, ask().encode()))
    if key is None or own is None:
        raise InputError("it holds no private key with a certificate", where=str(path), hint=f"give {KINDS}")
    return key, [own, *others]


def _opened(path: Path, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (ValueError, TypeError) as error:
        what = "it can't be opened: the passphrase is wrong, or the file is damaged"
        raise InputError(what, where=str(path)) from error


def _own(path: Path, key: Any, certificates: list[Certificate]) -> Certificate:
    """The certificate of the key."""
    for each in certificates:
        if each.public_key() == key.public_key():
            return each
    raise InputError("none of its certificates is that of its private key", where=str(path))


def _refuse_out_of_force(path: Path, certificate: Certificate) -> None:
    start, end, now = certificate.not_valid_before_utc, certificate.not_valid_after_utc, datetime.now(UTC)
    if not start <= now <= end:
        what = f"its certificate is in force from {start:%Y-%m-%d} to {end:%Y-%m-%d}, not now"
        raise InputError(what, where=str(path), hint="give another, or set this machine's clock")


def sign_pdf(identity: Identity, pdf: Path) -> None:
    """Add the signature to the file ``pdf``; raises InputError for a key that can't sign."""
    from pyhanko.sign.general import SigningError

    document = pdf.read_bytes()
    try:
        tries = (_update(identity, document, size) for size in (None, *MORE_ROOM))
        added = next(update for update in tries if not STREAM_THAT_ENDS_WITH_CR.search(update))
    except (SigningError, ValueError, NotImplementedError) as error:
        raise InputError(f"its key can't sign: {error}", where="--sign") from error
    pdf.write_bytes(document + added)


def _update(identity: Identity, document: bytes, room: int | None) -> bytes:
    """What comes behind ``document``, with ``room`` for the signature (bytes; None: pyHanko's estimate)."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter

    class Update(IncrementalPdfFileWriter):  # type: ignore[misc]
        """Leaves title, dates and producer as the document has them: ``verify`` compares them."""

        def _update_meta(self) -> None:
            """Nothing."""

    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    unseen = InvisSigSettings(box_out_of_bounds=True)  # PDF/A wants it printed, PDF/UA off the page
    field = SigFieldSpec(FIELD, on_page=0, invis_sig_settings=unseen, readable_field_name=SHOWN_NAME)
    signer = signers.PdfSigner(metadata, identity.signer, new_field_spec=field)
    signed = signer.sign_pdf(Update(io.BytesIO(document)), bytes_reserved=room)
    return bytes(signed.getbuffer()[len(document) :])
