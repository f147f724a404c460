"""The time zone of who runs the program, and times as they are told in it.

Its name is kept with the run (``run.json``), so that a report made again elsewhere shows the same dates.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from runner.language.i18n import MINUS

OFFSET = re.compile(r"UTC([+-])(\d\d):(\d\d)")  # in the place of a name, where the system gives none


def local_zone() -> str:
    """The name of this machine's zone, as in ``America/Mexico_City``; else its offset now."""
    from babel.localtime import get_localzone  # reads TZ, or the settings of each system

    try:
        name = str(getattr(get_localzone(), "key", ""))
        read_zone(name)
        return name
    except (LookupError, ValueError, OSError):  # of no system's list, as in TZ="<-06>6"
        return _written(datetime.now().astimezone().utcoffset() or timedelta())


@cache
def read_zone(name: str) -> tzinfo:
    """The zone of that name or offset; raises LookupError or ValueError for what is none."""
    found = OFFSET.fullmatch(name)
    if not found:
        return ZoneInfo(name)
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def in_zone(moment: datetime, zone: str) -> datetime:
    """The same moment as clocks of the zone show it; where none is known, as it was recorded."""
    return moment.astimezone(read_zone(zone)) if zone else moment


def offset_words(moment: datetime) -> str:
    """How far the moment's clock is from UTC: ``UTC``, ``UTC−6``, ``UTC+5:30``."""
    sign, hours, minutes = _parts(moment.utcoffset() or timedelta())
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign.replace('-', MINUS)}{hours}" + (f":{minutes:02}" if minutes else "")


def _written(offset: timedelta) -> str:
    sign, hours, minutes = _parts(offset)
    return f"UTC{sign}{hours:02}:{minutes:02}"


def _parts(offset: timedelta) -> tuple[str, int, int]:
    """Sign, hours and minutes."""
    total = round(offset.total_seconds() / 60)
    return "-" if total < 0 else "+", *divmod(abs(total), 60)
