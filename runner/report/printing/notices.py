"""What the PDF library says while pages are printed: one list of what is let pass; all else fails.

``LET_PASS`` holds what spoils no page, each with the reason. It is told in our own words, once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runner import faults
from runner.errors import RunnerError

SUBSET_PACKAGE = "sudo apt-get install libharfbuzz-subset0"


@dataclass(frozen=True)
class Notice:
    """A message that ``pattern`` finds: what it comes to for the user, and why no page suffers from it."""

    pattern: re.Pattern[str]
    told: str
    reason: str


NO_SUBSET = Notice(
    re.compile(r"^Using fontTools instead of HarfBuzz-Subset for font "),
    "HarfBuzz-Subset is not installed: pages are the same, but take longer to print; "
    f"where there is a package of it, as on Debian 12, run: {SUBSET_PACKAGE}",
    "fontTools leaves the same glyphs under the same numbers in the file; Debian 11, Ubuntu 22.04 and many "
    "images for continuous integration have no such library",
)
LET_PASS = (NO_SUBSET,)


class _Collector(logging.Handler):
    """Keeps what WeasyPrint would only log, each message once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.messages[record.getMessage()] = None


@contextmanager
def no_warnings() -> Iterator[None]:
    """Turn WeasyPrint's warnings, and files it may not read, into one RunnerError.

    What is let pass is told of.
    """
    from weasyprint.urls import FatalURLFetchingError

    logger, collector = logging.getLogger("weasyprint"), _Collector()
    logger.addHandler(collector)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield
    except FatalURLFetchingError as error:
        raise RunnerError(str(error), where="report.pdf") from error
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
    passed = {message: _let_pass(message) for message in collector.messages}
    if faulty := [message for message, notice in passed.items() if notice is None]:
        raise RunnerError("; ".join(faulty), where="report.pdf")
    for told in dict.fromkeys(notice.told for notice in passed.values() if notice):
        faults.tell(RunnerError(told))


def without_subset() -> bool:
    """Whether WeasyPrint will say what ``NO_SUBSET`` lets pass."""
    from weasyprint.text.ffi import harfbuzz, harfbuzz_subset

    return not (harfbuzz_subset and harfbuzz.hb_version_atleast(4, 1, 0))


def _let_pass(message: str) -> Notice | None:
    return next((notice for notice in LET_PASS if notice.pattern.search(message)), None)
