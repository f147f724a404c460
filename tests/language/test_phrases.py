"""Rows of phrases: the first that holds is said, and what is no row is told with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.language.phrases import FOLDER, phrase, plain_phrase
from runner.language.templating import TemplateFault

ROWS = """
[[end]]
when = { verdict = ["better", "worse"], sure = "yes" }
text = "cambia {n}"
[[end]]
when = { verdict = "better" }
text = "quizá"
[[end]]
text = "nada"
"""


def written(folder: Path, text: str) -> Path:
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "topic.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("verdict", "sure", "said"),
    [("worse", "yes", "cambia 3"), ("better", "no", "quizá"), ("worse", "no", "nada")],
)
def test_the_first_row_that_holds_is_said(tmp_path: Path, verdict: str, sure: str, said: str) -> None:
    facts = {"verdict": verdict, "sure": sure}
    assert plain_phrase(written(tmp_path, ROWS), "topic", "end", facts, n=3) == said


def test_a_condition_on_what_nobody_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="no fact 'verdict'"):
        phrase(written(tmp_path, ROWS), "topic", "end", {"other": "yes"})


def test_facts_that_no_row_is_for_are_named(tmp_path: Path) -> None:
    rows = '[[end]]\nwhen = { verdict = "better" }\ntext = "sí"\n'
    with pytest.raises(RunnerError, match="no phrase of 'end' for verdict = worse"):
        phrase(written(tmp_path, rows), "topic", "end", {"verdict": "worse"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("end = [", "not TOML"),
        ('end = "sí"', "needs rows"),
        ('[[end]]\ntext = "sí"\nwhat = "no"', "not a row"),
        ("[[end]]\nwhen = {}", "not a row"),
        ('[[end]]\ntext = "sí"\nwhen = "better"', "not conditions"),
        ('[[end]]\ntext = "sí"\nwhen = { n = 3 }', "not texts"),
    ],
)
def test_what_is_no_row_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TemplateFault, match=told) as caught:
        phrase(written(tmp_path, text), "topic", "end", {})
    assert "topic.toml" in str(caught.value)
