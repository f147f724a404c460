"""The figures of a practice of one's own: ``figures.py`` in the folder of its templates.

It is run as the notebooks are, as code of who runs the program: where figures are drawn, and in a run's
rehearsal. Commands that only look (``plan``, ``doctor``) parse it; one that came with a report is never run.
"""

from __future__ import annotations

import ast
import re
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.code_closure import parsed
from runner.errors import RunnerError
from runner.language.templating import TemplateFault
from runner.plan.variants import TEMPLATES
from runner.processes.isolation import shadows
from runner.results.study import Study

if TYPE_CHECKING:
    from runner.figures.drawn import Draw, DrawnFigure

FILE = "figures.py"
REGISTRY = "DRAWS"
ID = re.compile(r"[a-z][a-z0-9-]*")  # becomes the name of a file, and an address in the PDF


def drawing_folder(templates: Path) -> Path:
    """The folder whose ``figures.py`` draws: the practice's, else the program's."""
    return templates if (templates / FILE).is_file() else TEMPLATES


def own_draws(templates: Path) -> dict[str, Draw] | None:
    """How each of the practice's own figures is drawn, by id; None if it brings none.

    Raises TemplateFault, naming the file, for what is no such registry.
    """
    path = templates / FILE
    if not path.is_file():
        return None
    try:
        with modules_beside(templates):
            found = runpy.run_path(str(path)).get(REGISTRY)
    except (Exception, SystemExit) as error:  # it is the user's code: whatever it raises is told
        raise TemplateFault(_words(error), where=_place(error, path)) from error
    if not isinstance(found, dict) or not all(callable(draw) for draw in found.values()):
        hint = f'{REGISTRY} = {{"fig-line": draw_line}}, where draw_line takes a study'
        raise TemplateFault(f"needs {REGISTRY}, a dict of functions", where=str(path), hint=hint)
    for id in found:
        if not isinstance(id, str) or not ID.fullmatch(id):
            hint = "small letters, digits and hyphens"
            raise TemplateFault(f"{id!r} can't be the id of a figure", where=str(path), hint=hint)
    return {id: _checked(draw, path, id) for id, draw in found.items()}


def check_code(templates: Path) -> int | None:
    """How many figures the practice's own file seems to bring, None if it brings none; nothing of it is run.

    What can't be counted is 0. Raises TemplateFault, with file and line, for what is not Python.
    """
    path = templates / FILE
    if not path.is_file():
        return None
    try:
        tree = parsed(path.read_bytes(), str(path))
    except (SyntaxError, ValueError, OSError) as error:
        raise TemplateFault(_words(error), where=_place(error, path)) from error
    assignments = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    named = [node for node in assignments if _sets(node, REGISTRY)]
    last = named[-1].value if named else None
    return len(last.keys) if isinstance(last, ast.Dict) else 0


def _sets(node: ast.Assign | ast.AnnAssign, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


@contextmanager
def modules_beside(templates: Path) -> Iterator[None]:
    """Have modules beside ``figures.py`` found, as if it was run alone, and leave no compiled file there."""
    path, compiled, known = [*sys.path], sys.dont_write_bytecode, {*sys.modules}
    sys.path.insert(len(path) if shadows(templates) else 0, str(templates))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, compiled
        for name in sys.modules.keys() - known:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(templates):
                del sys.modules[name]  # the next time it may be another


def _checked(draw: Callable[[Study], object], path: Path, id: str) -> Draw:
    """The same, with faults that name the figure."""

    def checked(study: Study) -> DrawnFigure:
        from matplotlib.figure import Figure

        from runner.figures.drawn import DrawnFigure

        try:
            with modules_beside(path.parent):
                drawn = draw(study)
        except RunnerError:
            raise
        except (Exception, SystemExit) as error:
            raise TemplateFault(_words(error), where=f"{_place(error, path)}: {id}") from error
        if (
            not isinstance(drawn, DrawnFigure)
            or not isinstance(drawn.figure, Figure)
            or not isinstance(drawn.alt, str)
            or not drawn.alt.strip()
        ):
            hint = "return DrawnFigure(figure, alt) of runner.figures.drawn"
            raise TemplateFault("no figure with an alternative text", where=f"{path}: {id}", hint=hint)
        return drawn

    return checked


def _words(error: BaseException) -> str:
    """What the code raised, in a line."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said.splitlines()[0] if said else 'without a word'}"


def _place(error: BaseException, path: Path) -> str:
    """The file, and the last of its lines that was gone through, if any was."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)
