"""Batch of training runs to one report: the engine behind ``python -m runner``."""

from __future__ import annotations

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:  # ``python -m runner`` is being looked for
    del sys.path[0]  # the working directory: a random.py there would take the place of Python's

from pathlib import Path

__version__ = "0.1.0"

LOCALES = ("es_ES", "es_MX", "en")  # of the report, the notebooks and the figures; the first is the default

PROJECT_ROOT = Path(__file__).resolve().parent.parent
