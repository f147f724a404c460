"""What the build folder remembers of former commands: read whole, or told to be damaged and left as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.cli import main
from runner.request import RUN_FILE, Request, load_plan, read_note, remember

SIGNED = {"names": ["Ana Núñez"], "course": "Redes", "group": "", "date": ""}
DAMAGED = {
    "half a file": ('{"profile": "full", "author": {"na', "Invalid JSON"),
    "Latin-1": ('{"profile": "full", "locale": "ñ"}'.encode("latin-1"), "Invalid JSON"),
    "no table": ("[]", "Input should be an object"),
    "seeds in words": ('{"seeds": {"count": "many"}}', "seeds.count"),
    "an author in a list": ('{"author": ["Ana"]}', "author"),
    "a name alone": (json.dumps({"author": SIGNED | {"names": "Ana"}}), "author.names"),
    "a profile of numbers": ('{"profile": 3}', "profile"),
    "a zone of nowhere": ('{"zone": "Mars/Olympus"}', "zone: no time zone 'Mars/Olympus' is known here"),
    "a zone that is a path": ('{"zone": "../../etc/passwd"}', "zone: no time zone"),
    "an unknown key": ('{"colour": "red"}', "colour: unknown key; allowed: author, locale, profile"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_note_is_told_and_nothing_is_lost(
    damage: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content, words = DAMAGED[damage]
    note = tmp_path / RUN_FILE
    note.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = note.read_bytes()
    for command in ("plan", "report", "all"):
        assert main([command, "--build-dir", str(tmp_path)]) == 2
        said = capfd.readouterr().err
        for part in (f"{note}: can't be read", words, "hint: mend it, or move it away", "--name", "--seeds"):
            assert part in said
        assert "Traceback" not in said
    assert note.read_bytes() == before


def test_what_was_told_comes_back(tmp_path: Path) -> None:
    asked = Request(build_dir=tmp_path, names=("Ana", "Luis"), seeds="3", locale="en", profile="smoke")
    plan = load_plan(asked)
    remember(plan, tmp_path)
    again = load_plan(Request(build_dir=tmp_path))
    assert again == plan
    assert read_note(tmp_path).locale == "en"
    kept = (tmp_path / RUN_FILE).stat().st_mtime_ns
    remember(again, tmp_path)
    assert (tmp_path / RUN_FILE).stat().st_mtime_ns == kept


@pytest.fixture(autouse=True)
def spanish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the locale of the process as it was."""
    from runner import i18n

    chosen, folders = list(i18n._chosen), list(i18n._folders)
    monkeypatch.setattr(i18n, "_chosen", chosen)
    monkeypatch.setattr(i18n, "_folders", folders)
    monkeypatch.setenv(i18n.VARIABLE, "es_ES")
