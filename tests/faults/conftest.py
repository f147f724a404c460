"""One undisturbed run, which the others must agree with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.faults.plans import all_metrics, run, write


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of the tests share, if there are several."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def plan(shared: Path) -> Path:
    """The experiments file."""
    with FileLock(shared / "plan.lock"):
        path = shared / "experiments.toml"
        return path if path.exists() else write(shared)


@pytest.fixture(scope="session")
def finished(shared: Path, plan: Path) -> Path:
    """A build folder that nothing disturbed."""
    build = shared / "build"
    with FileLock(shared / "build.lock"):
        if not (build / "report.pdf").exists():
            code, text = run(plan, build)
            assert code == 0, text
    return build


@pytest.fixture(scope="session")
def undisturbed(finished: Path) -> dict[str, dict[str, Any]]:
    """Its digits, by variant."""
    return all_metrics(finished)
