"""Reads a notebook that the plan names, and refuses what could not be run or told apart from another.

Every later stage (cache key, papermill, parameters) relies on what is checked here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from runner.code_closure import parsed
from runner.errors import InputError
from runner.files import read_json
from runner.gate import read_given

PARAMETERS = "parameters"  # the tag of the cell with the defaults


def read_cells(path: Path) -> list[dict[str, Any]]:
    """The cells, each with cell_type, source (a string or lines) and metadata.

    Raises InputError naming the file and the cell for anything else.
    """
    try:
        content = read_json(read_given(path))
    except (OSError, ValueError) as error:
        raise InputError(f"not a notebook (no JSON): {error}", where=str(path)) from error
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        hint = "save it in notebook format 4 (jupyter nbconvert --to notebook)"
        raise InputError("not a notebook: no list 'cells'", where=str(path), hint=hint)
    for number, cell in enumerate(cells, start=1):
        if not _is_cell(cell):
            raise InputError(
                "not a cell: needs cell_type, source and metadata", where=f"{path}: cell {number}"
            )
    return cells


def code_of(cells: list[dict[str, Any]]) -> list[str]:
    """The sources of the code cells, but for the defaults of the parameters."""
    code = (c for c in cells if c["cell_type"] == "code")
    return ["".join(c["source"]) for c in code if not _is_tagged(c)]


def declared_parameters(notebook: Path) -> dict[str, str]:
    """Names (and the code of the values) in the notebook's first cell tagged ``parameters``.

    Raises InputError as ``check_notebook`` does: the file may have changed since.
    """
    for number, cell in enumerate(read_cells(notebook), start=1):
        if _is_tagged(cell):
            tree = _tree(cell, f"{notebook}: cell {number}")
            return dict(pair for node in tree.body for pair in _assigned(node))
    return {}


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that a statement gives a value, annotated or not, each with the value's code."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets: Sequence[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return
    assert statement.value is not None
    for target in targets:
        yield from _named(target, statement.value)


def _named(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(target, ast.Name):
        yield target.id, ast.unparse(value)
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _named(one, its)


def check_notebook(path: Path) -> None:
    """Raise InputError unless it is a notebook whose code cells, that of the parameters too, are Python."""
    found = path.stat()
    _check(path, (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))


@cache
def _check(path: Path, state: tuple[int, ...]) -> None:
    """Once for each state of the file: thousands of variants may share it."""
    for number, cell in enumerate(read_cells(path), start=1):
        if cell["cell_type"] == "code" or _is_tagged(cell):
            _tree(cell, f"{path}: cell {number}")


def _tree(cell: dict[str, Any], where: str) -> ast.Module:
    if cell["cell_type"] != "code":
        hint = "papermill puts a variant's values after this cell: its defaults must be code"
        raise InputError(f"a {cell['cell_type']} cell is tagged {PARAMETERS!r}", where=where, hint=hint)
    try:
        return parsed("".join(cell["source"]))
    except (SyntaxError, ValueError) as error:
        hint = "lines with % or ! are IPython's: results are told apart by the code, so it must be Python"
        raise InputError(f"not Python: {error}", where=where, hint=hint) from error


def _is_tagged(cell: dict[str, Any]) -> bool:
    return PARAMETERS in cell["metadata"].get("tags", [])


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
        return False
    source, tags = cell.get("source"), cell["metadata"].get("tags", [])
    lines = isinstance(source, list) and all(isinstance(line, str) for line in source)
    return (
        isinstance(cell.get("cell_type"), str)
        and (isinstance(source, str) or lines)
        and isinstance(tags, list)
    )
