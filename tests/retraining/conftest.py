"""The small report that ``verify`` is tested with."""

from __future__ import annotations

from tests.verify.conftest import altered, small

__all__ = ["altered", "small"]
