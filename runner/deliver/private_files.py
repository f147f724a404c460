"""What a delivery leaves is for its owner alone: it says who sent what to whom."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def private() -> Iterator[None]:
    """Have files that are made in the block be readable by their owner only (mode 0600)."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
