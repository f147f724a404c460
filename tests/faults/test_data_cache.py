"""The data cache when the network goes, when two runs fill it, and when one is killed while writing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import psutil
import pytest

from runner import PROJECT_ROOT
from runner.errors import InputError
from runner.practice.data import downloads, sets, sources
from tests.practice.test_sources import make_form
from tests.program import HANG_SECONDS, silent_port, until

pytestmark = pytest.mark.faults


def some_arrays(images: int = 50) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (images, 32, 32, 3), np.uint8),
        "y_train": random.integers(0, 10, images, np.uint8),
        "x_test": random.integers(0, 256, (10, 32, 32, 3), np.uint8),
        "y_test": random.integers(0, 10, 10, np.uint8),
    }


class Server(ThreadingHTTPServer):
    """Serves one file on loopback, ``share`` of it: then the connection is closed, as if cut.

    Nobody gets it before ``go``.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.share, self.requests = content, 1.0, 0
        self.go = threading.Event()
        self.go.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/cifar-10-python.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        content = self.server.content
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.server.go.wait()
        self.wfile.write(content[: int(len(content) * self.server.share)])
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    archive = make_form("tar.gz", tmp_path, some_arrays())
    serving = Server(archive.read_bytes())
    archive.unlink()
    yield serving
    serving.shutdown()
    serving.server_close()


def test_the_network_gone_in_the_middle(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The download's real process says why it ended; nothing half is kept, and another try succeeds."""
    monkeypatch.setattr(downloads, "OFFICIAL_URL", server.url)
    monkeypatch.setattr(downloads, "OFFICIAL_SHA256", hashlib.sha256(server.content).hexdigest())
    cached, said = tmp_path / "cache" / "c.npz", list[str]()
    expected = sets.sha256(some_arrays())
    official = (sources.Source("official archive", downloads.official),)
    server.share = 0.5
    with pytest.raises(InputError) as refused:
        sources.obtain(cached, expected, official, said.append)
    assert "official archive: " in str(refused.value)
    assert "--data" in str(refused.value)
    assert [path.name for path in cached.parent.iterdir()] == ["c.lock"]
    server.share = 1.0
    assert sources.obtain(cached, expected, official, said.append).origin == "official archive"
    sets.check(sets.read_arrays(cached), expected, "cache")


def test_the_network_gone_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = (sources.Source("official archive", downloads.official),)
    with silent_port() as port, pytest.raises(InputError, match=r"(?i)official archive: .*refused"):
        monkeypatch.setattr(downloads, "OFFICIAL_URL", f"http://127.0.0.1:{port}/cifar-10-python.tar.gz")
        sources.obtain(tmp_path / "c.npz", {}, official, lambda text: None)


FILLER = """
import json, sys
from pathlib import Path
from runner.practice.data import downloads, sources
cached, url, archive_hash, expected = sys.argv[1:]
downloads.OFFICIAL_URL, downloads.OFFICIAL_SHA256 = url, archive_hash
downloads.CONNECT_SECONDS = 10**4  # as long as the test holds the server
official = sources.Source("official archive", downloads.official)
found = sources.obtain(Path(cached), json.loads(expected), (official,), print)
print("origin:", found.origin)
"""


def python(code: str, *words: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-u", "-c", code, *words]
    with log.open("wb") as file:
        return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=file, stderr=file)


def test_two_downloads_at_once_are_one(server: Server, tmp_path: Path) -> None:
    """The second waits for the first, and takes what it left."""
    server.go.clear()
    cached, expected = tmp_path / "cache" / "c.npz", sets.sha256(some_arrays())
    words = (str(cached), server.url, hashlib.sha256(server.content).hexdigest(), json.dumps(expected))
    logs = [tmp_path / "one.log", tmp_path / "other.log"]
    both = [python(FILLER, *words, log=log) for log in logs]
    until(lambda: any("waiting for another run" in log.read_text() for log in logs))
    server.go.set()
    codes = [process.wait(HANG_SECONDS) for process in both]
    texts = [log.read_text() for log in logs]
    assert codes == [0, 0], texts
    assert server.requests == 1
    origins = sorted(text.split("origin: ")[1].split()[0] for text in texts)
    assert origins == ["cache", "official"]
    sets.check(sets.read_arrays(cached), expected, "cache")


WRITER = """
import sys
from pathlib import Path
import numpy as np
from runner.practice.data import sources
shape = (60000, 32, 32, 3)
arrays = {
    "x_train": np.zeros(shape, np.uint8), "y_train": np.zeros(60000, np.uint8),
    "x_test": np.zeros((10, 32, 32, 3), np.uint8), "y_test": np.zeros(10, np.uint8),
}
while True:
    sources._store(Path(sys.argv[1]), arrays)
"""


def stop_while(pid: int, holds: Callable[[], bool]) -> None:
    """Have a process stand still at a moment at which something holds."""
    process = psutil.Process(pid)

    def stopped() -> bool:
        process.suspend()
        until(lambda: process.status() == psutil.STATUS_STOPPED)
        if holds():
            return True
        process.resume()
        return False

    until(stopped)


def test_killed_while_the_cache_is_written(tmp_path: Path) -> None:
    """SIGKILL at moments of a write that goes on: the file is whole or it is not there, and is swept."""
    folder = tmp_path / "cache"
    folder.mkdir()
    cached, expected = folder / "c.npz", sets.sha256(some_arrays())
    for moment in (0.0, 0.02, 0.05, 0.1, 0.3):
        cached.unlink(missing_ok=True)
        process = python(WRITER, str(cached), log=tmp_path / "log")
        half = folder / f".c.{process.pid}.npz"
        until(half.exists)
        time.sleep(moment)
        if moment == 0.0:  # once for certain in the middle
            stop_while(process.pid, half.exists)
        process.kill()
        process.wait()
        if cached.exists():
            assert sets.read_arrays(cached)["x_train"].shape == (60_000, 32, 32, 3)
    assert list(folder.glob(".c.*.npz"))  # what the kills left half-written
    good = sources.Source("good", lambda folder, say: some_arrays())
    sources.obtain(cached, expected, (good,), lambda text: None)
    sets.check(sets.read_arrays(cached), expected, "cache")
    assert sorted(path.name for path in folder.iterdir()) == ["c.lock", "c.npz"]
