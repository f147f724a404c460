"""Which characters can be printed: those of the fonts that come with program and templates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.cli import main
from runner.figures.style import save, use_style
from runner.figures.typefaces import fonts_of, own_fonts
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, Plan, make_plan, with_author
from runner.report.characters import ALL_HAVE, covered, refuse_unprintable, spelled, unprintable
from runner.report.printing.pdf import write_pdf
from runner.report.render import with_printable_reasons
from runner.results.reasons import said
from tests.made_up import make_study

CHINESE = "王小明"


def signed(*names: str) -> Plan:
    """The practice's plan with these authors."""
    return with_author(make_plan(DEFAULT_PLAN, "full"), names=names)


def write_font(path: Path, letters: str) -> None:
    """A font in which each of the letters is a triangle."""
    pen = TTGlyphPen(None)
    for place, point in enumerate([(0, 0), (500, 700), (900, 0)]):
        (pen.lineTo if place else pen.moveTo)(point)
    pen.closePath()
    triangle = pen.glyph()
    names = [".notdef", *(f"u{ord(letter):X}" for letter in letters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in letters})
    builder.setupGlyf(dict.fromkeys(names, triangle))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Triangles", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The templates of this practice with one more font, brought as the hint says."""
    folder = tmp_path / "templates"
    shutil.copytree(TEMPLATES, folder)
    write_font(folder / "fonts" / "más letras.ttf", CHINESE)
    style, families = folder / "report.css", '"Source Sans Pro", "DejaVu Mono"'
    named = style.read_text("utf-8").replace(families, f"{families}, More")
    face = '@font-face { font-family: More; src: url("fonts/más%20letras.ttf") format("truetype") }'
    style.write_text(named + face, "utf-8")
    return folder


@pytest.fixture
def style() -> Iterator[None]:
    """Settings of matplotlib for one test."""
    mpl.use("agg")
    with mpl.rc_context():
        yield
    plt.close("all")


def test_what_is_taken_for_granted_is_in_every_font() -> None:
    """Latin-1 is not looked for in the fonts: each of them must have it."""
    for font in own_fonts():
        assert {ord(letter) for letter in ALL_HAVE} <= covered((font,)), font


@pytest.mark.parametrize(
    "name",
    [
        "María José Núñez",
        "Jose\u0301 Nun\u0303ez",
        "Łukasz Őry",
        "Иван Ώρα",
        "Nguyễn Thị Ánh",
        "L’Hôpital – ₿",
        "محمد",
    ],
    ids=ascii,
)
def test_names_of_many_languages_can_be_printed(name: str) -> None:
    """Also where the accent is a character of its own, as macOS writes file names."""
    refuse_unprintable(signed(name))


def test_where_the_text_was_written_is_told() -> None:
    """The experiments file's key, or the option."""
    written = replace(make_plan(DEFAULT_PLAN, "full"), written_author=signed("王").author)
    assert list(unprintable(replace(written, author=signed("王").author))) == [
        f"{DEFAULT_PLAN}: author.names"
    ]
    assert unprintable(replace(written, author=signed("王", "明").author)) == {"--name": ["王", "明"]}


def test_what_is_refused_is_not_remembered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The next command is signed as before."""
    make_study(tmp_path)
    author = '{"names": ["Ana"], "course": "", "group": "", "date": ""}'
    (tmp_path / "run.json").write_text(f'{{"profile": "full", "author": {author}}}')
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for command in ("all", "report"):
        assert main([command, "--build-dir", str(tmp_path), "--name", CHINESE]) == 2
        assert "王 (U+738B)" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("style")
def test_a_font_that_the_styles_bring_makes_them_printable(templates: Path, tmp_path: Path) -> None:
    """Accepted, printed from that font, and drawn in figures."""
    plan = replace(signed(CHINESE), templates=templates)
    refuse_unprintable(plan)
    sheets = [templates / "report.css"]
    page = f'<!doctype html><html lang="es"><head><title>t</title></head><body><p>{CHINESE}</p></body></html>'
    write_pdf(page, tmp_path / "a.pdf", styles=sheets, base=templates, roots=[templates])
    first = PdfReader(tmp_path / "a.pdf").pages[0]
    assert CHINESE in first.extract_text()
    assert any(
        "More" in str(font.get_object()["/BaseFont"]) for font in first["/Resources"]["/Font"].values()
    )
    use_style(fonts_of(sheets))
    figure, axis = plt.subplots()
    axis.set_title(CHINESE)
    save(figure, tmp_path / "fig-a", vector=False)


def test_a_font_that_is_none_has_no_letters(templates: Path) -> None:
    """It is told of when pages are printed; here the text is refused."""
    (templates / "fonts" / "más letras.ttf").write_bytes(b"no font")
    assert "--name" in unprintable(replace(signed(CHINESE), templates=templates))


def test_what_a_program_said_is_spelled(tmp_path: Path) -> None:
    """A message of an exception may hold anything, and must not cost the report."""
    assert spelled("falló: “Jose\u0301” 🙂\x1b[0m", own_fonts()) == "falló: “José” [U+1F642][U+001B][0m"
    study = replace(make_study(tmp_path), missing={"batch-4": said("ValueError: 王")})
    assert with_printable_reasons(study, own_fonts()).missing == {"batch-4": said("ValueError: [U+738B]")}


def test_the_program_has_these_fonts() -> None:
    assert len(own_fonts()) == 8
    assert all(font.is_relative_to(PROJECT_ROOT) for font in own_fonts())
