"""Imports run one way, and the engine knows no practice: what is below never asks for what is above."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from runner import PROJECT_ROOT
from runner.code_closure import package_files

LAYERS = """
__main__ cli messages
retraining review
deliver verify
commands
cluster
report
practice
execute
figures
kernel
analysis
results
processes
plan
language
machine
build_folder file_index packages
files made gate limits locks durations code_closure errors faults plain_text
"""
LEVEL = {name: level for level, row in enumerate(LAYERS.strip().splitlines()) for name in row.split()}
PACKAGE = PROJECT_ROOT / "runner"
FILES = [path for name, path in package_files() if name != "runner/__init__.py"]
MOST_FILES = 16  # in a folder, besides what makes it a package


def part(path: Path) -> str:
    """The folder of the package that a file is in, or its own name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The parts of the package that a file imports, at its top or within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "runner":
            yield from (alias.name for alias in node.names if alias.name in LEVEL)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("runner."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("runner."))


def test_every_part_has_its_place() -> None:
    assert FILES
    assert {part(path) for path in FILES} == LEVEL.keys()


def test_imports_run_down() -> None:
    upward = {
        (path.relative_to(PACKAGE).as_posix(), each)
        for path in FILES
        for each in imported(path)
        if each != part(path) and LEVEL[each] < LEVEL[part(path)]
    }
    assert upward == set()


def test_only_the_practice_knows_itself() -> None:
    knowing = {part(path) for path in FILES if "practice" in imported(path)}
    assert knowing == {"practice"}


def test_a_folder_can_be_looked_over() -> None:
    folders = {path.parent for path in FILES}
    assert len(folders) > 10
    assert {f.name: n for f in folders if (n := len(list(f.glob("[!_]*.py")))) > MOST_FILES} == {}
