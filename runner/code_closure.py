"""Which source files a piece of Python imports, and what those import, found without running it.

One way for all that has to know: the keys of results, figures, report, a cluster's workers. Modules are
looked for in this package and in the folders given; installed packages count by their version, elsewhere.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from runner import limits

PACKAGE = Path(__file__).resolve().parent
while (PACKAGE.parent / "__init__.py").is_file():  # wherever in it this module stands
    PACKAGE = PACKAGE.parent
NO_DIGIT = "CHANGES_NO_DIGIT"  # = True in a module: looks and transport, for which no training is repeated
NAMES = ":"  # parts "from MODULE import NAME": the name may be a module, too
EVERYTHING = "*"
IMPORTERS = ("import_module", "__import__", "run_module")
PATH_CHANGES = ("append", "insert", "extend")


@dataclass(frozen=True)
class Source:
    """What a piece of Python says of itself.

    ``digest`` stays the same if only comments, docstrings or formatting change. ``imports`` are modules as
    written, with leading dots, and ``MODULE:NAME``; ``folders`` are those that it adds to ``sys.path``.
    """

    digest: str
    imports: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    changes_no_digit: bool = False


DEEP_CODE = f"nested more than {limits.CODE_DEPTH} deep"
Read = Callable[[Path], Source]
Find = Callable[[tuple[str, ...], tuple[Path, ...]], tuple[Path, ...]]
Look = Callable[[Path], Mapping[str, bool]]


def read_source(content: str | bytes) -> Source:
    """What a piece of Python says of itself; of what is no Python, only the hash."""
    try:
        tree = parsed(content)
    except (SyntaxError, ValueError):
        raw = content.encode(errors="surrogatepass") if isinstance(content, str) else content
        return Source(hashlib.sha256(raw).hexdigest())
    found = _Imports()
    found.visit(tree)
    marked = any(NO_DIGIT in _targets(node) and _is_true(node) for node in tree.body)
    return Source(meaning(tree), tuple(sorted(found.modules)), tuple(sorted(found.folders)), marked)


def parsed(code: str | bytes, name: str = "<code>") -> ast.Module:
    """The syntax tree, of a depth that all can go through that work with it.

    Raises SyntaxError, and ValueError for a null character and for code nested too deep.
    """
    try:
        tree = ast.parse(code, name)
    except (RecursionError, MemoryError):  # which of them depends on what is nested
        raise ValueError(DEEP_CODE) from None
    level: list[ast.AST] = [tree]
    for _ in range(limits.CODE_DEPTH + 1):
        level = [inner for node in level for inner in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise ValueError(DEEP_CODE)


def meaning(tree: ast.AST) -> str:
    """Hash of a syntax tree without its docstrings, which it loses.

    The tree as text again is the same in most versions of Python, unlike its dump.
    """
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[:1] = [] if body[1:] else [ast.Pass()]
    try:
        text = ast.unparse(tree)
    except (ValueError, RecursionError):
        text = ast.dump(tree)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def imported(
    source: Source, place: Path, read: Read, folders: Iterable[Path] = (), whole: bool = True
) -> dict[Path, Source]:
    """The files that ``source``, which stands in the folder ``place``, imports, and all that those import.

    Modules are looked for in this package, in ``folders`` and in those that the sources add to ``sys.path``,
    seen from ``place``. Unless ``whole``, modules that change no digit are left out, with what they import.
    """
    search = [*folders, *(place / added for added in source.folders)]
    found: dict[Path, Source] = {}
    look = cache(_look)  # a folder once, as asking for each file took most of the time
    find = cache(lambda parts, folders: tuple(_find(parts, folders, look)))  # most are of the same modules
    waiting = list(_files(source, place, search, find))
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        each = read(path)
        if each.changes_no_digit and not whole:
            continue
        found[path] = each
        search += [place / added for added in each.folders]
        waiting += _files(each, path.parent, search, find)
    return found


def needed(paths: Iterable[Path], read: Read, folders: Sequence[Path] = ()) -> dict[Path, Source]:
    """The source files ``paths``, the packages that they are in, and all that they import."""
    found: dict[Path, Source] = {}
    for path in (each for start in paths for each in (*_packages_above(start.parent), start)):
        source = read(path)
        found |= {path: source} | imported(source, path.parent, read, folders)
    return found


def package_files() -> Iterator[tuple[str, Path]]:
    """Every source file of this package: its path from the folder that holds the package, and where it is."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield named(path), path


def of_package(path: Path) -> bool:
    """Whether a source file is the program's own."""
    return path.is_relative_to(PACKAGE)


def named(path: Path) -> str:
    """A file of this package as ``runner/...``."""
    return path.relative_to(PACKAGE.parent).as_posix()


def module_file(name: str) -> Path:
    """The source file of a module of this package."""
    return list(_find(name.split("."), (PACKAGE.parent,), _look))[-1]


def combined(sources: dict[Path, Source]) -> str:
    """One hash for several sources, wherever the package is installed."""
    lines = sorted(f"{_label(path)} {source.digest}\n" for path, source in sources.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _label(path: Path) -> str:
    return named(path) if of_package(path) else path.name


def _files(source: Source, place: Path, folders: Sequence[Path], find: Find) -> Iterator[Path]:
    """The files that the imports of one source run."""
    folders = tuple(folders)
    for written in source.imports:
        module, _, name = written.partition(NAMES)
        level = len(module) - len(module.lstrip("."))
        parts = tuple(part for part in module[level:].split(".") if part)
        if level:
            start = place.joinpath(*[".."] * (level - 1)).resolve()
            search: tuple[Path, ...] = (start,)
            yield from _packages_above(start)
        else:
            search = (PACKAGE.parent,) if parts[0] == PACKAGE.name else folders
        yield from find(parts, search)
        if name == EVERYTHING:
            yield from _submodules(parts, search)
        elif name:
            yield from find((*parts, name), search)


def _find(parts: Sequence[str], folders: Sequence[Path], look: Look) -> Iterator[Path]:
    """The files that ``import a.b.c`` runs: of each package its ``__init__``, then the module."""
    for folder in folders:
        for part in parts:
            there, package = look(folder), folder / part
            if part in there and look(package).get("__init__.py"):
                yield package / "__init__.py"
            elif (module := _module(part, there)) is not None:
                yield folder / module
                break
            elif part not in there:
                break
            folder = package


def _module(part: str, there: Mapping[str, bool]) -> str | None:
    """The file of a module, of a folder's files; compiled ones count, too."""
    candidates = (f"{part}{suffix}" for suffix in (".py", *EXTENSION_SUFFIXES))
    return next((name for name in candidates if there.get(name)), None)


def _look(folder: Path) -> dict[str, bool]:
    """What lies in a folder, and whether it is a file; nothing where there is none that can be read."""
    try:
        with os.scandir(folder) as entries:
            return {each.name: _is_file(each) for each in entries}
    except OSError:
        return {}


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is one, or a link to one; a link may lead nowhere, or round in a circle."""
    return entry.is_file(follow_symlinks=False) or (entry.is_symlink() and Path(entry).is_file())


def _submodules(parts: Sequence[str], folders: Sequence[Path]) -> Iterator[Path]:
    """What ``from a import *`` may run besides the package itself: any of its modules."""
    for folder in folders:
        package = folder.joinpath(*parts)
        if (package / "__init__.py").is_file():
            yield from sorted(package.glob("*.py"))


def _packages_above(folder: Path) -> Iterator[Path]:
    """The ``__init__`` of the package that the folder is, and of those around it."""
    while (init := folder / "__init__.py").is_file():
        yield init
        folder = folder.parent


class _Imports(ast.NodeVisitor):
    """Collects what is imported, at the top or within functions; not what only type checkers see."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.folders: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        self.modules.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.modules.update(f"{module}{NAMES}{alias.name}" for alias in node.names)

    def visit_If(self, node: ast.If) -> None:
        checked = getattr(node.test, "id", getattr(node.test, "attr", "")) == "TYPE_CHECKING"
        for each in node.orelse if checked else (node.test, *node.body, *node.orelse):
            self.visit(each)

    def visit_Call(self, node: ast.Call) -> None:
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = [text for argument in node.args for text in _texts(argument)]
        if called in IMPORTERS and texts and _text(node.args[0]):
            package = texts[1] if texts[0].startswith(".") and len(texts) > 1 else ""
            self._note_module(package + texts[0])
        elif called in PATH_CHANGES and _is_search_path(node.func):
            self.folders.update(texts)
        self.generic_visit(node)

    def visit_List(self, node: ast.List | ast.Tuple) -> None:
        for option, module in zip(node.elts, node.elts[1:], strict=False):
            if _text(option) == "-m" and _text(module):  # python -m MODULE, in another process
                self._note_module(_text(module))
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self.visit_List(node)

    def _note_module(self, name: str) -> None:
        if all(part.isidentifier() for part in name.lstrip(".").split(".")):
            self.modules.add(name)


def _is_search_path(function: ast.expr) -> bool:
    """Whether it is a method of ``sys.path``."""
    return isinstance(function, ast.Attribute) and ast.unparse(function.value) == "sys.path"


def _texts(node: ast.expr) -> Iterator[str]:
    """The literal texts of an argument: itself, or the elements of a list."""
    for each in node.elts if isinstance(node, ast.List | ast.Tuple) else (node,):
        if text := _text(each):
            yield text


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _targets(node: ast.stmt) -> list[str]:
    return [getattr(t, "id", "") for t in node.targets] if isinstance(node, ast.Assign) else []


def _is_true(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is True


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
