"""Code of a practice that is not the program's own is never run without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.commands.foreign_code import say_whose_code
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES


@pytest.mark.parametrize(
    ("own", "figures", "notebooks", "code"),
    [
        (True, True, True, "its notebooks and templates/figures.py"),
        (True, True, False, "templates/figures.py"),
        (True, False, True, "its notebooks"),
        (True, False, False, None),
        (False, False, True, "its notebooks"),
        (False, False, False, None),
    ],
)
def test_what_runs_is_said(
    own: bool,
    figures: bool,
    notebooks: bool,
    code: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A practice may use the program's own templates, whose figures are the program's."""
    practice = tmp_path / "by\x1b[2Jsomebody"
    (templates := practice / "templates").mkdir(parents=True)
    if figures:
        (templates / "figures.py").touch()
    say_whose_code(practice / "experiments.toml", templates if own else TEMPLATES, notebooks=notebooks)
    line = f"note: code of {tmp_path}/by\\x1b[2Jsomebody runs as you: {code}\n"
    assert capsys.readouterr().err == (line if code else "")


def test_of_its_own_practice_the_program_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    say_whose_code(DEFAULT_PLAN, TEMPLATES, notebooks=True)
    assert capsys.readouterr().err == ""
