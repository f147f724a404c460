"""What a notebook says of its parameters."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from runner.plan.notebooks import declared_parameters


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("x = 1", {"x": "1"}),
        ("y: int = 2", {"y": "2"}),
        ("a = b = 'c'", {"a": "'c'", "b": "'c'"}),
        ("(a, b), c = (1, 2), [3]", {"a": "1", "b": "2", "c": "[3]"}),
        ("z: int", {}),
        ("x = 1\nx: float = 2.5  # the last counts", {"x": "2.5"}),
    ],
)
def test_each_way_of_giving_a_default_declares_it(tmp_path: Path, code: str, names: dict[str, str]) -> None:
    cell = nbformat.v4.new_code_cell(code, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "n.ipynb")
    assert declared_parameters(tmp_path / "n.ipynb") == names
