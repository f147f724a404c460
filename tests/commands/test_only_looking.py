"""Commands that only look run nothing that a practice brought: neither its figures nor its notebooks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from runner.build_folder import STAMP
from runner.cli import main
from runner.figures.own import check_code
from runner.language.templating import TemplateFault
from tests.tiny_plan import shorten, write_notebook, write_plan

TOUCH = "import pathlib; pathlib.Path({!r}).write_text('run')\n"


@pytest.fixture
def practice(tmp_path: Path) -> tuple[Path, Path]:
    """An experiments file whose every piece of code would leave a file, and that file."""
    folder, marker = tmp_path / "practice", tmp_path / "run by whom"
    folder.mkdir()
    plan = shorten(write_plan(folder))
    touch = TOUCH.format(str(marker))
    (folder / "templates" / "figures.py").write_text(touch + "DRAWS = {'fig-a': print}\n", encoding="utf-8")
    source = nbformat.read(folder / "experiment.ipynb", as_version=4)
    write_notebook(
        folder / "experiment.ipynb", touch, *(c.source for c in source.cells if c.cell_type == "code")
    )
    shutil.copy(folder / "templates" / "figures.py", folder / "sitecustomize.py")
    return plan, marker


@pytest.mark.parametrize("command", ["plan", "doctor"])
def test_no_code_of_the_practice_is_run(
    command: str, practice: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan, marker = practice
    (build := tmp_path / "build").mkdir()
    main([command, "--plan", str(plan), "--build-dir", str(build), "--profile", "smoke"])
    said = capfd.readouterr()
    assert not marker.exists(), said
    if command == "doctor":
        assert "which is not run here, brings 1 figures of its own" in said.out
        assert not json.loads((build / STAMP).read_bytes())["page"], "a run would not try the figures' code"


@pytest.mark.parametrize(
    ("code", "count"),
    [("DRAWS = {'a': print, 'b': print}", 2), ("DRAWS: dict = {}", 0), ("DRAWS = dict(a=print)", 0), ("", 0)],
)
def test_its_figures_are_counted_without_running_it(code: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "figures.py").write_text("raise SystemExit\n" + code, encoding="utf-8")
    assert check_code(tmp_path) == count


@pytest.mark.parametrize("code", ["x = 1\nif True print(x)\n", "x = 1\n\0", "(" * 5000])
def test_what_is_no_python_is_told_without_running_it(code: str, tmp_path: Path) -> None:
    (tmp_path / "figures.py").write_text(code, encoding="utf-8")
    with pytest.raises(TemplateFault) as caught:
        check_code(tmp_path)
    assert "figures.py" in str(caught.value.where)
