"""Faults that cost a part of the report only: told to the user, each once, while the rest is made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runner.errors import RunnerError

_LOG = logging.getLogger("runner.faults")
_LOG.propagate = False
_LOG.addHandler(logging.NullHandler())  # nobody listens in a kernel


def tell(error: RunnerError) -> None:
    """Pass on what is wrong, with file, field and remedy."""
    _LOG.warning("%s", error)


@contextmanager
def telling(say: Callable[[str], None]) -> Iterator[None]:
    """Have faults said, each once, until the block ends; in such a block already, nothing is said twice."""
    if any(isinstance(listener, _Once) for listener in _LOG.handlers):
        yield
        return
    with heard_by(_Once(say)):
        yield


@contextmanager
def heard_by(listener: logging.Handler) -> Iterator[None]:
    """Have ``listener`` hear of faults until the block ends."""
    _LOG.addHandler(listener)
    try:
        yield
    finally:
        _LOG.removeHandler(listener)


class _Once(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.say, self.said = say, set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, unless it was said."""
        message = record.getMessage()
        if message not in self.said:
            self.said.add(message)
            self.say(f"warning: {message}")
