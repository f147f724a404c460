"""Signed reports: by whom, with nothing else added, conforming as before; and keys that can't sign."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pypdf import PdfWriter
from pypdf.generic import NameObject, TextStringObject

from runner import limits
from runner.commands.passphrase import identity_of
from runner.commands.request import Request
from runner.errors import InputError, RunnerError
from runner.report import signing
from runner.report.printing import conformance
from runner.report.signing import read_identity, sign_pdf
from runner.verify.command import verify
from runner.verify.parcel import open_report
from runner.verify.signatures import check_signatures, document_of, read_authorities
from tests.verify.conftest import Small

pytestmark = pytest.mark.xdist_group("verify")

PASSPHRASE = "una palabra, y otra"


def certificate(
    of: str, key: EllipticCurvePrivateKey, by: str, signs: EllipticCurvePrivateKey, days: int = 9
) -> x509.Certificate:
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (of, by))
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(of == by, None), critical=True)
        .sign(signs, hashes.SHA256())
    )


def pem(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class Files:
    """Keys of one person, certified by an authority of the test's own, and what is signed by them."""

    authority: Path
    encrypted: Path
    pkcs12: Path
    self_made: Path
    expired: Path
    signed: Path


@pytest.fixture(scope="module")
def files(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("keys")
    root, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = certificate("Una autoridad", root, "Una autoridad", root)
    own = certificate("Ana Núñez", key, "Una autoridad", root)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    plain = key.private_bytes(*form, serialization.NoEncryption())
    contents = {
        "authority.pem": pem(authority),
        "encrypted.pem": key.private_bytes(*form, locked) + pem(authority) + pem(own),
        "id.p12": pkcs12.serialize_key_and_certificates(b"ana", key, own, [authority], locked),
        "self.pem": plain + pem(certificate("Ana Núñez", key, "Ana Núñez", key)),
        "expired.pem": plain + pem(certificate("Ana Núñez", key, "Una autoridad", root, days=-1)),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    found = Files(*(folder / name for name in contents), folder / "signed.pdf")
    shutil.copy(small.pdf, found.signed)
    sign_pdf(read_identity(found.pkcs12, lambda: PASSPHRASE), found.signed)
    return found


def test_a_signed_report_verifies_and_says_by_whom(
    small: Small, files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(files.signed, small.plan, trust=files.authority) == 0
    said = capsys.readouterr().out
    assert "signature    ok: signed by 'Common Name: Ana Núñez'" in said
    assert "by 'Common Name: Una autoridad', is one that you trust" in said and "nothing came after" in said
    assert said.splitlines()[-1].startswith("verified")


def test_the_document_is_the_same_bytes_and_conforms_as_before(small: Small, files: Files) -> None:
    content = files.signed.read_bytes()
    assert document_of(content) == small.pdf.read_bytes() == open_report(files.signed).content
    assert conformance.check(files.signed) == conformance.check(small.pdf) == ()


def test_no_stream_that_is_added_ends_like_a_line(
    small: Small, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One signature of 256 had such a stream; here the first two that are made count as such."""
    identity, seen = read_identity(files.pkcs12, lambda: PASSPHRASE), []

    class Ends:
        @staticmethod
        def search(update: bytes) -> bool:
            seen.append(update)
            return len(seen) < 3

    monkeypatch.setattr(signing, "STREAM_THAT_ENDS_WITH_CR", Ends)
    shutil.copy(small.pdf, tmp_path / "signed.pdf")
    sign_pdf(identity, tmp_path / "signed.pdf")
    content = (tmp_path / "signed.pdf").read_bytes()
    assert content == small.pdf.read_bytes() + seen[2]
    last = [update[: update.rindex(b"\nendstream")][-4:] for update in seen]  # a checksum
    assert len(set(last)) == 3
    assert document_of(content) == small.pdf.read_bytes()
    assert conformance.check(tmp_path / "signed.pdf") == ()


def test_who_vouches_for_the_name_is_said(small: Small, files: Files, tmp_path: Path) -> None:
    content = files.signed.read_bytes()
    assert "whether to trust them, --trust can say" in check_signatures(content).agrees
    shutil.copy(small.pdf, tmp_path / "own.pdf")
    sign_pdf(read_identity(files.self_made, str), tmp_path / "own.pdf")
    own = (tmp_path / "own.pdf").read_bytes()
    assert "self-made: anybody can make one of this name" in check_signatures(own).agrees
    stranger = generate_private_key(SECP256R1())
    (tmp_path / "other.pem").write_bytes(pem(certificate("Otra", stranger, "Otra", stranger)))
    other = read_authorities(tmp_path / "other.pem")
    assert "who is none of those that you trust" in check_signatures(content, other).agrees


def added_later(content: bytes) -> bytes:
    """An update behind the signature: another title of the document."""
    writer = PdfWriter(io.BytesIO(content), incremental=True)
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "added later": (added_later, "after the last signature"),
    "bytes after": (lambda content: content + b"\n% more\n", "after the last signature"),
    "another reason": (lambda content: content.replace(b"(Firma)", b"(Firme)"), "not what was signed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_after_or_is_altered_is_told(change: str, files: Files) -> None:
    alter, words = CHANGES[change]
    found = check_signatures(alter(files.signed.read_bytes()))
    assert any(words in fault for fault in found.faults), found


def test_a_document_altered_before_it_is_signed_does_not_pass(
    small: Small, files: Files, tmp_path: Path
) -> None:
    """The signer's own change, in an update of its own below the signature."""
    (tmp_path / "a.pdf").write_bytes(added_later(small.pdf.read_bytes()))
    sign_pdf(read_identity(files.self_made, str), tmp_path / "a.pdf")
    found = check_signatures((tmp_path / "a.pdf").read_bytes())
    assert any("of the document was altered" in fault for fault in found.faults), found


def test_added_to_more_often_than_the_limit(files: Files) -> None:
    with pytest.raises(RunnerError, match="was added to"):
        check_signatures(files.signed.read_bytes() + b"startxref" * limits.REVISIONS)


def test_a_passphrase_comes_from_a_file_alone(files: Files, tmp_path: Path) -> None:
    (tmp_path / "word").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    for key in (files.encrypted, files.pkcs12):
        identity = identity_of(Request(sign=key, sign_passphrase=tmp_path / "word"))
        assert identity is not None and identity.name == "CN=Ana Núñez"
    (tmp_path / "word").write_bytes(b"x" * (limits.PASSPHRASE_BYTES + 1))
    with pytest.raises(InputError, match="longer than any passphrase"):
        identity_of(Request(sign=files.encrypted, sign_passphrase=tmp_path / "word"))
    with pytest.raises(InputError, match="--sign, which is not given"):
        identity_of(Request(sign_passphrase=tmp_path / "word"))


def test_keys_that_cannot_sign_are_refused_with_words(files: Files, tmp_path: Path) -> None:
    for key in (files.encrypted, files.pkcs12):
        with pytest.raises(InputError, match="the passphrase is wrong"):
            read_identity(key, lambda: "otra")
    with pytest.raises(InputError, match=r"in force from .* not now"):
        read_identity(files.expired, str)
    with pytest.raises(InputError, match="no private key"):
        read_identity(files.authority, str)
    (tmp_path / "a").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="neither PKCS#12 nor PEM"):
        read_identity(tmp_path / "a", str)
