"""Lengths of time as users write them (``45m``, ``1h30m``) and as readers of the report see them."""

from __future__ import annotations

import re

from runner.errors import InputError

WRITTEN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
SECONDS = (3600, 60, 1)
WORDS = ("h", "min", "s")


def parse_duration(text: str) -> float:
    """Seconds of ``45m``, ``2h``, ``1h30m`` or ``90s``; raises InputError for anything else or nothing."""
    found = WRITTEN.fullmatch(text.strip().lower())
    seconds = (
        sum(int(part or 0) * unit for part, unit in zip(found.groups(), SECONDS, strict=True)) if found else 0
    )
    if not seconds:
        raise InputError(f"'{text}' is no length of time", hint="write it as 45m, 2h, 1h30m or 90s")
    return float(seconds)


def in_words(seconds: float) -> str:
    """Seconds as the report prints them, zero parts left out: ``1 h 30 min``."""
    rest, parts = round(seconds), []
    for unit, word in zip(SECONDS, WORDS, strict=True):
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts) or "0 s"
