"""The mail account's password: from the environment or the system's keyring, and from nowhere else.

Servers may say again what they were told, so what they say is shown and kept without it.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from urllib.parse import quote

from runner.errors import InputError
from runner.processes.isolation import PASSWORD as VARIABLE

HIDDEN = "..."
BACKEND = "PYTHON_KEYRING_BACKEND"
SERVICE = "practica-runner"


class Secret:
    """A user's password, and the forms in which a server may repeat it."""

    def __init__(self, user: str, password: str) -> None:
        plain = password.encode()
        forms = {
            password,
            " ".join(password.split()),
            plain.decode("latin-1"),
            password.encode("latin-1", "replace").decode(errors="replace"),  # as others take it for UTF-8
            quote(password, safe=""),
            plain.hex(),
            *(base64_of(text).rstrip("=") for text in (password, plain_login(user, password))),
        }
        # A server may break its lines anywhere, and repeat in capitals; the longest form goes first.
        longest = sorted(filter(None, forms), key=len, reverse=True)
        patterns = (r"\s*".join(map(re.escape, form)) + "=*" for form in longest)
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE)

    def hidden_in(self, text: str) -> str:
        """The text without any form of the password."""
        return self._pattern.sub(HIDDEN, text)


def plain_login(user: str, password: str) -> str:
    """What is told to log in by PLAIN (RFC 4616)."""
    return f"\0{user}\0{password}"


def base64_of(text: str) -> str:
    """Text in base64, by UTF-8."""
    return base64.b64encode(text.encode()).decode()


def find_password(user: str, host: str) -> str:
    """The password of ``user`` at ``host``; raises InputError saying where to put it if there is none."""
    service = f"{SERVICE}:{host}"
    password = os.environ.get(VARIABLE) or _from_keyring(service, user)
    if password:
        return password
    hint = f"keyring set {service} {user}   (or set {VARIABLE} in the environment)"
    raise InputError("no password for this account", where=f"{user} at {host}", hint=hint)


def _from_keyring(service: str, user: str) -> str | None:
    """Raises InputError for a keyring that is configured and can't be used."""
    from keyring.errors import KeyringError

    try:
        import keyring  # begins with what is configured, which may not be installed

        return keyring.get_password(service, user)
    except KeyringError:  # no keyring on this system, or locked: the hint names the other way
        return None
    except Exception as error:  # a keyring is code of others: of whatever kind
        what = f"the keyring that is configured can't be used: {type(error).__name__}: {error}".splitlines()[
            0
        ]
        hint = f"install it or configure another, or set {VARIABLE} in the environment"
        raise InputError(what, where=_configured(), hint=hint) from error


def _configured() -> str:
    """Where the keyring in use was chosen, by the rules of the library."""
    chosen = os.environ.get(BACKEND)
    if chosen is not None:
        return f"{BACKEND}={chosen}"
    from keyring.util.platform_ import config_root

    file = Path(config_root()) / "keyringrc.cfg"
    return str(file) if file.exists() else "the system's keyring"
