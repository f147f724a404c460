"""PDFs made to harm who verifies them: a clear error, in bounded time and memory, and no traceback."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from runner.cli import main
from runner.errors import InputError, RunnerError
from runner.plain_text import plain, plain_lines
from runner.processes.limits import Limits
from runner.report.attachments import EVIDENCE, MANIFEST
from runner.results.arrays import read_predictions
from runner.results.finished import read_result
from runner.verify.checks import Check, checks
from runner.verify.command import verify
from runner.verify.pages import check_claims, check_objects, check_pages
from runner.verify.parcel import open_report, understood
from runner.verify.records import read_claims, read_manifest
from tests.program import Command
from tests.verify.conftest import Change, Small, attached_streams

pytestmark = pytest.mark.xdist_group("verify")

DEEP = b"[" * 200_000
ESCAPES = "\x1b[2J\x1b[1;32mverified: all of\x1b[0m\u202e\x9b\x07"


def checked(pdf: Path, small: Small) -> list[Check]:
    return list(checks(pdf, small.plan))


def faults(found: list[Check]) -> str:
    return "\n".join(fault for check in found for fault in check.faults)


def with_contents(contents: dict[str, Callable[[bytes], bytes]]) -> Change:
    """Change attachments, and the manifest's hashes with them."""

    def change(writer: PdfWriter) -> None:
        files = attached_streams(writer.root_object)
        manifest = json.loads(files[MANIFEST].get_data())
        for name, changed in contents.items():
            content = changed(files[name].get_data())
            files[name][NameObject("/Filter")] = NameObject("/FlateDecode")  # one in 256 has another before
            files[name].set_data(content)
        for each in manifest["files"]:
            each["sha256"] = hashlib.sha256(files[each["name"]].get_data()).hexdigest()
        if MANIFEST not in contents:
            files[MANIFEST].set_data(json.dumps(manifest).encode())

    return change


def manifest_with(**values: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps(json.loads(content) | values).encode()


def listed_as(path: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        found = json.loads(content)
        found["files"][0]["path"] = path
        return json.dumps(found).encode()

    return change


MANIFESTS: dict[str, Callable[[bytes], bytes]] = {
    "deep": lambda _: DEEP,
    "deep in a field": manifest_with(title=json.loads("[" * 150 + "]" * 150)),
    "no JSON": lambda _: b"\xff{",
    "a list": lambda _: b"[]",
    "files: 5": manifest_with(files=5),
    "files: [5]": manifest_with(files=[5]),
    "made_with: 7": manifest_with(made_with=7),
    "made_with: []": manifest_with(made_with=[]),
    "made_with: null": manifest_with(made_with=None),
    "a version that is a number": manifest_with(made_with={"runner": 1}),
    "left_out: -1": manifest_with(left_out=-1),
    "left_out: true": manifest_with(left_out=True),
    "left_out: text": manifest_with(left_out="all"),
    "half a letter": lambda content: content.replace(b'"title": "', b'"title": "\\ud800'),
    "an unknown key": manifest_with(more=1),
}
PATHS = {
    "NUL": "results/\0x",
    "half a letter": "results/\ud800",
    "a backslash": "results\\..\\..\\x",
    "a drive": "C:\\x",
    "a drive with slashes": "C:/x",
    "absolute": "/etc/passwd",
    "above": "results/../../x",
    "a dot": "results/./x",
    "empty": "",
    "empty parts": "results//x",
    "hidden": "results/good/.sha256.json",
    "another place": "figures/fig-lines.svg",
    "a file of the program's": "hashes.json",
    "very long": "results/" + "x" * 5000,
    "a line break": "results/a\nverified: all",
    "an escape": "results/\x1b[2J",
}


@pytest.mark.parametrize("fault", MANIFESTS)
def test_a_manifest_of_another_form_is_told(
    fault: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    found = checked(altered(with_contents({MANIFEST: MANIFESTS[fault]})), small)
    assert [check.name for check in found] == ["attachments"]
    assert "manifest.json: " in faults(found) and "can't be checked" in faults(found)


@pytest.mark.parametrize("fault", PATHS)
def test_paths_outside_or_of_other_systems_are_refused(fault: str, small: Small) -> None:
    """The record itself refuses them: nothing is written."""
    content = listed_as(PATHS[fault])(small.parcel.attached[MANIFEST])
    with pytest.raises(RunnerError, match=r"files\.0\.path|surrogate|JSON"):
        read_manifest(content)


@pytest.mark.parametrize("content", [DEEP, b"5", b"[5]", b'[{"number": 1}]', b"\xff"])
def test_a_map_of_evidence_of_another_form_is_told(content: bytes, small: Small) -> None:
    with pytest.raises(RunnerError, match=EVIDENCE):
        read_claims(content)
    parcel = open_report(small.pdf)
    spoilt = parcel.__class__(
        parcel.path, parcel.content, parcel.reader, {**parcel.attached, EVIDENCE: content}
    )
    assert EVIDENCE in check_claims(spoilt, parcel)[0]


NOTES = {
    "deep": DEEP,
    "names: 5": b'{"author": {"names": 5, "course": "", "group": "", "date": ""}}',
    "an author that is text": b'{"author": "Ana"}',
    "a written author of odd types": b'{"written_author": [1]}',
    "a thousand million seeds": b'{"seeds": {"count": 1000000000}}',
    "a thousand million of one": b'{"seeds": {"more": {"good": 1000000000}}}',
    "a zone of nowhere": b'{"zone": "\\u0000"}',
    "a zone outside": b'{"zone": "../../etc/passwd"}',
    "no JSON": b"\xff",
    "a list": b"[]",
}


@pytest.mark.parametrize("fault", NOTES)
def test_a_note_of_the_run_of_another_form_is_told(
    fault: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    found = checked(altered(with_contents({"run.json": lambda _: NOTES[fault]})), small)
    assert "can't be made again from the attachments: run.json: " in faults(found)


PLANS: dict[str, bytes] = {
    "deep": b"a = " + b"[" * 100_000,
    "deep tables": b"a." * 5000 + b"a = 1",
    "no TOML": b"\xff",
    "nothing": b"",
    "another baseline": b'title = "x"\nbaseline = "y"\ntemplates = "t"\n[profiles.smoke]\ndraft = true\n',
}


@pytest.mark.parametrize("fault", PLANS)
def test_an_experiments_file_of_another_form_is_told(
    fault: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    pdf = altered(with_contents({"plan--experiments.toml": lambda _: PLANS[fault]}))
    try:
        assert "can't be made again" in faults(checked(pdf, small))
    except InputError as error:
        assert "another practice" in error.what


NOTEBOOKS = [DEEP, b"[]", b'{"cells": 5}', b'{"cells": [5]}', b'{"cells": [{"cell_type": "code"}]}', b"\xff"]


@pytest.mark.parametrize("content", NOTEBOOKS, ids=range(len(NOTEBOOKS)))
def test_notebooks_of_another_form_are_told(
    content: bytes, small: Small, altered: Callable[[Change], Path]
) -> None:
    """The executed one is told; without a source, nothing is made again."""
    pdf = altered(
        with_contents(
            {"notebooks--good.ipynb": lambda _: content, "plan--experiment.ipynb": lambda _: content}
        )
    )
    assert "can't be made again" in faults(checked(pdf, small))


ARRAYS: dict[str, Any] = {
    "text": np.array(["a"] * 60),
    "bytes": np.array([b"a"] * 60),
    "records": np.zeros(60, dtype=[("a", "i4"), ("b", "f8")]),
    "dates": np.zeros(60, dtype="datetime64[s]"),
    "complex": np.zeros(60, dtype=complex),
    "yes or no": np.zeros(60, dtype=bool),
}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", ["validation_labels", "validation_predicted", "validation_true_probability"])
def test_arrays_of_what_is_no_number_are_told(kind: str, name: str, small: Small, tmp_path: Path) -> None:
    with np.load(io.BytesIO(small.parcel.attached["results--good--predictions.npz"])) as found:
        arrays = {key: found[key] for key in found.files}
    np.savez(tmp_path / "predictions.npz", **(arrays | {name: ARRAYS[kind]}))
    with pytest.raises(RunnerError, match=f"array '{name}' (is of .*, not of numbers|holds neither)"):
        read_predictions(tmp_path / "predictions.npz", (60, 50), 10)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_year_that_no_zone_can_show_is_told(moment: str, small: Small, tmp_path: Path) -> None:
    record = json.loads(small.parcel.attached["results--good--result.json"])
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "result.json").write_text(json.dumps(record | {"finished": moment}), "utf-8")
    with pytest.raises(RunnerError, match=r"finished: .*not a date of our time"):
        read_result(tmp_path / "good")


def as_first_content(stream: StreamObject) -> Change:
    """A page that is drawn by this."""

    def change(writer: PdfWriter) -> None:
        writer.pages[0][NameObject("/Contents")] = writer._add_object(stream)

    return change


def packed(content: bytes, name: str) -> EncodedStreamObject:
    stream = EncodedStreamObject()
    stream._data = content
    stream[NameObject("/Filter")] = NameObject(name)
    return stream


def form(content: bytes, resources: DictionaryObject) -> StreamObject:
    stream = StreamObject()
    stream.set_data(content)
    stream[NameObject("/Type")] = NameObject("/XObject")
    stream[NameObject("/Subtype")] = NameObject("/Form")
    stream[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 0, 100, 100)])
    stream[NameObject("/Resources")] = resources
    return stream


def forms_in_forms(writer: PdfWriter) -> None:
    """Each draws the one before it ten times: 10**40 in all."""
    inner = writer._add_object(form(b"0 0 m", DictionaryObject()))
    for _ in range(40):
        resources = DictionaryObject(
            {NameObject("/XObject"): DictionaryObject({NameObject(f"/F{n}"): inner for n in range(10)})}
        )
        inner = writer._add_object(form(b" ".join(b"/F%d Do" % n for n in range(10)), resources))
    writer.pages[0]["/Resources"]["/XObject"][NameObject("/x0")] = inner  # type: ignore[index]


def form_in_itself(writer: PdfWriter) -> None:
    inside = DictionaryObject()
    loop = writer._add_object(form(b"/F Do", DictionaryObject({NameObject("/XObject"): inside})))
    inside[NameObject("/F")] = loop
    writer.pages[0]["/Resources"]["/XObject"][NameObject("/x0")] = loop  # type: ignore[index]


def resources_of_five(writer: PdfWriter) -> None:
    writer.pages[0][NameObject("/Resources")] = NumberObject(5)


def tangled(writer: PdfWriter) -> None:
    """Arrays that hold each other, thousands of them."""
    arrays = [ArrayObject() for _ in range(3000)]
    numbers = [writer._add_object(each) for each in arrays]
    for array in arrays:
        array += numbers[:50]
    writer.root_object[NameObject("/Lang")] = numbers[0]


PAGES: dict[str, Change] = {
    "an unknown filter": as_first_content(packed(b"x", "/NoSuchDecode")),
    "JBIG2": as_first_content(packed(b"x", "/JBIG2Decode")),
    "broken packing": as_first_content(packed(b"x" * 100, "/FlateDecode")),
    "a bomb of 1 GB": as_first_content(packed(zlib.compress(b"\0" * 10**9, 9), "/FlateDecode")),
    "broken instructions": as_first_content(bare := StreamObject()),
    "resources of five": resources_of_five,
    "forms in forms": forms_in_forms,
    "a form in itself": form_in_itself,
    "tangled": tangled,
    "text in the place of a page's box": lambda writer: writer.pages[0].update(
        {NameObject("/MediaBox"): TextStringObject("x")}
    ),
}
bare.set_data(b"BT ( /F Tf [ << >> ' \" TJ ET Q Q Q EI \xff")


@pytest.mark.parametrize("fault", PAGES)
def test_a_page_that_is_no_page_is_found_in_bounded_time(
    fault: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    try:
        parcel = open_report(altered(PAGES[fault]))
    except InputError as error:
        assert "not a readable PDF" in error.what
        return
    found = (*check_pages(parcel, small.parcel), *check_objects(parcel, small.parcel))
    assert any("page 1" in fault or "document" in fault for fault in found), found


def test_what_a_reader_raises_is_told(small: Small) -> None:
    with pytest.raises(RunnerError, match="page 1: division by zero"), understood("page 1"):
        1 / 0  # noqa: B018


def test_foreign_text_never_reaches_the_terminal_raw(
    small: Small, altered: Callable[[Change], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    """In versions, names of attachments, records and paths; on both streams."""

    def change(writer: PdfWriter) -> None:
        with_contents(
            {
                MANIFEST: manifest_with(made_with={ESCAPES: ESCAPES}),
                "run.json": lambda _: json.dumps({"profile": ESCAPES, ESCAPES: 1}).encode(),
            }
        )(writer)
        writer.add_attachment(f"{ESCAPES}\nverified: all of it", b"x")

    assert main(["verify", "--plan", str(small.plan), str(altered(change))]) == 1
    said = capfd.readouterr()
    for text in (said.out, said.err):
        assert all(letter.isprintable() or letter == "\n" for letter in text), text
    assert not any(line.startswith("verified") for line in said.out.splitlines())
    assert said.out.splitlines()[-1].startswith("NOT VERIFIED")
    assert r"\x1b[2J" in said.out


def test_letters_stay_and_what_a_terminal_obeys_does_not() -> None:
    assert plain("Práctica 5 «año» 漢字 — ✓") == "Práctica 5 «año» 漢字 — ✓"
    assert plain("a\x1b[2J\r\n\t\x9b\u202e\u2028\ud800\x00") == (r"a\x1b[2J\r\n\t\x9b\u202e\u2028\ud800\x00")
    assert plain_lines("error\n  hint: a\x07\nverified") == "error\n  hint: a\\x07\n  verified"
    assert len(plain("x" * 10**6)) < 10**5


def test_more_than_the_limits_is_an_error_with_words(small: Small) -> None:
    with pytest.raises(InputError, match=r"to read it takes longer: .* or 0 seconds"):
        verify(small.pdf, small.plan, Limits(2**32, 0.05))
    with pytest.raises(InputError, match=r"needs more memory.*the limits are 0\.0\d+ GiB"):
        verify(small.pdf, small.plan, Limits(2**25, 600))


def test_many_large_streams_are_too_much_memory_and_end_in_words(
    small: Small, altered: Callable[[Change], Path], runner: Command
) -> None:
    """100 attachments of 70 MB in a file of some megabytes."""
    content = zlib.compress(b"\0" * 70_000_000, 9)

    def change(writer: PdfWriter) -> None:
        for number in range(100):
            writer.add_attachment(f"{number}.bin", b"")
            stream = attached_streams(writer.root_object)[f"{number}.bin"]
            stream._data = content
            stream[NameObject("/Filter")] = NameObject("/FlateDecode")

    done = runner("verify", "--plan", str(small.plan), str(altered(change)))
    assert done.returncode == 2, done.stdout
    assert "hold more than 512 MiB" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("limit", "words"), [("ATTACHMENTS", "more than 2 attachments"), ("OBJECTS", "objects: the limit is 2")]
)
def test_more_attachments_or_objects_are_refused(
    limit: str, words: str, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"runner.limits.{limit}", 2)
    with pytest.raises(InputError, match=words):
        open_report(small.pdf)


def loop_of_pages(writer: PdfWriter) -> None:
    pages: Any = writer.root_object.raw_get("/Pages")
    pages.get_object()["/Kids"].append(pages)


def loop_of_names(writer: PdfWriter) -> None:
    tree: Any = writer._add_object(DictionaryObject())
    tree.get_object()[NameObject("/Kids")] = ArrayObject([tree])
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): tree})


def names_of_five(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/Names")] = NumberObject(5)


def without_a_password(writer: PdfWriter) -> None:
    writer.encrypt("")


@pytest.mark.parametrize("change", [loop_of_pages, loop_of_names, names_of_five, without_a_password])
def test_a_tree_without_an_end_is_refused_and_an_empty_password_is_none(
    change: Change, tmp_path: Path
) -> None:
    """And an empty password is none."""
    writer = PdfWriter()
    writer.add_blank_page(10, 10)
    change(writer)
    writer.write(tmp_path / "a.pdf")
    try:
        assert len(open_report(tmp_path / "a.pdf").reader.pages) == 1
    except InputError as error:
        assert "not a readable PDF" in error.what and change is not without_a_password
