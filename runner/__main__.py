"""``python -m runner``."""

from __future__ import annotations

import sys

from runner.interrupts import calmly

if __name__ == "__main__":
    sys.exit(calmly())
