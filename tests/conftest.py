"""What every test starts from."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from runner.processes.isolation import is_setting

# A shell's background hands down an ignored SIGINT; the programs that tests interrupt must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What Python heeds at its start, which tox sets too: the program would start again without, in each test.
for name in [name for name in os.environ if name.startswith("PYTHON") and is_setting(name)]:
    del os.environ[name]

# The same examples each time, however long a slow machine takes for one.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    here, user = tmp_path.stat().st_dev, os.getuid() if hasattr(os, "getuid") else 0
    for place in map(Path, ("/dev/shm", f"/run/user/{user}", Path.cwd(), Path.home(), "/var/tmp")):
        if place.is_dir() and place.stat().st_dev != here and os.access(place, os.W_OK):
            folder = Path(tempfile.mkdtemp(dir=place))
            yield folder
            shutil.rmtree(folder)
            return
    pytest.skip("this machine has one file system only")
