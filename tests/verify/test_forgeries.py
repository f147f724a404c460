"""Whatever a viewer would show or do otherwise is found: not words alone, but every object of the file."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)

from runner.verify import file_form, streams
from runner.verify.objects import MAY_DIFFER, differences
from runner.verify.pages import check_objects
from runner.verify.parcel import open_report
from tests.program import Command
from tests.small_report import make_practice, make_small
from tests.verify.conftest import Change, Small, attached_streams

pytestmark = pytest.mark.xdist_group("verify")


def resources(writer: PdfWriter) -> Any:
    return writer.pages[0]["/Resources"]


def each_object(writer: PdfWriter, kind: Callable[[Any], bool]) -> list[Any]:
    return [each for each in writer._objects if each is not None and kind(each)]


def stamp(writer: PdfWriter) -> None:
    """Over the cover: plainly seen."""
    note = FreeText(text="Accuracy 99.9 %", rect=(50, 600, 300, 700), font_size="40pt")
    writer.add_annotation(0, note)


def swap_digits(writer: PdfWriter) -> None:
    """In the font's own file: the page shows another number, and its text stays."""
    swapped = 0
    for font in each_object(writer, lambda e: isinstance(e, DictionaryObject) and "/DescendantFonts" in e):
        pairs = re.findall(rb"<([0-9a-f]{4})> <00(3[0-9])>", font["/ToUnicode"].get_data())
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        file = descriptor.get("/FontFile3", descriptor.get("/FontFile2")).get_object()
        if len(pairs) < 2:
            continue
        program = TTFont(io.BytesIO(file.get_data()))
        order = program.getGlyphOrder()
        one, other = (order[int(glyph, 16)] for glyph, _ in pairs[:2])
        table = program["CFF "].cff[0].CharStrings if "CFF " in program else program["glyf"]
        table[one], table[other] = table[other], table[one]
        program.save(made := io.BytesIO())
        file.set_data(made.getvalue())
        swapped += 1
    assert swapped


def stretch_a_font(writer: PdfWriter) -> None:
    """Its outlines stay, and are drawn by another matrix."""
    files = each_object(writer, lambda e: isinstance(e, StreamObject) and e.get("/Subtype") == "/OpenType")
    assert files
    for file in files:
        program = TTFont(io.BytesIO(file.get_data()))
        program["CFF "].cff[0].rawDict["FontMatrix"] = [0.0001, 0, 0, 0.0001, 0, 0]
        program.save(made := io.BytesIO())
        file.set_data(made.getvalue())


def turn_links(writer: PdfWriter) -> None:
    links = each_object(writer, lambda e: isinstance(e, DictionaryObject) and "/URI" in e.get("/A", {}))
    assert links
    for link in links:
        link["/A"][NameObject("/URI")] = TextStringObject("https://evil.example")


def script() -> DictionaryObject:
    words = TextStringObject("app.alert(1)")
    return DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): words})


def open_with_script(writer: PdfWriter) -> None:
    action = {
        NameObject("/S"): NameObject("/JavaScript"),
        NameObject("/JS"): TextStringObject("app.alert(1)"),
    }
    tree = ArrayObject([TextStringObject("a"), writer._add_object(DictionaryObject(action))])
    names = writer.root_object["/Names"]
    names[NameObject("/JavaScript")] = DictionaryObject({NameObject("/Names"): tree})  # type: ignore[index]


def act_on_opening(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/OpenAction")] = script()


def pin_a_file(writer: PdfWriter) -> None:
    stream = StreamObject()
    stream.set_data(b"MZ")
    file = DictionaryObject(
        {
            NameObject("/F"): TextStringObject("run.exe"),
            NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(stream)}),
        }
    )
    note = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/FileAttachment"),
            NameObject("/Rect"): RectangleObject((0, 0, 20, 20)),
            NameObject("/FS"): writer._add_object(file),
        }
    )
    page = writer.pages[0]
    page[NameObject("/Annots")] = ArrayObject([*page.get("/Annots", []), writer._add_object(note)])


def attach_twice(writer: PdfWriter) -> None:
    writer.add_attachment("results.csv", b"variant,label\n")


def make_transparent(writer: PdfWriter) -> None:
    states = resources(writer)["/ExtGState"]
    assert states
    for name in states:
        states[name].get_object()[NameObject("/ca")] = FloatObject(0)


def crop(writer: PdfWriter) -> None:
    writer.pages[0][NameObject("/CropBox")] = RectangleObject((0, 300, 600, 842))


def describe_otherwise(writer: PdfWriter) -> None:
    described = each_object(writer, lambda e: isinstance(e, DictionaryObject) and "/Alt" in e)
    assert described
    described[0][NameObject("/Alt")] = TextStringObject("Una curva que baja.")


def rename_headings(writer: PdfWriter) -> None:
    first = writer.root_object["/Outlines"]["/First"].get_object()
    first[NameObject("/Title")] = TextStringObject("Otro")


def sign_otherwise(writer: PdfWriter) -> None:
    writer.add_metadata({"/Author": "Otra", "/Title": "Otro"})


def describe_the_file_otherwise(writer: PdfWriter) -> None:
    metadata = writer.root_object["/Metadata"].get_object()
    metadata.set_data(metadata.get_data().replace(b'pdfaid:part="3"', b'pdfaid:part="2"'))


def rotate(writer: PdfWriter) -> None:
    writer.pages[0][NameObject("/Rotate")] = NumberObject(180)


def draw_more(writer: PdfWriter) -> None:
    page = writer.pages[0]
    stream = StreamObject()
    contents = page.get_contents()
    assert contents is not None
    stream.set_data(contents.get_data() + b"\n0 0 500 500 re f")
    page[NameObject("/Contents")] = writer._add_object(stream)


def paint_otherwise(writer: PdfWriter) -> None:
    pictures = each_object(writer, lambda e: isinstance(e, StreamObject) and e.get("/Subtype") == "/Image")
    assert pictures
    del pictures[0][NameObject("/Filter")]
    pictures[0]._data = b"\0" * 1000


FORGERIES: dict[str, tuple[Change, str]] = {
    "a stamp over the cover": (stamp, r"page 1: annotations \(Annots\)|page 1: has /Annots"),
    "digits of a font swapped": (swap_digits, r"page 1: outlines of a font .*not the content"),
    "a font of another scale": (stretch_a_font, r"page 1: outlines of a font .*not the content"),
    "targets of links": (
        turn_links,
        r"page \d: link or action .*'https://evil.example', made again 'https://ex",
    ),
    "a script": (open_with_script, r"document: object \(Root/Names\): has /JavaScript"),
    "an action on opening": (act_on_opening, r"document: object \(Root\): has /OpenAction"),
    "a file as annotation": (pin_a_file, r"page 1: annotations \(Annots\)|page 1: has /Annots"),
    "a second attachment of the same name": (
        attach_twice,
        r"document: attachments .*\d+ entries, made again \d+",
    ),
    "opacity": (make_transparent, r"page 1: graphics state \(Resources/ExtGState/.*"),
    "a cropped page": (crop, r"page 1: has /CropBox|page 1: box"),
    "a page upside down": (rotate, r"page 1: .*Rotate"),
    "an alternative text": (describe_otherwise, r"document: alternative text .*'Una curva que baja.'"),
    "titles of the outline": (rename_headings, r"document: outline .*'Otro', made again"),
    "author and title": (sign_otherwise, r"document: metadata \(Info.*"),
    "metadata in XML": (
        describe_the_file_otherwise,
        r"document: metadata \(Root/Metadata\): not",
    ),
    "a drawing": (draw_more, r"page 1: what is drawn \(Contents\)"),
    "a picture": (paint_otherwise, r"page \d: pictures or drawings .*not the content"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_a_viewer_shows_otherwise_is_found(
    forgery: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    """The report made again is the same, byte for byte (see below): these are compared with that."""
    change, words = FORGERIES[forgery]
    untouched = check_objects(open_report(altered(lambda writer: None)), small.parcel)
    found = check_objects(open_report(altered(change)), small.parcel)
    new = [fault for fault in found if fault not in untouched]
    assert any(re.match(words, fault) for fault in new), found


def test_the_same_results_give_the_same_bytes_in_another_folder(small: Small, tmp_path: Path) -> None:
    plan = make_practice(tmp_path / "otra práctica")
    assert make_small(plan, tmp_path / "b").read_bytes() == small.pdf.read_bytes()


def test_altered_reports_do_not_verify(
    small: Small, altered: Callable[[Change], Path], runner: Command
) -> None:
    """The program itself, once for several forgeries; its last word is what counts."""

    def change(writer: PdfWriter) -> None:
        for forgery in (stamp, swap_digits, turn_links, open_with_script, attach_twice):
            forgery(writer)

    done = runner("verify", "--plan", str(small.plan), str(altered(change)))
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1].startswith("NOT VERIFIED: ")
    assert "results.csv: several attachments have this name" in done.stdout
    for words in ("annotations", "/JavaScript"):
        assert words in done.stdout


def test_the_last_line_says_what_is_proved_and_what_is_not(small: Small, runner: Command) -> None:
    done = runner("verify", "--plan", str(small.plan), str(small.pdf))
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"verified: all of {small.pdf} is consistent with what is attached to it")
    assert last.endswith("that shows neither who made it, nor that a training took place")


def test_what_may_differ_is_a_short_list_with_reasons(small: Small, tmp_path: Path) -> None:
    """Another packing of every stream, and another ID: the same document."""
    writer = PdfWriter(clone_from=small.pdf)
    writer.pdf_header = "%PDF-1.7"
    for each in writer._objects:
        if (
            isinstance(each, StreamObject)
            and each.get("/Filter") == streams.FLATE
            and "/DecodeParms" not in each
        ):
            content = each.get_data()
            del each["/Filter"]
            packed = StreamObject.flate_encode(bare(content, each), level=1)
            each._data = packed._data
            each[NameObject("/Filter")] = NameObject(streams.FLATE)
    writer.write(tmp_path / "packed.pdf")
    found = list(differences(open_report(tmp_path / "packed.pdf").reader, small.parcel.reader))
    assert not [fault for fault in found if "BBox" not in fault], found  # pypdf writes five decimals
    assert len(MAY_DIFFER) == 3 and all(MAY_DIFFER.values())


def is_packed(each: Any) -> bool:
    return isinstance(each, StreamObject) and each.get("/Filter") == streams.FLATE


def bare(content: bytes, like: StreamObject) -> StreamObject:
    stream = StreamObject()
    stream.update(like)
    stream.set_data(content)
    return stream


def test_a_stream_that_only_a_forgiving_reader_reads_is_another(small: Small) -> None:
    """Bytes after its end, or none at its end: viewers differ in what they make of that."""
    stream: Any = next(filter(is_packed, PdfWriter(clone_from=small.pdf)._objects))
    other = stream.__class__()
    other.update(stream)
    for content in (stream._data + b"x", stream._data[:-3]):
        other._data = content
        assert not streams.same(other, stream)
    other._data = stream._data
    assert streams.same(other, stream)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: b"\n" + content, "does not begin with"),
        (lambda content: content + b"x", "does not end where"),
        (lambda content: content + content[content.rindex(b"startxref") :], "added to"),
        (lambda content: content.replace(b"/Type /XRef", b"/Prev 9/Type /XRef"), "earlier table"),
    ],
)
def test_a_file_that_others_may_read_otherwise_is_no_report(
    change: Callable[[bytes], bytes], words: str, small: Small
) -> None:
    content = small.pdf.read_bytes()
    assert not list(file_form.faults(content))
    changed = change(content)
    assert changed != content
    assert any(words in fault for fault in file_form.faults(changed))


def test_an_update_at_the_end_is_found(small: Small, tmp_path: Path) -> None:
    shutil.copy(small.pdf, target := tmp_path / "updated.pdf")
    writer = PdfWriter(target, incremental=True)
    writer.add_metadata({"/Title": "Otro"})
    writer.write(target)
    found = check_objects(open_report(target), small.parcel)
    assert "file: it was added to after it was written" in found
    assert any("Otro" in fault for fault in found)


def test_attachments_stay_what_they_are(small: Small) -> None:
    """What the forgeries above rely on."""
    assert set(attached_streams(small.parcel.reader.root_object)) == set(small.parcel.attached)
