"""A report verifies from its attachments alone, and each falsehood planted in it is found and named."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from runner import PROJECT_ROOT
from runner.commands.request import Request, load_plan
from runner.report.attachments import EVIDENCE, MANIFEST
from runner.verify.checks import checks
from runner.verify.pages import check_objects, check_pages
from runner.verify.parcel import open_report, unpack
from runner.verify.results import check_metrics, check_notebooks
from tests.program import Command, command_line
from tests.verify.conftest import Change, Small, attached_streams

pytestmark = pytest.mark.xdist_group("verify")


def replace(name: str, old: bytes, new: bytes) -> Change:
    """Replace the first ``old`` in an attachment."""

    def change(writer: PdfWriter) -> None:
        file = attached_streams(writer.root_object)[name]
        content = file.get_data()
        assert old in content
        file.set_data(content.replace(old, new, 1))

    return change


def lose(*names: str) -> Change:
    """Leave out the files of these names."""

    def change(writer: PdfWriter) -> None:
        listed: Any = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]
        for name in names:
            place = [str(each) for each in listed].index(name)
            del listed[place : place + 2]

    return change


def test_each_altered_or_missing_attachment_is_found(
    altered: Callable[[Change], Path], small: Small, runner: Command
) -> None:
    """A metric, a notebook, a claim; a file that is gone. All in one report, each told."""
    record = small.parcel.attached["results--good--result.json"]
    accuracy = re.search(rb'"test": \{[^}]*?"accuracy": (0\.\d+)', record)
    assert accuracy is not None
    (claim, *_) = json.loads(small.parcel.attached[EVIDENCE])
    value = json.dumps(claim["values"][0]["value"]).encode()

    def change(writer: PdfWriter) -> None:
        wrong = accuracy[0].removesuffix(accuracy[1]) + b"0.9876"
        replace("results--good--result.json", accuracy[0], wrong)(writer)
        replace("notebooks--good.ipynb", b"model.fit(", b"model.fir(")(writer)
        replace(EVIDENCE, b'"value": ' + value, b'"value": "0.123"')(writer)
        lose("requirements.lock")(writer)

    done = runner("verify", "--plan", str(small.plan), str(altered(change)))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "results--good--result.json: altered" in done.stdout
    assert "test accuracy is 0.9876 in the record" in done.stdout
    assert "test accuracy 0.9876 is not printed by the executed notebook" in done.stdout
    assert "notebooks--good.ipynb: altered" in done.stdout
    assert "notebooks/good.ipynb: its code is not that of experiment.ipynb" in done.stdout
    assert re.search(r"^  claim [\w.]+: ", done.stdout, re.MULTILINE)
    assert "requirements.lock: missing" in done.stdout


def test_a_careful_forger_is_found(altered: Callable[[Change], Path], small: Small, tmp_path: Path) -> None:
    """Manifest and notebook agree with each other, but not with the hashes that the pages print."""

    def change(writer: PdfWriter) -> None:
        replace("notebooks--good.ipynb", b"epoch", b"EPOCH")(writer)
        files = attached_streams(writer.root_object)
        manifest: Any = json.loads(files[MANIFEST].get_data())
        for file in manifest["files"]:
            file["sha256"] = hashlib.sha256(files[file["name"]].get_data()).hexdigest()
        files[MANIFEST].set_data(json.dumps(manifest).encode())

    pdf = altered(change)
    attachments = next(iter(checks(pdf, small.plan)))
    assert attachments.faults == (f"{MANIFEST}: its SHA-256 is not the one that the report prints",)
    unpack(open_report(pdf), tmp_path)
    plan = load_plan(
        Request(
            build_dir=tmp_path,
            plan_path=tmp_path / "plan" / "experiments.toml",
            templates=small.plan.parent / "templates",
        )
    )
    found = check_notebooks(plan, tmp_path)
    assert any("notebooks/good.ipynb: SHA-256" in fault for fault in found)
    assert not check_metrics(plan, tmp_path)


@pytest.mark.parametrize("name", ["plan--experiments.toml", MANIFEST])
def test_a_report_without_what_it_begins_with_is_refused(
    altered: Callable[[Change], Path], small: Small, runner: Command, name: str
) -> None:
    done = runner("verify", "--plan", str(small.plan), str(altered(lose(name))))
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert f"{name}: missing" in done.stdout or "another practice" in done.stderr


def test_other_versions_are_named_and_the_last_word_is_another(
    altered: Callable[[Change], Path], small: Small, runner: Command
) -> None:
    """As if another version of a library had made it: what could not be compared is said."""
    manifest = json.loads(small.parcel.attached[MANIFEST])
    manifest["made_with"]["weasyprint"] = "1.0"

    def change(writer: PdfWriter) -> None:
        attached_streams(writer.root_object)[MANIFEST].set_data(json.dumps(manifest).encode())

    found = list(checks(altered(change), small.plan))
    by_name = {check.name: check for check in found}
    assert any("made with weasyprint 1.0, here is " in each for each in by_name["versions"].open)
    assert by_name["objects"].open and not by_name["objects"].faults
    assert not by_name["claims"].faults


def test_one_altered_digit_of_the_text_is_found(small: Small, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=small.pdf)
    page = writer.pages[0]
    contents = page.get_contents()
    assert contents is not None
    stream = StreamObject()
    stream.set_data(with_another_digit(page, contents.get_data()))
    before = page.extract_text()
    page[NameObject("/Contents")] = writer._add_object(stream)
    writer.write(tmp_path / "forged.pdf")
    after = PdfReader(tmp_path / "forged.pdf").pages[0].extract_text()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    parcel = open_report(tmp_path / "forged.pdf")
    (found,) = check_pages(parcel, small.parcel)
    assert re.match(r"page 1: after '.*' it says '[^']*', the results give '", found)
    assert any("page 1: what is drawn" in fault for fault in check_objects(parcel, small.parcel))


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
    assert done.returncode == 2
    assert "nothing is attached to it" in done.stderr and "verified" not in done.stdout.lower()


def test_templates_that_came_with_the_pdf_are_not_used(
    altered: Callable[[Change], Path], small: Small
) -> None:
    """No code of the report's: its attachments are data, wherever they say they belong."""
    manifest = json.loads(small.parcel.attached[MANIFEST])
    content = b"raise SystemExit('run')"
    manifest["files"].append(
        {
            "name": "figures.py",
            "path": "plan/templates/figures.py",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    )

    def change(writer: PdfWriter) -> None:
        writer.add_attachment("figures.py", content)
        attached_streams(writer.root_object)[MANIFEST].set_data(json.dumps(manifest).encode())

    found = list(checks(altered(change), small.plan))
    assert {check.name for check in found} >= {"claims", "pages", "objects"}, found
    assert not any("run" in fault for check in found for fault in check.faults if "SystemExit" in fault)


def limited(most_bytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The program where no file may be larger, as ``ulimit -f`` has it."""
    code = (
        f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes})); "
        "runpy.run_module('runner', run_name='__main__')"
    )
    return subprocess.run(command_line(*words, code=code), cwd=PROJECT_ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("most_bytes", [0, 20_000])
def test_a_report_that_may_not_be_written_leaves_the_former_one(
    most_bytes: int, small: Small, tmp_path: Path
) -> None:
    build = shutil.copytree(small.pdf.parent, tmp_path / "build")
    before = (build / "report.pdf").read_bytes()
    done = limited(most_bytes, "report", "--plan", str(small.plan), "--build-dir", str(build))
    assert done.returncode in (1, 2), done.stderr
    assert "File too large" in done.stderr and "ulimit -f" in done.stderr and "Traceback" not in done.stderr
    assert (build / "report.pdf").read_bytes() == before
    assert not list(build.rglob("*.tmp"))


def test_what_this_machine_refuses_is_no_fault_of_the_report(small: Small) -> None:
    """A disk that is full, or a limit: an error, and not a word of the report."""
    done = limited(1000, "verify", str(small.pdf), "--plan", str(small.plan))
    assert done.returncode == 1
    assert "File too large" in done.stderr and "ulimit -f" in done.stderr
    assert "VERIFIED" not in done.stdout and "FAULT" not in done.stdout
