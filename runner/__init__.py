"""Batch of training runs to one report: the engine behind ``python -m runner``."""

from __future__ import annotations

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:  # ``python -m runner`` is being looked for
    del sys.path[0]  # the working directory: a random.py there would take the place of Python's

from pathlib import Path

CHANGES_NO_DIGIT = True  # of a training: see code_closure
__version__ = "0.1.0"

LOCALES = ("es_ES", "es_MX", "en")  # of the report, the notebooks and the figures; the first is the default

PROJECT_ROOT = Path(__file__).resolve().parent.parent  # what holds this package: a checkout, or site-packages


def shipped(name: str) -> Path:
    """A file or folder that comes with the program, such as ``templates``.

    A checkout has it beside the package, where it can be edited; a wheel brings it within the package.
    """
    within = Path(__file__).resolve().parent / name
    return within if within.exists() else PROJECT_ROOT / name
