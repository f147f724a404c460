"""What a notebook is given of the run that it is part of."""

from __future__ import annotations

from typing import Any

import pytest

from runner import kernel


def test_a_written_cell_is_shown_and_runs_among_the_notebooks_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names: dict[str, Any] = {"x": 2}
    kernel.run_cell("y = x + 1\nprint('suma', y)", names)
    assert names["y"] == 3
    said = capsys.readouterr().out
    assert "y = x + 1" in said and "suma 3" in said
