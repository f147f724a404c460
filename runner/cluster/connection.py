"""How the program reaches a Dask scheduler: in the clear, or encrypted with certificates on both sides.

Whoever reaches a scheduler without certificates can send code to all who are connected to it. With them,
only those whom the cluster's authority has signed are let in; those are trusted as one's own programs.
"""

from __future__ import annotations

import logging
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
INSTALL = "pip install -c constraints.txt -e '.[cluster]'"
ENCRYPTED = "tls://"
OPTIONS = "--tls-ca, --tls-cert and --tls-key"
NEEDED = {  # of Dask's own settings, by what they are here; a key may be in the certificate's file
    "ca": "distributed.comm.tls.ca-file",
    "cert": "distributed.comm.tls.client.cert",
}
# How answers may be encoded: as plain values. Dask's usual way is pickle, which can run what it likes.
PLAIN = ["msgpack", "error"]


@dataclass(frozen=True)
class Certificates:
    """PEM files: the cluster's authority, this program's certificate, and its key. None: Dask's settings."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @property
    def given(self) -> dict[str, Path]:
        """Those that are."""
        return {each.name: path for each in fields(self) if (path := getattr(self, each.name)) is not None}


def check_certificates(scheduler: str | None, certificates: Certificates) -> None:
    """Raise InputError for certificates that are lacking, can't be used, or that nothing would use."""
    if scheduler is not None and scheduler.startswith(ENCRYPTED):
        _security(scheduler, certificates)
    elif certificates.given:
        first = f"--tls-{next(iter(certificates.given))}"
        what = "certificates count only on an encrypted connection"
        raise InputError(what, where=first, hint="--scheduler tls://host:port")


def _refuse_unreadable(certificates: Certificates) -> None:
    for name, path in certificates.given.items():
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"can't be read: {error.strerror}", where=f"--tls-{name} {path}") from error
        if b"ENCRYPTED" in content:  # the library would ask on the terminal
            what = "is locked with a pass phrase, which nobody can be asked for"
            raise InputError(what, where=f"--tls-{name} {path}", hint="openssl pkey -in LOCKED -out KEY")


def connect(address: str, certificates: Certificates = Certificates()) -> Client:
    """A client of the scheduler at ``address``, which takes answers only as plain values.

    Raises InputError if there is none, no Dask here, or certificates are missing or refused.
    """
    security = _security(address, certificates)
    from distributed import Client
    from distributed.comm import resolve_address

    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)  # errors are told in our own words
    warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
    try:
        resolve_address(address)  # what is no address would leave Client's own destructor complaining
        return Client(
            address, timeout=CONNECT_SECONDS, set_as_default=False, security=security, deserializers=PLAIN
        )
    except (OSError, ValueError, RuntimeError) as error:
        refused = next((each for each in _causes(error) if isinstance(each, ssl.SSLError)), None)
        if refused is not None:
            what = f"the connection can't be encrypted: {refused.reason or refused}"
            hint = f"both sides need certificates of one authority: see {OPTIONS}"
            raise InputError(what, where=address, hint=hint) from error
        raise InputError(
            f"no Dask scheduler answers: {error}".splitlines()[0],
            where=address,
            hint="give the address that 'dask scheduler' prints, such as tls://host:8786",
        ) from error


def _security(address: str, certificates: Certificates) -> Any:
    """What Dask is to use for the address; None where nothing is encrypted."""
    try:
        from distributed.security import Security
    except ImportError:
        raise InputError("--scheduler needs Dask, which is not installed", hint=INSTALL) from None
    if not address.startswith(ENCRYPTED):
        check_certificates(address, certificates)
        return None
    _refuse_unreadable(certificates)
    names = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
    given = {names[name]: str(path.resolve()) for name, path in certificates.given.items()}
    try:
        security = Security(require_encryption=True, **given)
        if lacking := [name for name in NEEDED if not getattr(security, names[name])]:
            settings = ", ".join(NEEDED[name] for name in lacking)
            what = f"an encrypted connection needs certificates: {', '.join(f'--tls-{n}' for n in lacking)}"
            raise InputError(what, where=address, hint=f"give {OPTIONS}, or set Dask's {settings}")
        security.get_connection_args("client")
    except (OSError, ValueError) as error:  # of ssl, too
        what = f"the certificates can't be used: {error}".splitlines()[0]
        raise InputError(
            what, where=address, hint=f"{OPTIONS} are PEM files, the key that of --tls-cert"
        ) from error
    return security


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
