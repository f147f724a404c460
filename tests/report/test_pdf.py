"""HTML to PDF: what may be read, and what stops the build."""

from __future__ import annotations

import io
import platform
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pydyf
import pytest
from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.errors import RunnerError
from runner.report.attachments import Attached
from runner.report.printing import conformance
from runner.report.printing.pdf import INSTALL, install_command, write_pdf
from runner.report.printing.pdfua import finish

PAGE = '<!doctype html><html lang="es"><head><title>t</title></head><body>{}</body></html>'
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'


FONT = PROJECT_ROOT / "templates" / "fonts" / "SourceSansPro-Regular.otf"
FONTS = f"@font-face {{ font-family: Own; src: url({FONT.as_uri()}) }} html {{ font-family: Own }}"


def make(folder: Path, body: str, css: str = "p { color: black }", attached: Sequence[Attached] = ()) -> Path:
    """A PDF of ``body`` in ``folder/build``, styled by ``folder/templates``."""
    build, templates = folder / "build", folder / "templates"
    for each in (build, templates):
        each.mkdir(exist_ok=True)
    style = templates / "style.css"
    style.write_text(css, encoding="utf-8")
    output = build / "report.pdf"
    roots = (build, templates, FONT.parent)
    write_pdf(PAGE.format(body), output, styles=[style], base=build, roots=roots, attachments=attached)
    return output


def test_reads_the_build_folder(tmp_path: Path) -> None:
    """A picture in the build folder is drawn, and nothing temporary stays."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a.svg").write_text(PICTURE, encoding="utf-8")
    output = make(tmp_path, '<p>hola</p><img src="a.svg" alt="un triángulo">')
    assert output.read_bytes().startswith(b"%PDF")
    assert [path.name for path in output.parent.iterdir() if path.name.startswith(".")] == []


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the hour or of the run gets into the file."""
    first = make(tmp_path, "<p>hola</p>").read_bytes()
    assert make(tmp_path, "<p>hola</p>").read_bytes() == first


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("../outside.svg", "outside the build and template folders"),
        ("link.svg", "outside the build and template folders"),
        ("file:///etc/hostname", "outside the build and template folders"),
        ("file://elsewhere/etc/hostname", "only local files"),
        ("http://localhost:9/a.png", "only local files"),
        ("ftp://localhost:9/a.png", "only local files"),
        ("absent.svg", "cannot be read"),
    ],
)
def test_refuses_other_addresses(tmp_path: Path, address: str, reason: str) -> None:
    """No network and no file elsewhere, by whatever way; the old report stays as it was."""
    (tmp_path / "outside.svg").write_text(PICTURE, encoding="utf-8")
    old = make(tmp_path, "<p>antes</p>")
    (tmp_path / "build" / "link.svg").symlink_to(tmp_path / "outside.svg")
    before = old.read_bytes()
    with pytest.raises(RunnerError, match=reason):
        make(tmp_path, f'<img src="{address}" alt="a">')
    assert old.read_bytes() == before


@pytest.mark.parametrize(
    ("body", "css"),
    [
        ("<p>hola</p>", "p { colour: red }"),
        ('<img src="data:image/svg+xml,%3Csvg/%3E">', ""),  # no alternative text
        ('<a href="#nowhere">enlace</a>', ""),
        ('<img src="data:image/png;base64,AAAA" alt="rota">', ""),
    ],
)
def test_warnings_fail(tmp_path: Path, body: str, css: str) -> None:
    """What WeasyPrint would only log is an error here."""
    with pytest.raises(RunnerError, match=r"report\.pdf"):
        make(tmp_path, body, css)


def test_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint for missing libraries fits the system."""
    assert install_command() in INSTALL.values()
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert install_command() == INSTALL["darwin"]
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    release = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert install_command() == INSTALL["debian"]


def test_conforms(tmp_path: Path) -> None:
    """What is written is PDF/A-3a and PDF/UA-1, pictures of both kinds included."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a.svg").write_text(PICTURE, encoding="utf-8")
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    body = f'<p>hola</p><img src="a.svg" alt="a"><img src="data:image/png;base64,{dot}" alt="b">'
    assert conformance.check(make(tmp_path, body, FONTS)) == ()


def test_faults_are_found(tmp_path: Path) -> None:
    """An element inside a link is tagged as a second link: a fault that the check names."""
    body = '<p id="a">hola <a href="#a"><b>enlace</b></a></p>'
    (fault,) = conformance.check(make(tmp_path, body, FONTS))
    assert "PDF/UA-1" in fault


def test_streams_end_clearly(tmp_path: Path) -> None:
    """An attachment whose compressed form ends in a carriage return is read back whole, and conforms."""
    texts = (bytes([n, 0]) for n in range(256))
    content = next(text for text in texts if zlib.compress(text, 9).endswith(b"\r"))
    made = datetime(2026, 1, 15, tzinfo=UTC)
    output = make(tmp_path, "<p>hola</p>", FONTS, [Attached("a.csv", content, made)])
    assert b"ASCII85Decode" in output.read_bytes()
    assert PdfReader(output).attachments == {"a.csv": [content]}
    assert conformance.check(output) == ()


def test_what_is_made_while_writing_ends_clearly_too() -> None:
    """The stream of small objects, and that of their places: one in 256 of each would not."""
    plain = clear = 0
    for number in range(600):
        for finished in (False, True):
            pdf = pydyf.PDF()
            pdf.add_object(pydyf.Dictionary({"Text": pydyf.String("!" * number)}))
            metadata = pydyf.Stream([b"<rdf:RDF></rdf:RDF>"])
            pdf.add_object(metadata)
            pdf.catalog["Metadata"] = metadata.reference
            if finished:
                finish(None, pdf)
            output = io.BytesIO()
            pdf.write(output, version=b"1.7", compress=True)
            unclear = b"\r\nendstream" in output.getvalue()
            plain, clear = plain + (unclear and not finished), clear + (unclear and finished)
            assert PdfReader(output).trailer["/Root"]["/Metadata"].get_data().startswith(b"<")
    assert plain > 0 and clear == 0


def test_each_attachment_is_listed_once(tmp_path: Path) -> None:
    """The catalogue names every attached file, and none twice."""
    made = datetime(2026, 1, 15, tzinfo=UTC)
    files = [Attached(name, name.encode(), made) for name in ("a.csv", "b.csv")]
    catalog = PdfReader(make(tmp_path, "<p>hola</p>", FONTS, files)).trailer["/Root"]
    assert len(catalog["/AF"]) == len(files)
