"""What a notebook says of its parameters."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.code_closure import read_source
from runner.errors import InputError
from runner.plan.notebooks import check_notebook, declared_parameters


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


def test_defaults_that_are_no_code_are_told(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    cell = nbformat.v4.new_markdown_cell("a sentence of prose", metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    for read in (check_notebook, declared_parameters):
        with pytest.raises(InputError, match="a markdown cell is tagged 'parameters'") as caught:
            read(path)
        assert caught.value.where == f"{path}: cell 1"


def test_a_notebook_that_changed_since_it_was_looked_at_is_told(tmp_path: Path) -> None:
    """Two states of a file may have one size and one time."""
    cell = nbformat.v4.new_code_cell("lr = = 1", metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "n.ipynb")
    with pytest.raises(InputError, match="not Python: invalid syntax"):
        declared_parameters(tmp_path / "n.ipynb")


DEEP = {
    "a sum": "+".join("1" * 1500),
    "signs": "-" * 100_000 + "1",
    "a chain of elif": "if a:\n    1\n" + "elif a:\n    1\n" * 400,
    "brackets": "(" * 3000 + ")" * 3000,
    "attributes": "a" + ".b" * 5000,
}


@pytest.mark.parametrize("tags", [[], ["parameters"]], ids=["code", "defaults"])
@pytest.mark.parametrize("kind", DEEP)
def test_code_nested_too_deep_is_told_with_its_cell(kind: str, tags: list[str], tmp_path: Path) -> None:
    """Whoever reads it on the way to a key would find no end."""
    path = tmp_path / "n.ipynb"
    cell = nbformat.v4.new_code_cell(f"x = ({DEEP[kind]})" if tags and "elif" not in kind else DEEP[kind])
    cell["metadata"]["tags"] = tags
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    with pytest.raises(InputError, match="not Python: ") as caught:
        check_notebook(path)
    assert caught.value.where == f"{path}: cell 1"


@pytest.mark.parametrize("kind", DEEP)
def test_a_module_nested_too_deep_counts_by_its_bytes(kind: str) -> None:
    """It is the practice's own, and may run: any change of it counts."""
    assert read_source(DEEP[kind]).digest != read_source(f"{DEEP[kind]} ").digest


def test_code_as_deep_as_people_write_it_is_read(tmp_path: Path) -> None:
    for code in ("+".join("1" * 100), "if a:\n    1\n" + "elif a:\n    1\n" * 100, "f(" * 60 + ")" * 60):
        assert read_source(code).digest == read_source(f"{code}  # said\n").digest


def test_no_notebook_lets_a_saved_model_bring_code() -> None:
    """Keras refuses lambdas and the like in a .keras file by itself, unless it is told not to."""
    found = [*(PROJECT_ROOT / "notebooks").glob("*.ipynb"), *(PROJECT_ROOT / "runner").rglob("*.py")]
    texts = {path: path.read_text("utf-8") for path in found}
    assert any("load_model" in text for text in texts.values())
    for path, text in texts.items():
        assert "safe_mode" not in text and "unsafe_deserialization" not in text, path
