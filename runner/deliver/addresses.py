"""Addresses of mail and of its servers: read from options, refused where they could not be used.

That is, where nothing could be delivered, or a header would be broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from email.errors import NonASCIILocalPartDefect, ObsoleteHeaderDefect
from email.headerregistry import Address, HeaderRegistry
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from runner.deliver.header_text import header_text, one_line
from runner.errors import InputError

# An unquoted dot in a name; letters that the check of the address has words for.
HOST = re.compile(r"[^\W_]([\w.-]*[^\W_])?\.?|[0-9a-f:.]+(%\w+)?")  # a name, or an address of IPv6
HARMLESS = ObsoleteHeaderDefect, NonASCIILocalPartDefect


def read_host(text: str, option: str) -> tuple[str, int | None, str | None]:
    """Name of a host, and its port and scheme if they are given: ``host:587``, ``[::1]``, ``smtps://host``.

    Raises InputError for what is no host, or says more than that.
    """
    hint = "as in smtp.uni.example, smtp.uni.example:587, [::1]:465 or smtps://smtp.uni.example"
    text = one_line(text, option)
    with suppress(ValueError):
        return str(ip_address(text)), None, None  # colons of an address without brackets begin no port
    scheme, separator, rest = text.rpartition("://")
    if "@" in rest:  # said before anything that quotes it: there may be a password
        raise InputError("holds a user", where=option, hint="give the user with --smtp-user")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"'{text}': {error}", where=option, hint=hint) from error
    if "@" in parts.netloc:
        raise InputError("holds a user", where=option, hint="give the user with --smtp-user")
    more = parts.path.strip("/") if separator else parts.path
    if (
        not HOST.fullmatch(host)
        or more
        or parts.query
        or parts.fragment
        or port == 0
        or parts.netloc[-1:] == ":"
    ):
        raise InputError(f"'{text}' is no host", where=option, hint=hint)
    return host, port, scheme.lower() if separator else None


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
    except Exception as error:  # text as people write it: the reader has faults of its own, by version
        raise InputError(f"'{text}' is no address", where=option) from error
    broken = [defect for defect in header.defects if not isinstance(defect, HARMLESS)]
    if broken or not header.addresses:
        hint = 'prof@uni.example, or "Name <prof@uni.example>"'
        raise InputError(f"'{text}' is no address", where=option, hint=hint)
    return [(header_text(each.display_name, option), each.addr_spec) for each in header.addresses]


def _checked(name: str, address: str, option: str) -> Address:
    """The address with its domain as mail servers want it (``xn--...``)."""
    try:
        # The part before the @ must be ASCII: few servers take anything else.
        valid = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InputError(f"'{address}': {error}", where=option) from None
    return Address(display_name=name, addr_spec=valid.ascii_email or valid.normalized)
