"""The passphrase of the key that signs: asked for on the terminal, or the first line of a file.

Never an option or a variable: shells keep the first, and processes hand down the second.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner import limits
from runner.commands.request import Request
from runner.errors import InputError
from runner.report.signing import Identity, read_identity

OPTION = "--sign-passphrase"


def identity_of(request: Request) -> Identity | None:
    """Who signs; None if nobody is to. Raises InputError as ``read_identity`` does."""
    path = request.sign
    if path is None:
        if request.sign_passphrase is not None:
            raise InputError("it opens the file of --sign, which is not given", where=OPTION)
        return None
    return read_identity(path, lambda: _passphrase(path, request.sign_passphrase))


def _passphrase(path: Path, file: Path | None) -> str:
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        hint = f"{OPTION} FILE gives it as the first line of a file, or of a descriptor such as /dev/fd/3"
        raise InputError("its key is encrypted, and nobody can be asked here", where=str(path), hint=hint)
    return str(click.prompt(f"passphrase of {path}", hide_input=True, err=True))


def _first_line(file: Path) -> str:
    """A pipe is read, too: the user named it."""
    with file.open("rb") as opened:
        line = opened.readline(limits.PASSPHRASE_BYTES + 1)
    if len(line) > limits.PASSPHRASE_BYTES:
        raise InputError("its first line is longer than any passphrase", where=str(file))
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError("its first line is no text in UTF-8", where=str(file)) from error
