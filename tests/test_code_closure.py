"""Which source files a piece of Python needs, and what changes its hash."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from runner import PROJECT_ROOT, code_closure
from runner.code_closure import Source, imported, needed, package_files, read_source


def write(folder: Path, **files: str) -> None:
    """Files by their path, with __ for / and no suffix."""
    for name, code in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")


def read(path: Path) -> Source:
    return read_source(path.read_bytes())


def names(folder: Path, code: str) -> set[str]:
    """What code that stands in the folder imports, seen from there."""
    found = imported(read_source(code), folder, read, (folder,))
    return {path.relative_to(folder).as_posix() for path in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path,
        flat="import json",
        spaces__deep="VALUE = 1",  # a package without __init__
        one__two__three="from . import four\nfrom .. import five\nfrom ..six import VALUE",
        one__two__four="",
        one__two__seven="import flat",
        one__five="",
        one__six="VALUE = 1",
        circle="import round",
        round="import circle",
        sub__helper="",
    )
    for package in ("one", "one/two"):
        (tmp_path / package / "__init__.py").write_text("")
    return tmp_path


INITS = {"one/__init__.py", "one/two/__init__.py"}
THREE = INITS | {f"one/{name}.py" for name in ("two/three", "two/four", "five", "six")}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import os, numpy, flat", {"flat.py"}),
        ("import one.two.three as t", THREE),
        ("from one.two import three", THREE),
        ("from one.two.three import four", THREE),
        ("from one.two import *", THREE | {"one/two/seven.py", "flat.py"}),
        ("from one.six import VALUE", {"one/__init__.py", "one/six.py"}),
        ("from spaces.deep import VALUE", {"spaces/deep.py"}),
        ("def f():\n    if f:\n        import flat", {"flat.py"}),
        ("try:\n    import nothing\nexcept ImportError:\n    import flat", {"flat.py"}),
        ("import importlib\nimportlib.import_module('one.six')", {"one/__init__.py", "one/six.py"}),
        ("from importlib import *\nimport_module('.six', 'one')", {"one/__init__.py", "one/six.py"}),
        ("import sys\nsys.path.insert(0, 'sub')\nimport helper", {"sub/helper.py"}),
        ("import sys, subprocess\nsubprocess.run([sys.executable, '-m', 'flat', 'x'])", {"flat.py"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flat\nelse:\n    import round",
         {"round.py", "circle.py"}),
        ("import helper", set()),
        ("from . import flat", {"flat.py"}),
    ],
)  # fmt: skip
def test_every_way_of_importing_is_followed(folder: Path, code: str, wanted: set[str]) -> None:
    assert names(folder, code) == wanted


def test_a_compiled_module_counts_by_its_content(folder: Path) -> None:
    path = folder / f"fast{code_closure.EXTENSION_SUFFIXES[0]}"
    path.write_bytes(b"\x7fELF\x00")
    assert names(folder, "import fast") == {path.name}


def test_links_count_as_what_they_lead_to(folder: Path) -> None:
    (folder / "linked.py").symlink_to(folder / "flat.py")
    (folder / "nowhere.py").symlink_to(folder / "gone.py")
    (folder / "again.py").symlink_to(folder / "again.py")
    (folder / "other").symlink_to(folder / "one")
    (folder / "directory.py").mkdir()
    code = "import linked, nowhere, again, directory, other.five"
    assert names(folder, code) == {"linked.py", "other/__init__.py", "other/five.py"}


def test_a_file_in_the_place_of_a_folder_holds_no_modules(folder: Path) -> None:
    (folder / "plain").write_text("")
    assert names(folder, "import plain.flat, missing.flat") == set()


def test_a_module_in_a_package_brings_the_packages_around_it(folder: Path) -> None:
    found = needed((folder / "one" / "two" / "four.py",), read)
    assert {p.relative_to(folder).as_posix() for p in found} == INITS | {"one/two/four.py"}


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ('"""Otra."""\n\ndef f(x):\n    """Qué."""\n    return x + 1  # más\n', True),
        ("def f(\n    x,\n):\n    return (x + 1)\n", True),
        ("def f(x):\n    return x + 2\n", False),
        ("def f(x):\n    return 'x + 1'\n", False),
        ("def f(x) -> int:\n    return x + 1\n", False),
    ],
)
def test_only_the_meaning_is_hashed(code: str, same: bool) -> None:
    assert (read_source(code).digest == read_source("def f(x):\n    return x + 1\n").digest) is same


@pytest.mark.parametrize("content", [b"def f(:", b"\x00\xff", b"x = '\xe9'"])
def test_what_is_no_python_counts_byte_by_byte(content: bytes) -> None:
    assert read_source(content) == read_source(bytes(content))
    assert read_source(content).digest != read_source(content + b" ").digest


def test_modules_say_themselves_that_they_change_no_digit() -> None:
    """Nothing is listed elsewhere, so that a module that is moved stays what it is."""
    marked = {name for name, path in package_files() if read(path).changes_no_digit}
    assert {
        "runner/__init__.py",
        "runner/practice/figures/curves.py",
        "runner/kernel.py",
        "runner/results/records.py",
    } <= marked
    for name in ("training", "model", "data/sets", "measure", "checkpoints", "parameters"):
        assert (PROJECT_ROOT / f"runner/practice/{name}.py").is_file()
        assert f"runner/practice/{name}.py" not in marked


def test_the_whole_program_is_read_alike_again() -> None:
    """The text that is hashed means what the source does: nothing is lost in it but docstrings."""
    files = [path for _, path in package_files()]
    assert len(files) > 100
    for path in files:
        tree = ast.parse(path.read_bytes())
        code_closure.meaning(tree)  # it takes them out
        assert ast.dump(ast.parse(ast.unparse(tree))) == ast.dump(tree), path
