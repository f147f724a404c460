"""Where the collection of garbage has more to look through than it finds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

CHANGES_NO_DIGIT = True  # of a training: see code_closure


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection: documents, and thousands of records, are millions of objects that stay.

    They are gone through again and again: a fifth of the time of rendering, for a few megabytes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
