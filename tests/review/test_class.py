"""Real reports in a folder: each is a line of the table, whatever is wrong with another."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from runner.cli import main
from runner.errors import InputError
from runner.report.attachments import MANIFEST
from runner.review import command
from runner.review.class_table import harmless
from tests.verify.conftest import Change, Small, replaced
from tests.verify.test_hostile import manifest_with

pytestmark = pytest.mark.xdist_group("verify")


def blank(path: Path, password: str = "") -> Path:
    """A PDF of another program."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password)
    writer.write(path)
    return path


def test_one_bad_report_does_not_stop_the_rest(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "class"
    (folder / "a" / "b").mkdir(parents=True)
    content = small.pdf.read_bytes()
    (folder / "a" / "good.pdf").write_bytes(content)
    (folder / "a" / "b" / "again.PDF").write_bytes(content)
    (folder / "damaged.pdf").write_bytes(content[: len(content) // 2])
    blank(folder / "foreign.pdf")
    assert main(["verify", str(folder), "--plan", str(small.plan)]) == 1
    said = capsys.readouterr().out
    assert "COPIED: a/b/again.PDF and a/good.pdf: the same file, byte by byte" in said
    written = tmp_path / "class-review"
    rows = {each["file"]: each for each in csv.DictReader((written / "class.csv").open())}
    assert {name: each["check"] for name, each in rows.items()} == {
        "a/b/again.PDF": "records agree",
        "a/good.pdf": "records agree",
        "damaged.pdf": "not read",
        "foreign.pdf": "not read",
    }
    assert rows["foreign.pdf"]["faults"] == "no report of this program: nothing is attached to it"
    text = "".join(page.extract_text() for page in PdfReader(written / "class.pdf").pages)
    pages = " ".join(text.split())  # lines break in narrow columns
    assert "registros concordantes" in pages and "foreign.pdf" in pages


@pytest.mark.parametrize("name", ["class", "nothing"])
def test_a_folder_without_reports_is_bad_input(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "class").mkdir()
    assert main(["verify", str(tmp_path / name)]) == 2
    assert (
        "no .pdf file below this folder" if name == "class" else "no such file"
    ) in capsys.readouterr().err


def test_a_folder_with_too_many_reports_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).touch()
    monkeypatch.setattr(command, "REPORTS", 2)
    assert len(command.reports_in(tmp_path, tmp_path / "out")) == 2
    monkeypatch.setattr(command, "REPORTS", 1)
    with pytest.raises(InputError, match="2 PDF files, more than 1"):
        command.reports_in(tmp_path, tmp_path / "out")


def test_options_of_a_class_want_a_folder(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(small.pdf), "--render"]) == 2
    assert "--render: is for a folder of reports" in capsys.readouterr().err


def test_strange_reports_are_one_clear_line(
    small: Small, altered: Callable[[Change], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = manifest_with(made_with={"runner": "99.0"})(small.parcel.attached[MANIFEST])
    reports = {
        "nothing is attached to it": blank(tmp_path / "foreign.pdf"),
        "it is encrypted": blank(tmp_path / "encrypted.pdf", "secret"),
        "made by version 99.0 of this program": altered(replaced(manifest_json=newer)),
    }
    for words, pdf in reports.items():
        assert main(["verify", str(pdf), "--plan", str(small.plan)]) == 2
        assert words in capsys.readouterr().err


def test_two_reports_are_compared(
    small: Small, altered: Callable[[Change], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    record = small.parcel.attached["results--good--result.json"]
    other = altered(replaced(results__good__result_json=record.replace(b'"seed": 1', b'"seed": 7', 1)))
    assert main(["compare", str(small.pdf), str(other), "--plan", str(small.plan)]) == 0
    assert "seed: 1, now 7, of 1: good" in capsys.readouterr().out


def test_a_cell_is_no_formula() -> None:
    assert harmless("=1+1") == "'=1+1"
    assert harmless("Ana") == "Ana"
