"""``python -m runner``."""

from __future__ import annotations

import sys
from collections.abc import Callable

from runner.processes.interrupts import calmly


def command_line() -> Callable[[], int]:
    """The commands, imported where no setting of the user's reaches them."""
    from runner.processes import isolation

    isolation.begin()
    from runner.cli import main

    return main


if __name__ == "__main__":
    sys.exit(calmly(command_line))
