"""Pages are printed in the fonts that styles bring, or in the program's own; in no others."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from pypdf import PdfReader

from runner.figures.typefaces import faces_of
from runner.plan.variants import TEMPLATES
from runner.report.printing.fonts import configuration
from runner.report.printing.pdf import write_pdf
from tests.hostile_account import hostile

TEXT = """<html lang=es><title>t</title><body>
<p>Ñandú <b>12,5</b> <i>x</i> <code>a = 1</code> → ≤ ✓</p></body></html>"""
BRINGING = """
/* @font-face { font-family: Never } */
@font-face { src: url(a.otf); font-family: 'Source Sans Pro' }
@FONT-FACE{font-family:"A & B"}
"""
PLAIN = """
body { font-family: "Comic Sans MS", sans-serif }
p { font-family: serif }
code { font-family: monospace }
"""


def printed(style: Path, folder: Path) -> tuple[bytes, set[str]]:
    target = folder / "page.pdf"
    write_pdf(TEXT, target, styles=[style], base=TEMPLATES, roots=[TEMPLATES, folder])
    found = {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in PdfReader(target).pages
        for font in (page["/Resources"].get("/Font") or {}).values()
    }
    return target.read_bytes(), found


def printed_apart(style: Path, folder: Path) -> tuple[bytes, set[str]]:
    """The same in a process of its own, as the program does it: nothing of other tests is in it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(printed, style, folder).result()


@pytest.mark.parametrize("brought", [True, False])
def test_an_accounts_fonts_and_their_settings_reach_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brought: bool
) -> None:
    style = TEMPLATES / "report.css"
    if not brought:
        style = tmp_path / "plain.css"
        style.write_text(PLAIN, encoding="utf-8")
    clean = printed_apart(style, tmp_path)
    for name in ("HOME", "FONTCONFIG_FILE"):
        monkeypatch.setenv(name, hostile(tmp_path).environment[name])
    assert printed_apart(style, tmp_path) == clean
    assert any("Source-Serif-Pro" in name for name in clean[1]), clean[1]


def test_faces_of_a_style_that_another_imports_are_brought_too(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@import 'in/b.css'; @import url(https://example.org/c.css);", "utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.css").write_text('@import url("../a.css");' + BRINGING, encoding="utf-8")
    faces = faces_of([tmp_path / "a.css"])
    assert sorted(face.family for face in faces) == ["A & B", "Source Sans Pro"]
    assert all(file.parent == tmp_path / "in" for face in faces for file in face.files)


def test_a_family_that_a_style_brings_is_not_also_ours(tmp_path: Path) -> None:
    style = tmp_path / "own.css"
    style.write_text(BRINGING, encoding="utf-8")
    assert sorted(face.family for face in faces_of([style])) == ["A & B", "Source Sans Pro"]
    assert '<rejectfont><pattern><patelt name="family"><string>' in configuration([style])
