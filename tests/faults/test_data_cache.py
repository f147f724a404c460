"""The data cache when the network goes, when two runs fill it, and when one is killed while writing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from runner import PROJECT_ROOT, data, downloads, sources
from runner.errors import InputError
from tests.program import HANG_SECONDS, until
from tests.unit.test_sources import make_form

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
    """Serves one file on loopback, ``share`` of it: then the connection is closed, as if cut."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.share, self.requests = content, 1.0, 0
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
        time.sleep(1)  # so that two clients are here at once
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
    expected = data.sha256(some_arrays())
    official = (sources.Source("official archive", downloads.official),)
    server.share = 0.5
    with pytest.raises(InputError) as refused:
        sources.obtain(cached, expected, official, said.append)
    assert "official archive: " in str(refused.value)
    assert "--data" in str(refused.value)
    assert [path.name for path in cached.parent.iterdir()] == ["c.lock"]
    server.share = 1.0
    assert sources.obtain(cached, expected, official, said.append).origin == "official archive"
    data.check(data.read_arrays(cached), expected, "cache")


def test_the_network_gone_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "OFFICIAL_URL", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    official = (sources.Source("official archive", downloads.official),)
    with pytest.raises(InputError, match=r"(?i)official archive: .*refused"):
        sources.obtain(tmp_path / "c.npz", {}, official, lambda text: None)


FILLER = """
import json, sys
from pathlib import Path
from runner import downloads, sources
cached, url, archive_hash, expected = sys.argv[1:]
downloads.OFFICIAL_URL, downloads.OFFICIAL_SHA256 = url, archive_hash
official = sources.Source("official archive", downloads.official)
found = sources.obtain(Path(cached), json.loads(expected), (official,), print)
print("origin:", found.origin)
"""


def python(code: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(
        command, cwd=PROJECT_ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_two_downloads_at_once_are_one(server: Server, tmp_path: Path) -> None:
    """The second waits for the first, and takes what it left."""
    cached, expected = tmp_path / "cache" / "c.npz", data.sha256(some_arrays())
    words = (str(cached), server.url, hashlib.sha256(server.content).hexdigest(), json.dumps(expected))
    both = [python(FILLER, *words) for _ in range(2)]
    texts = [process.communicate(timeout=HANG_SECONDS)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert server.requests == 1
    origins = sorted(text.split("origin: ")[1].split()[0] for text in texts)
    assert origins == ["cache", "official"]
    data.check(data.read_arrays(cached), expected, "cache")


WRITER = """
import sys
from pathlib import Path
import numpy as np
from runner import sources
shape = (60000, 32, 32, 3)
arrays = {
    "x_train": np.zeros(shape, np.uint8), "y_train": np.zeros(60000, np.uint8),
    "x_test": np.zeros((10, 32, 32, 3), np.uint8), "y_test": np.zeros(10, np.uint8),
}
while True:
    sources._store(Path(sys.argv[1]), arrays)
"""


def test_killed_while_the_cache_is_written(tmp_path: Path) -> None:
    """SIGKILL at moments of a write that goes on: the file is whole or it is not there, and is swept."""
    cached, expected = tmp_path / "c.npz", data.sha256(some_arrays())
    for moment in (0.0, 0.02, 0.05, 0.1, 0.3):
        cached.unlink(missing_ok=True)
        process = python(WRITER, str(cached))
        until((tmp_path / f".c.{process.pid}.npz").exists)
        time.sleep(moment)
        process.kill()
        process.communicate()
        if cached.exists():
            assert data.read_arrays(cached)["x_train"].shape == (60_000, 32, 32, 3)
    assert list(tmp_path.glob(".c.*.npz"))  # what the kills left half-written
    good = sources.Source("good", lambda folder, say: some_arrays())
    sources.obtain(cached, expected, (good,), lambda text: None)
    data.check(data.read_arrays(cached), expected, "cache")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.lock", "c.npz"]
