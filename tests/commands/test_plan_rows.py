"""The plan as a table, and of hundreds of variants as lines."""

from __future__ import annotations

import pytest
from rich.console import Console

from runner.commands.plan import MOST_IN_TABLE, Row, _print


def printed(rows: list[Row], capsys: pytest.CaptureFixture[str]) -> str:
    _print(rows, "Título\nprofile full", Console(markup=False, emoji=False, width=80))
    return capsys.readouterr().out


def rows(count: int, differences: str) -> list[Row]:
    return [(f"g-{number:05}", differences, "done", "5:00") for number in range(count)]


def test_few_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(rows(MOST_IN_TABLE, "epochs=2"), capsys)
    assert "┃ variant" in text
    assert f"g-{MOST_IN_TABLE - 1:05}" in text


def test_hundreds_are_a_line_each_whatever_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "label=\x1b[2J\nother, " + "long " * 30
    lines = printed(rows(MOST_IN_TABLE + 1, hostile), capsys).splitlines()
    assert lines[:2] == ["Título", "profile full"]
    assert lines[2].split() == ["variant", "state", "time", "differences"]
    assert len(lines) == 3 + MOST_IN_TABLE + 1
    assert lines[3].startswith("g-00000  done   5:00  label=\\x1b[2J\\nother, long")
    assert "\x1b" not in "".join(lines)
