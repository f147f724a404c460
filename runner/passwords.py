"""The mail account's password: from the environment or the system's keyring, and from nowhere else."""

from __future__ import annotations

import os

from runner.errors import InputError

VARIABLE = "RUNNER_SMTP_PASSWORD"
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
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(service, user)
    except KeyringError:  # no keyring on this system, or locked: the hint names the other way
        return None
