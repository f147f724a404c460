"""Statistics that were worked out before, kept in the user's cache: the same numbers give the same ones.

The libraries that work them out take longer to import than a report's sentences take. Only a rendering
remembers: who checks a report works everything out anew. Renderings at the same time add to one file, and
none loses what another kept.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, wraps
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from runner.files import read_json, write_json
from runner.gate import read_bytes
from runner.locks import in_turn

P = ParamSpec("P")
R = TypeVar("R")
FILE = "statistics.json"  # in the user's cache
LIBRARIES = ("numpy", "scipy", "statsmodels", "scikit-learn")
MOST = 20_000  # of all reports; the oldest give way
LOCK = "statistics.lock"
_memories: list[_Memory] = []  # that of the rendering in progress, if there is one


class _Memory:
    """What is known by the hash of what it follows from, and what of it is ``asked`` for and ``new``."""

    def __init__(self) -> None:
        self._known = _read()
        self._asked: dict[str, Any] = {}
        self._new = False

    def of(self, basis: str, work: Callable[[], R]) -> R:
        """The result for this basis, worked out if it is not known."""
        if basis in self._known:
            found = cast(R, _frozen(self._known[basis]))
        else:
            found = work()
            if not _is_finite(found):
                return found
            self._known[basis] = found
            self._new = True
        self._asked[basis] = found
        return found

    def save(self) -> None:
        """Keep it for the next rendering, where the user has a cache."""
        if not self._new:
            return
        with suppress(OSError, RuntimeError):
            path = _path()
            path.parent.mkdir(parents=True, exist_ok=True)
            with in_turn(path.with_name(LOCK)):
                older = {basis: found for basis, found in _read().items() if basis not in self._asked}
                latest = [*older.items(), *self._asked.items()][-MOST:]
                write_json(path, {"form": _form(), "known": dict(latest)}, path.parent)


@contextmanager
def remembering() -> Iterator[None]:
    """Within, statistics are looked up, and those that are new are kept at the end."""
    _memories.append(_Memory())
    try:
        yield
        _memories[-1].save()
    finally:
        _memories.pop()


def kept(work: Callable[P, R]) -> Callable[P, R]:
    """Have a function remembered that gives numbers, or tuples of them, and follows from its arguments alone.

    These are numbers, texts, arrays, and tuples of those. Whatever else it depends on must be one of them.
    """

    @wraps(work)
    def known(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _memories:
            return work(*args, **kwargs)
        basis = _basis(work, (*args, *sorted(kwargs.items())))
        return _memories[-1].of(basis, lambda: work(*args, **kwargs))

    return known


def _basis(work: Callable[..., Any], given: tuple[Any, ...]) -> str:
    """One hash of the function, its own code and what it is given."""
    found = hashlib.sha256(f"{work.__qualname__} {_meaning(work.__code__)}".encode())
    _add(found, given)
    return found.hexdigest()


def _meaning(code: CodeType) -> str:
    """What the function does, wherever it stands."""
    constants = (_meaning(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts)
    return f"{code.co_code!r} {code.co_names} {', '.join(constants)}"


def _add(found: Any, given: object) -> None:
    if isinstance(given, np.ndarray):
        found.update(f"{given.dtype.str} {given.shape} ".encode())
        found.update(np.ascontiguousarray(given).tobytes())
    elif isinstance(given, tuple | list):
        found.update(f"{len(given)}(".encode())
        for each in given:
            _add(found, each)
    else:
        found.update(f"{type(given).__name__} {given!r},".encode())


def _frozen(found: object) -> object:
    """What was written as a list is a tuple."""
    return tuple(map(_frozen, found)) if isinstance(found, list) else found


def _is_finite(found: object) -> bool:
    """Whether these are numbers that JSON has, or tuples of them."""
    if isinstance(found, tuple | list):
        return all(map(_is_finite, found))
    return isinstance(found, int | float) and math.isfinite(found)


@cache
def _form() -> str:
    return ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _read() -> dict[str, Any]:
    """What was kept; nothing, if that can't be had or was worked out by other libraries."""
    with suppress(OSError, RuntimeError, ValueError, TypeError, AttributeError, KeyError):
        path = _path()
        content = read_json(read_bytes(path, path.parent))
        if content["form"] == _form() and all(map(_is_finite, content["known"].values())):
            return dict(content["known"])
    return {}


def _path() -> Path:
    """Raises RuntimeError where the user has no home."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("practica-cnn")) / FILE
