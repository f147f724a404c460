"""What question 8's notebook left in the smoke run, on scikit-learn's digits."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = pytest.mark.xdist_group("smoke")

SIDE = 28


@pytest.fixture(scope="module")
def values(build: Path) -> dict[str, Any]:
    path = build / "results" / "resolution" / "values.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def reductions(sizes: list[int]) -> int:
    """Steps that make the picture smaller on the way to the smallest."""
    way_down = sizes[: sizes.index(min(sizes)) + 1]
    return sum(after < before for before, after in pairwise(way_down))


def test_there_are_five_ways(values: dict[str, Any]) -> None:
    assert len({way["slug"] for way in values["ways"]}) >= 5
    for way in values["ways"]:
        assert way["name"]
        assert way["advantage"]
        assert way["drawback"]


def test_every_way_comes_back_to_28_after_four_reductions(values: dict[str, Any]) -> None:
    for way in values["ways"]:
        assert way["sizes"][0] == way["sizes"][-1] == SIDE, way["slug"]
        assert reductions(way["sizes"]) == 4, way["slug"]


def test_only_learned_ways_have_parameters(values: dict[str, Any]) -> None:
    for way in values["ways"]:
        assert way["learned"] == (way["parameters"] > 0), way["slug"]
    assert {way["learned"] for way in values["ways"]} == {True, False}


def test_the_naive_model_never_returns_to_28(values: dict[str, Any]) -> None:
    assert values["naive_sizes"][0] == SIDE
    assert reductions(values["naive_sizes"]) == 4
    assert SIDE not in values["naive_sizes"][1:]


def test_no_cell_fails_and_there_is_a_picture(build: Path) -> None:
    notebook = nbformat.read(build / "notebooks" / "resolution.ipynb", as_version=4)
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert "error" not in {output.output_type for output in outputs}
    assert any("image/png" in output.get("data", {}) for output in outputs)
