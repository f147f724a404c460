"""What the build folder remembers of former commands: read whole, or told to be damaged and left as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.build_folder import DAMAGED, RUN_FILE
from runner.cli import main
from runner.commands.doctor import check_data, check_plan
from runner.commands.request import Request, load_plan, read_note, remember
from runner.faults import telling
from runner.language import i18n

SIGNED = {"names": ["Ana Núñez"], "course": "Redes", "group": "", "date": ""}
FAULTS = {
    "half a file": ('{"profile": "full", "author": {"na', "Invalid JSON"),
    "Latin-1": ('{"profile": "full", "locale": "ñ"}'.encode("latin-1"), "Invalid JSON"),
    "no table": ("[]", "Input should be an object"),
    "seeds in words": ('{"seeds": {"count": "many"}}', "seeds.count"),
    "a precision of nowhere": ('{"precision": {"used": "half"}}', "precision.used"),
    "a negative gain": ('{"precision": {"gain": -1}}', "precision.gain"),
    "an author in a list": ('{"author": ["Ana"]}', "author"),
    "a name alone": (json.dumps({"author": SIGNED | {"names": "Ana"}}), "author.names"),
    "a profile of numbers": ('{"profile": 3}', "profile"),
    "a zone of nowhere": ('{"zone": "Mars/Olympus"}', "zone: no time zone 'Mars/Olympus' is known here"),
    "a zone that is a path": ('{"zone": "../../etc/passwd"}', "zone: no time zone"),
    "an unknown key": ('{"colour": "red"}', "colour: unknown key; allowed: author, locale, precision"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_note_is_told_and_nothing_is_lost(
    fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Commands that write nothing leave it; what writes another keeps it beside that, each time."""
    content, words = FAULTS[fault]
    raw = content if isinstance(content, bytes) else content.encode()
    note = tmp_path / RUN_FILE
    note.write_bytes(raw)
    assert main(["plan", "--build-dir", str(tmp_path)]) == 0
    said = capfd.readouterr().err
    for part in (f"{note}: can't be read", words, "hint: give again what it said", "--name", "--seeds"):
        assert part in said
    assert "Traceback" not in said
    assert note.read_bytes() == raw
    for aside in (DAMAGED, f"{DAMAGED}-2"):
        note.write_bytes(raw)
        remember(load_plan(Request(build_dir=tmp_path)), tmp_path)
        assert (tmp_path / aside).read_bytes() == raw
        assert json.loads(note.read_bytes())["profile"] == "full"
    assert main(["clean", "--yes", "--build-dir", str(tmp_path)]) == 0
    assert not tmp_path.exists()


def test_it_is_told_once_however_often_it_is_read(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).write_text("{", encoding="utf-8")
    said: list[str] = []
    with telling(said.append):
        for check in (check_data, check_plan):
            check(Request(build_dir=tmp_path))
    assert len(said) == 1


def test_of_a_damaged_note_the_rest_counts(tmp_path: Path) -> None:
    told = Request(build_dir=tmp_path, names=("Ana", "Luis"), seeds="3", locale="en", profile="smoke")
    remember(load_plan(told), tmp_path)
    content = json.loads((tmp_path / RUN_FILE).read_bytes())
    content["seeds"]["count"] = "many"
    (tmp_path / RUN_FILE).write_text(json.dumps(content), encoding="utf-8")
    plan = load_plan(Request(build_dir=tmp_path))
    assert (plan.author.names, plan.profile, plan.seeds.count) == (("Ana", "Luis"), "smoke", 1)
    assert plan.locale == "en"


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
    chosen, folders = list(i18n._chosen), list(i18n._folders)
    monkeypatch.setattr(i18n, "_chosen", chosen)
    monkeypatch.setattr(i18n, "_folders", folders)
    monkeypatch.setenv(i18n.VARIABLE, "es_ES")
