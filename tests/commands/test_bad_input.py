"""Bad input of every kind: exit code 2, words that help, no traceback, and nothing made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.cli import main
from tests.bad import Bad, command_lines, data_files, experiments
from tests.bad.experiments import GOOD

ROWS = [*experiments.ROWS, *command_lines.ROWS, *data_files.ROWS]


def filled(text: str, folder: Path) -> str:
    return text.replace("{folder}", str(folder))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bad_input_is_refused_with_what_where_and_how_to_mend_it(
    row: Bad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # a default build folder would be made here
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
    row.make(tmp_path)
    words = [filled(word, tmp_path) for word in row.words]
    if row.words[:1] == ("plan",) and "--build-dir" not in words:
        words += ["--build-dir", str(tmp_path / "build")]
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    code = main(words)
    out, said = capfd.readouterr()
    assert code == 2, said
    for part in row.says:
        assert filled(part, tmp_path) in " ".join(said.split()) or filled(part, tmp_path) in said
    assert "Traceback" not in said + out
    made = {path for path in tmp_path.rglob("*") if path.is_file() and "cache" not in path.parts} - before
    assert {path.name for path in made} <= {".lock", "run.json"}, "made something of bad input"
    assert (PROJECT_ROOT / "notebooks" / "experiments.toml").is_file()


def test_there_are_enough_rows_and_each_once() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names)) > 60


def test_a_mark_at_the_start_of_the_file_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "experiments.toml").write_text(GOOD, encoding="utf-8-sig")
    (tmp_path / "experiment.ipynb").write_text('{"cells": []}')
    words = ["plan", "--profile", "full", "--plan", str(tmp_path / "experiments.toml")]
    assert main([*words, "--build-dir", str(tmp_path / "build")]) == 0
