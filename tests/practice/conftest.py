"""The tests of the practice compute in float32, whatever the shell that runs them says."""

from __future__ import annotations

import pytest

from runner.practice import BFLOAT16


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable asks for bfloat16, unless the test sets it."""
    monkeypatch.delenv(BFLOAT16, raising=False)
