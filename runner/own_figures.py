"""The figures of a practice of one's own: ``figures.py`` in the folder of its templates.

It is run as the notebooks are, as code of who runs the program; one that came with a report never is.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import RunnerError
from runner.study import Study

if TYPE_CHECKING:
    from runner.practice_figures import Draw, DrawnFigure

FILE = "figures.py"
REGISTRY = "DRAWS"
ID = re.compile(r"[a-z][a-z0-9-]*")  # becomes the name of a file, and an address in the PDF


def own_draws(templates: Path) -> dict[str, Draw] | None:
    """How each of the practice's own figures is drawn, by id; None if it brings none.

    Raises RunnerError, naming the file, for what is no such registry.
    """
    path = templates / FILE
    if not path.is_file():
        return None
    try:
        with modules_beside(templates):
            found = runpy.run_path(str(path)).get(REGISTRY)
    except Exception as error:
        raise RunnerError(f"{type(error).__name__}: {error}", where=str(path)) from error
    if not isinstance(found, dict) or not all(callable(draw) for draw in found.values()):
        hint = f'{REGISTRY} = {{"fig-line": draw_line}}, where draw_line takes a study'
        raise RunnerError(f"needs {REGISTRY}, a dict of functions", where=str(path), hint=hint)
    for id in found:
        if not isinstance(id, str) or not ID.fullmatch(id):
            hint = "small letters, digits and hyphens"
            raise RunnerError(f"{id!r} can't be the id of a figure", where=str(path), hint=hint)
    return {id: _checked(draw, templates, f"{path}: {id}") for id, draw in found.items()}


@contextmanager
def modules_beside(templates: Path) -> Iterator[None]:
    """Have modules beside ``figures.py`` found, as if it was run alone, and leave no compiled file there."""
    path, compiled, known = [*sys.path], sys.dont_write_bytecode, {*sys.modules}
    sys.path[:], sys.dont_write_bytecode = [str(templates), *path], True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, compiled
        for name in sys.modules.keys() - known:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(templates):
                del sys.modules[name]  # the next time it may be another


def _checked(draw: Callable[[Study], object], templates: Path, where: str) -> Draw:
    """The same, with faults that name the figure."""

    def checked(study: Study) -> DrawnFigure:
        from runner.practice_figures import DrawnFigure

        try:
            with modules_beside(templates):
                drawn = draw(study)
        except RunnerError:
            raise
        except Exception as error:
            raise RunnerError(f"{type(error).__name__}: {error}", where=where) from error
        if not isinstance(drawn, DrawnFigure) or not drawn.alt.strip():
            hint = "return DrawnFigure(figure, alt) of runner.practice_figures"
            raise RunnerError("no figure with an alternative text", where=where, hint=hint)
        return drawn

    return checked
