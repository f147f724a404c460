"""The mail account's password: from the environment or the system's keyring, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from runner.errors import InputError

VARIABLE = "RUNNER_SMTP_PASSWORD"
BACKEND = "PYTHON_KEYRING_BACKEND"
SERVICE = "practica-runner"


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
