"""The table of faults names tests that exist, and every test of that folder is in it."""

from __future__ import annotations

import re
from pathlib import Path

from runner import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "tests" / "faults"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
DEFINED = re.compile(r"^def (test_\w+)", re.MULTILINE)


def defined_in(path: Path) -> set[str]:
    return set(DEFINED.findall(path.read_text(encoding="utf-8")))


def test_the_table_and_the_tests_agree() -> None:
    named = set(NAMED.findall((FOLDER / "README.md").read_text(encoding="utf-8")))
    assert len(named) > 30
    for path, name in named:
        assert name in defined_in(PROJECT_ROOT / path), f"{path}::{name}"
    here = {name for path in FOLDER.glob("test_*.py") for name in defined_in(path)}
    assert here <= {name for _, name in named}
