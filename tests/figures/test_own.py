"""A practice's own figures: whatever its code does wrong is told with file, line and figure."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import InputError
from runner.figures.drawing import drawn_figures
from runner.figures.own import own_draws
from runner.results.study import Study
from tests.made_up import Story, make_study

HEAD = """import matplotlib.pyplot as plt
from runner.figures.drawn import DrawnFigure

"""
GOOD = (
    HEAD
    + """def draw(study):
    return DrawnFigure(plt.figure(), "nada")

DRAWS = {"fig-a": draw, "fig-b": draw}
"""
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make_study(tmp_path_factory.mktemp("study"), Story(images=(60, 50)))


@pytest.fixture
def drawn(study: Study, tmp_path: Path) -> Callable[[str | bytes], list[str]]:
    """Draws the figures of this code; their ids."""

    def draw(code: str | bytes) -> list[str]:
        (tmp_path / "figures.py").write_bytes(code if isinstance(code, bytes) else code.encode())
        return [id for id, _ in drawn_figures(study, tmp_path / "build", tmp_path)]

    return draw


READING = {
    "raises": ("x = 1\nraise KeyError('nobody')\n", "figures.py:2", "KeyError: 'nobody'"),
    "no syntax": ("x = 1\nif True print(x)\n", "figures.py:2", "SyntaxError: invalid syntax"),
    "Latin-1": ("x = 'línea'\n".encode("latin-1"), "figures.py:1", "SyntaxError: "),
    "a null": (b"x = 1\0", "figures.py", "Error: source code"),
    "no module": ("import nobody_has_this\n", "figures.py:1", "ModuleNotFoundError: No module"),
    "exits": ("import sys\nsys.exit()\n", "figures.py:2", "SystemExit: without a word"),
    "without end": ("def f():\n    f()\nf()\n", "figures.py:2", "RecursionError"),
    "no registry": ("x = 1\n", "figures.py", "needs DRAWS, a dict of functions"),
    "a list": ("DRAWS = [1]\n", "figures.py", "needs DRAWS, a dict of functions"),
    "no functions": ('DRAWS = {"fig-a": 1}\n', "figures.py", "needs DRAWS, a dict of functions"),
    "an odd id": ("DRAWS = {'../a': print}\n", "figures.py", "'../a' can't be the id of a figure"),
}


@pytest.mark.parametrize("fault", READING)
def test_code_that_can_not_be_read_is_told(fault: str, tmp_path: Path) -> None:
    code, place, words = READING[fault]
    (tmp_path / "figures.py").write_bytes(code if isinstance(code, bytes) else code.encode())
    with pytest.raises(InputError) as caught:
        own_draws(tmp_path)
    assert str(caught.value.where).endswith(place)
    assert words in caught.value.what


DRAWING = {
    "raises": ("    return 1 / 0\n", "figures.py:5: fig-a", "ZeroDivisionError: division by zero"),
    "exits": ("    raise SystemExit(3)\n", "figures.py:5: fig-a", "SystemExit: 3"),
    "gives nothing": ("    pass\n", "figures.py: fig-a", "no figure with an alternative text"),
    "no figure": ("    return DrawnFigure(None, 'x')\n", "figures.py: fig-a", "no figure with"),
    "no text": ("    return DrawnFigure(plt.figure(), None)\n", "figures.py: fig-a", "no figure with"),
    "half a formula": (
        "    a = plt.figure()\n    a.text(0, 0, r'$\\frac{$')\n    return DrawnFigure(a, 'x')\n",
        "figure fig-a",
        "can't be drawn",
    ),
}


@pytest.mark.parametrize("fault", DRAWING)
def test_a_figure_that_can_not_be_drawn_is_told(fault: str, drawn: Callable[[str], list[str]]) -> None:
    code, place, words = DRAWING[fault]
    with pytest.raises(InputError) as caught:
        drawn(f"{HEAD}def draw(study):\n{code}\nDRAWS = {{'fig-a': draw}}\n")
    assert str(caught.value.where).endswith(place)
    assert words in caught.value.what
    assert gc.get_freeze_count() == 0, "memory is never collected again"


def test_giving_up_in_the_middle_leaves_memory_to_be_collected(study: Study, tmp_path: Path) -> None:
    (tmp_path / "figures.py").write_text(GOOD, encoding="utf-8")
    drawing = drawn_figures(study, tmp_path / "build", tmp_path)
    assert next(drawing)[0] == "fig-a"
    assert gc.get_freeze_count() > 0
    drawing.close()
    assert gc.get_freeze_count() == 0
