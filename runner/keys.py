"""What a result depends on, as hashes: when one of them changes, the result is stale."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runner import PROJECT_ROOT, data
from runner.notebook_source import code_of, read_cells

# Looks and transport only: they change no measured digit, so editing them re-trains nothing. A change of
# the records' form is a new schema version, which is checked where they are read.
COSMETIC_MODULES = {
    "alt_text", "arrays", "attempts", "errors", "figure_grids", "figure_style", "figures", "i18n",
    "kernel", "results", "study", "tables",
}  # fmt: skip
DIGIT_SETTINGS = {"TF_ENABLE_ONEDNN_OPTS": "1"}  # in force in every kernel; changes digits


def key_parts(notebook: Path, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
    """Hash of each thing a run depends on, by name.

    ``inputs`` are the keys of other results that the notebook reads.
    """
    parts = {
        "parameters": digest(parameters),
        "notebook": _notebook_hash(notebook),
        "code": _modules_hash(_notebook_imports(notebook)),
        "tensorflow": _version("tensorflow"),
        "keras": _version("keras"),
        "settings": digest(DIGIT_SETTINGS),
    }
    if name := data.known(parameters):
        parts["data"] = data.fingerprint(name)
    if inputs:
        parts["inputs"] = digest(inputs)
    return parts


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a mapping, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def changed_parts(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the parts that differ."""
    return tuple(sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n)))


def _notebook_source(path: Path) -> str:
    return "\n\n".join(code_of(read_cells(path)))


# Kept for the process: thousands of variants may share a notebook.
@cache
def _notebook_hash(path: Path) -> str:
    return _syntax_hash(_notebook_source(path))


@cache
def _notebook_imports(path: Path) -> frozenset[str]:
    return frozenset(_imported(_notebook_source(path)))


@cache
def _version(package: str) -> str:
    return version(package)


def _syntax_hash(source: str) -> str:
    """Hash of the syntax tree: comments, formatting and docstrings don't count."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            del body[0]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imported(source: str) -> set[str]:
    """Modules of this package that ``source`` imports, those that are only cosmetic left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "runner":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("runner."):
            names.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            found = [a.name.split(".") for a in node.names if a.name.startswith("runner.")]
            names.update(parts[1] for parts in found)
    existing = {n for n in names if (PROJECT_ROOT / "runner" / f"{n}.py").exists()}
    return existing - COSMETIC_MODULES


@cache
def _modules_hash(roots: frozenset[str]) -> str:
    """Hash of the modules and all that they import within the package."""
    hashes: dict[str, str] = {}
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        source = (PROJECT_ROOT / "runner" / f"{name}.py").read_text(encoding="utf-8")
        hashes[name] = _syntax_hash(source)
        waiting |= _imported(source) - hashes.keys()
    return digest(hashes)
