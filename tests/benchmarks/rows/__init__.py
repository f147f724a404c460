"""The rows of the table, one module each, in this order."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from tests.benchmarks.harness import Row

ROWS = (
    "training",
    "metrics",
    "limit",
    "precision",
    "overhead",
    "whole",
    "again",
    "many",
    "rendering",
    "startup",
    "scaling",
    "cluster",
)


def load_row(name: str) -> Row:
    """The module of a row."""
    return cast(Row, import_module(f"{__name__}.{name}"))
