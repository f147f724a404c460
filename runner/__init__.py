"""Batch of training runs to one report: the engine behind ``python -m runner``."""

from __future__ import annotations

from pathlib import Path

CHANGES_NO_DIGIT = True  # of a training: see code_closure
__version__ = "0.1.0"

LOCALES = ("es_ES", "es_MX", "en")  # of the report, the notebooks and the figures; the first is the default

PROJECT_ROOT = Path(__file__).resolve().parent.parent
