"""A report verifies from its attachments alone, and each falsehood planted in it is found and named."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from runner import PROJECT_ROOT
from runner.report.attachments import EVIDENCE, MANIFEST
from tests.program import Command

pytestmark = pytest.mark.xdist_group("smoke")

Change = Callable[[dict[str, StreamObject]], None]


@pytest.fixture
def forged(build: Path, tmp_path: Path) -> Callable[[Change], Path]:
    """The report with its attachments changed, alone in a folder."""

    def forge(change: Change) -> Path:
        writer = PdfWriter(clone_from=build / "report.pdf")
        change(attached_streams(writer.root_object))
        writer.write(tmp_path / "forged.pdf")
        return tmp_path / "forged.pdf"

    return forge


def attached_streams(root: Any) -> dict[str, StreamObject]:
    """The files in a PDF, by name, to be changed."""
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    pairs = zip(names[::2], names[1::2], strict=True)
    return {str(name): file.get_object()["/EF"]["/F"].get_object() for name, file in pairs}


def replace(name: str, old: bytes, new: bytes) -> Change:
    """Replace the first ``old`` in an attachment."""

    def change(files: dict[str, StreamObject]) -> None:
        content = files[name].get_data()
        assert old in content
        files[name].set_data(content.replace(old, new, 1))

    return change


def test_the_report_verifies_alone_and_without_tensorflow(build: Path, tmp_path: Path) -> None:
    alone = tmp_path / "sent by mail.pdf"
    alone.write_bytes((build / "report.pdf").read_bytes())
    code = (
        "import sys; from pathlib import Path; from runner.verify.command import verify;"
        f"assert verify(Path({str(alone)!r})) == 0;"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified" in done.stdout
    for kind in ("attachments", "notebooks", "metrics", "claims", "tables", "pages", "pictures"):
        assert re.search(rf"^{kind} +ok: ", done.stdout, re.MULTILINE)


LOST = ("results--batch-16--predictions.npz", "notebooks--best.ipynb")


def test_each_altered_or_missing_attachment_is_found(
    forged: Callable[[Change], Path], build: Path, tmp_path: Path, runner: Command
) -> None:
    """A metric, a notebook, a claim; two files that are gone. All in one report, each told."""
    record = (build / "results" / "baseline" / "result.json").read_bytes()
    accuracy = re.search(rb'"test": \{[^}]*?"accuracy": (0\.\d+)', record)
    assert accuracy is not None
    claims = json.loads(attached_streams(PdfReader(build / "report.pdf").root_object)[EVIDENCE].get_data())
    claim = next(c for c in claims if c["section"] == "pregunta-9")
    value = json.dumps(claim["values"][0]["value"]).encode()

    def change(files: dict[str, StreamObject]) -> None:
        replace("results--baseline--result.json", accuracy[1], b"0.9876")(files)
        replace("notebooks--baseline.ipynb", b"model.fit(", b"model.fir(")(files)
        replace(EVIDENCE, b'"value": ' + value, b'"value": "0.123"')(files)

    done = runner("verify", str(without(forged(change), *LOST)))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "results--baseline--result.json: altered" in done.stdout
    assert "test accuracy is 0.9876 in the record" in done.stdout
    assert "notebooks--baseline.ipynb: altered" in done.stdout
    assert "notebooks/baseline.ipynb: its code is not that of experiment.ipynb" in done.stdout
    assert re.search(r"^  claim [\w.]+: ", done.stdout, re.MULTILINE)
    for name in LOST:
        assert f"{name}: missing" in done.stdout


def without(pdf: Path, *lost: str) -> Path:
    """The PDF without the files of these names."""
    writer = PdfWriter(clone_from=pdf)
    names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]
    for name in lost:
        place = [str(each) for each in names].index(name)
        del names[place : place + 2]
    writer.write(pdf)
    return pdf


def test_a_careful_forger_is_found(forged: Callable[[Change], Path], runner: Command) -> None:
    """Manifest and notebook agree with each other, but not with the hashes that the pages print."""

    def change(files: dict[str, StreamObject]) -> None:
        replace("notebooks--batch-4.ipynb", b"epoch", b"EPOCH")(files)
        manifest: Any = json.loads(files[MANIFEST].get_data())
        for file in manifest["files"]:
            file["sha256"] = hashlib.sha256(files[file["name"]].get_data()).hexdigest()
        files[MANIFEST].set_data(json.dumps(manifest).encode())

    done = runner("verify", str(forged(change)))
    assert done.returncode == 1
    assert f"{MANIFEST}: its SHA-256 is not the one that the report prints" in done.stdout
    assert "notebooks/batch-4.ipynb: SHA-256" in done.stdout


@pytest.mark.parametrize("name", ["run.json", MANIFEST])
def test_a_report_without_what_it_begins_with_is_refused(
    forged: Callable[[Change], Path], runner: Command, name: str
) -> None:
    done = runner("verify", str(without(forged(lambda files: None), name)))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{name}: missing" in done.stdout


def test_one_altered_digit_of_the_text_is_found(build: Path, tmp_path: Path, runner: Command) -> None:
    writer = PdfWriter(clone_from=build / "report.pdf")
    number = next(
        n for n, page in enumerate(writer.pages) if "Pregunta\N{NO-BREAK SPACE}6." in page.extract_text()
    )
    page = writer.pages[number]
    before = page.extract_text()
    contents = page.get_contents()
    assert contents is not None
    stream = StreamObject()
    stream.set_data(with_another_digit(page, contents.get_data()))
    page[NameObject("/Contents")] = writer._add_object(stream)
    writer.write(tmp_path / "forged.pdf")
    after = PdfReader(tmp_path / "forged.pdf").pages[number].extract_text()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    done = runner("verify", str(tmp_path / "forged.pdf"))
    assert done.returncode == 1
    assert f"page {number + 1}: after '" in done.stdout
    assert re.search(r"it says '[^']*', the results give '", done.stdout)


def with_another_digit(page: Any, content: bytes) -> bytes:
    """The page's instructions with its last digit other than 9 raised by one."""
    codes: dict[bytes, bytes] = {}
    place, other = -1, b""
    for found in re.finditer(rb"/(\w+) [\d.]+ Tf|<([0-9a-f]+)>", content):
        if found[1]:
            codes = next_digits(page["/Resources"]["/Font"]["/" + found[1].decode()].get_object())
            continue
        for start in range(found.start(2), found.end(2), 4):
            if content[start : start + 4] in codes:
                place, other = start, codes[content[start : start + 4]]
    assert place >= 0
    return content[:place] + other + content[place + 4 :]


def next_digits(font: Any) -> dict[bytes, bytes]:
    """The glyph of each digit, and that of the digit after it."""
    pairs = re.findall(rb"<([0-9a-f]{4})> <([0-9a-f]{4})>", font["/ToUnicode"].get_data())
    glyphs = {int(text, 16): glyph for glyph, text in pairs}
    digits = [ord("0") + n for n in range(9)]
    return {glyphs[d]: glyphs[d + 1] for d in digits if d in glyphs and d + 1 in glyphs}


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "not a readable PDF"), (b"%PDF-1.7 but no more", "not a readable PDF"), (None, "no such file")],
)
def test_what_is_no_report_is_refused(
    tmp_path: Path, runner: Command, content: bytes | None, words: str
) -> None:
    path = tmp_path / "other.pdf"
    if content is not None:
        path.write_bytes(content)
    done = runner("verify", str(path))
    assert done.returncode == 2
    assert words in done.stderr
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pdf_without_attachments_does_not_verify(tmp_path: Path, runner: Command) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "blank.pdf")
    done = runner("verify", str(tmp_path / "blank.pdf"))
    assert done.returncode == 1
    assert f"{MANIFEST}: missing" in done.stdout
