"""One undisturbed run, which the others must agree with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.plans import all_metrics, run, write


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiments file."""
    return write(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="session")
def finished(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder that nothing disturbed."""
    build = tmp_path_factory.mktemp("undisturbed") / "build"
    code, text = run(plan, build)
    assert code == 0, text
    return build


@pytest.fixture(scope="session")
def undisturbed(finished: Path) -> dict[str, dict[str, Any]]:
    """Its digits, by variant."""
    return all_metrics(finished)
