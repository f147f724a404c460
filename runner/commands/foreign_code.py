"""Whose code a command runs: said once, where the practice is not the program's own."""

from __future__ import annotations

from pathlib import Path

from runner.commands.request import say
from runner.figures.own import FILE
from runner.plain_text import plain
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES


def say_whose_code(plan_path: Path, templates: Path, *, notebooks: bool) -> None:
    """Say which code of the practice of ``plan_path`` runs as the user: its ``notebooks``, its figures' file.

    Nothing is said of the program's own practice, nor where no code of the practice is run.
    """
    practice, figures = plan_path.resolve().parent, templates.resolve() / FILE
    if plan_path.resolve() == DEFAULT_PLAN.resolve():
        return
    code = ["its notebooks"] if notebooks else []
    if templates.resolve() != TEMPLATES.resolve() and figures.is_file():
        inside = figures.is_relative_to(practice)
        code.append(figures.relative_to(practice).as_posix() if inside else str(figures))
    if code:
        say(plain(f"note: code of {practice} runs as you: {' and '.join(code)}"))
