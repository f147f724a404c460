"""Lengths of time as people write them."""

from __future__ import annotations

import re

from runner.errors import InputError

PARTS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_duration(text: str) -> float:
    """Seconds in "45m", "2h", "1h30m" or "90s"; raises InputError for anything else, and for no time."""
    found = PARTS.fullmatch(text.strip())
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not total:
        raise InputError(f"not a length of time: '{text}'", hint="write it as 45m, 2h, 1h30m or 90s")
    return float(total)
