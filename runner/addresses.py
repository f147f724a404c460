"""Addresses of mail: read from options, refused where they could not be delivered or would break a header."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from email.errors import NonASCIILocalPartDefect, ObsoleteHeaderDefect
from email.headerregistry import Address, HeaderRegistry
from typing import Any

from email_validator import EmailNotValidError, validate_email

from runner.errors import InputError

# An unquoted dot in a name; letters that the check of the address has words for.
HARMLESS = ObsoleteHeaderDefect, NonASCIILocalPartDefect


def one_line(text: str, option: str) -> str:
    """The text without blanks around it.

    Raises InputError for a line break or another control character, which could end a header and begin
    another.
    """
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in text):
        raise InputError("holds a line break or another control character", where=option)
    return text.strip()


def read_addresses(texts: Iterable[str], option: str) -> tuple[Address, ...]:
    """The addresses of an option, each ``prof@uni.example`` or ``Name <prof@uni.example>``, none twice.

    Raises InputError naming the option and what is wrong with which address.
    """
    found: dict[str, Address] = {}
    for text in texts:
        for name, address in _split(one_line(text, option), option):
            checked = _checked(name, address, option)
            found.setdefault(checked.addr_spec.lower(), checked)
    return tuple(found.values())


def _split(text: str, option: str) -> list[tuple[str, str]]:
    try:
        header: Any = HeaderRegistry()("To", text)
    except ValueError:  # a name may be written in code, and what is coded be what may not stand there
        raise InputError("holds a line break or another control character", where=option) from None
    broken = [defect for defect in header.defects if not isinstance(defect, HARMLESS)]
    if broken or not header.addresses:
        hint = 'prof@uni.example, or "Name <prof@uni.example>"'
        raise InputError(f"'{text}' is no address", where=option, hint=hint)
    return [(one_line(each.display_name, option), each.addr_spec) for each in header.addresses]


def _checked(name: str, address: str, option: str) -> Address:
    """The address with its domain as mail servers want it (``xn--...``)."""
    try:
        # The part before the @ must be ASCII: few servers take anything else.
        valid = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InputError(f"'{address}': {error}", where=option) from None
    return Address(display_name=name, addr_spec=valid.ascii_email or valid.normalized)
