"""Faulty templates, styles, pictures and catalogues: text with file, line and remedy, and exit code 2."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.analysis.loading import load_study
from runner.cli import main
from runner.deliver.message import Envelope, compose
from runner.language import i18n
from runner.language.templating import TemplateFault
from runner.plan.variants import TEMPLATES, make_plan
from runner.report.attachments import MANIFEST
from runner.report.handin_page import write_html
from runner.report.html import check_templates, report_html
from runner.report.summary import ReportSummary
from tests.as_nobody import place_of_nobody, run_as_nobody

EXAMPLE = PROJECT_ROOT / "docs" / "example"
TITLE = '{% set title = "t" %}\n'
LATIN = "línea\n".encode("latin-1")
PO = "locale/en/LC_MESSAGES/own.po"


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    """The worked example, to be spoilt; its folder."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "practice"))


def spoil(practice: Path, name: str, content: str | bytes) -> Path:
    path = practice / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


TEXTS = {  # file, content, what is said of it
    "a template": ("answers/q01.html", LATIN, "not UTF-8 from byte 1 on"),
    "the layout": ("report.html", LATIN, "not UTF-8 from byte 1 on"),
    "a style": ("report.css", b"h1:before{content:'\xe9'}", "not UTF-8 from byte 19 on"),
    "the message": ("message.txt", LATIN, "not UTF-8 from byte 1 on"),
    "a picture": ("logo.svg", b"<svg><text>\xe9</text></svg>", "no SVG: not well-formed"),
    "half a picture": ("logo.svg", "<svg><text>", "no SVG: no element found"),
    "a style of another language": ("locale/en/report.css", LATIN, "not UTF-8 from byte 1 on"),
    "the page's template": ("notebook/index.html.j2", LATIN, "not UTF-8 from byte 1 on"),
    "the page's settings": ("notebook/conf.json", "{", "no JSON: Expecting"),
    "UTF-16": ("answers/q01.html", TITLE.encode("utf-16"), "not UTF-8 from byte 0 on"),
}


@pytest.mark.parametrize("command", ["plan", "report", "all"])
@pytest.mark.parametrize("fault", TEXTS)
def test_a_text_that_is_none_is_told_before_anything(
    fault: str, command: str, practice: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name, content, words = TEXTS[fault]
    path = spoil(practice, name, content)
    build = tmp_path / "build"
    build.mkdir()
    code = main([command, "--plan", str(practice / "experiments.toml"), "--build-dir", str(build)])
    said = capfd.readouterr().err
    assert code == 2, said
    assert f"{path}: {words}" in said
    assert "Traceback" not in said
    assert not list(build.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
@pytest.mark.parametrize("name", ["", "answers", "answers/q01.html", "report.css"])
def test_what_may_not_be_read_is_told(name: str, practice: Path) -> None:
    """A report without its answers would be made of a folder that is left out in silence."""
    with place_of_nobody(practice) as place:
        spoilt = place / "practice" / "templates" / name
        words = ["plan", "--plan", str(place / "practice" / "experiments.toml"), "--build-dir", str(place)]
        done = run_as_nobody(words, words, spoilt, 0)
        assert done.returncode == 2, done.stderr
        assert str(spoilt) in done.stderr and "Permission denied" in done.stderr
        assert "Traceback" not in done.stderr


CATALOGUES = {
    "Latin-1": b'msgid "a"\nmsgstr "\xe9"\n',
    "prose": "Hola\n",
}


@pytest.mark.parametrize("fault", CATALOGUES)
def test_a_catalogue_that_is_none_is_told(fault: str, practice: Path) -> None:
    path = spoil(practice, PO, CATALOGUES[fault])
    with pytest.raises(Exception, match="no catalogue of translations") as caught:
        i18n.read_catalogue(path)
    assert str(path) in str(caught.value)


def test_a_translation_with_other_braces_is_told(practice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {("Falta «{label}»", None): "{nobody} is missing"}
    monkeypatch.setattr(i18n, "catalogue", lambda language: found)
    with i18n.speaking("en"), pytest.raises(Exception, match=r"can't be filled in: \{nobody\} is"):
        i18n.tr("Falta «{label}»", label="x")


RENDERED = {  # files, where, what
    "includes itself": ({"a.html": "\n{% include 'a.html' %}"}, "a.html:2", "never ends"),
    "each includes the other": (
        {"a.html": "{% include 'b.html' %}", "b.html": "{% include 'a.html' %}"},
        ".html:1",
        "never ends",
    ),
    "extends itself": ({"a.html": "{% extends 'a.html' %}"}, "a.html:1", "never ends"),
    "imports itself": ({"a.html": "{% import 'a.html' as b %}"}, "a.html:1", "never ends"),
    "a macro that calls itself": (
        {"a.html": "{% macro f() %}{{ f() }}{% endmacro %}\n{{ f() }}"},
        "a.html:1",
        "never ends",
    ),
    "3000 brackets": (
        {"a.html": "{{" + "(" * 3000 + "1" + ")" * 3000 + "}}"},
        "q01.html:2",
        "nested too deep",
    ),
    "25 loops": (
        {"a.html": "{% for x in [1] %}" * 25 + "{% endfor %}" * 25},
        "",
        "can't be compiled: too many",
    ),
    "syntax": ({"a.html": "\n{% if %}"}, "a.html:2", "Expected an expression"),
    "an undefined name": ({"a.html": "\n\n{{ nobody }}"}, "a.html:3", "'nobody' is undefined"),
    "an undefined filter": ({"a.html": "{{ 1|nobody }}"}, "a.html:1", "No filter named 'nobody'"),
    "a missing file": ({"a.html": "{% include 'b.html' %}"}, "a.html:1", "there is no template 'b.html'"),
    "Latin-1": ({"a.html": LATIN}, "a.html", "not UTF-8 from byte 1"),
    "a number of words": ({"a.html": "{{ 'a' + 1 }}"}, "a.html:1", 'can only concatenate str (not "int")'),
}


def render(practice: Path, tmp_path: Path) -> None:
    plan = make_plan(practice / "experiments.toml", "full")
    report_html(load_study(plan, tmp_path), {}, plan.templates, MANIFEST)


@pytest.mark.parametrize("fault", RENDERED)
def test_a_template_that_can_not_be_rendered_is_told(fault: str, practice: Path, tmp_path: Path) -> None:
    files, where, words = RENDERED[fault]
    for name, content in files.items():
        spoil(practice, name, content)
    spoil(practice, "answers/q01.html", TITLE + "{% include 'a.html' %}")
    with pytest.raises(TemplateFault) as caught:
        render(practice, tmp_path)
    assert words in caught.value.what
    assert str(caught.value.where).endswith(where)


@pytest.mark.parametrize("fault", ["3000 brackets", "25 loops", "syntax", "an undefined filter", "Latin-1"])
def test_what_needs_no_results_is_found_before_the_training(fault: str, practice: Path) -> None:
    files, _, words = RENDERED[fault]
    for name, content in files.items():
        path = spoil(practice, name, content)
    with pytest.raises(TemplateFault) as caught:
        check_templates(practice / "templates")
    assert words in caught.value.what
    assert path.name in str(caught.value.where)


def test_the_templates_there_are_pass() -> None:
    for folder in (TEMPLATES, EXAMPLE / "templates"):
        check_templates(folder)


@pytest.mark.parametrize("fault", ["includes itself", "3000 brackets", "an undefined name", "Latin-1"])
def test_a_part_s_own_fault_is_told(fault: str, practice: Path, tmp_path: Path) -> None:
    """In the part itself, which is read for its title before it is rendered."""
    content = RENDERED[fault][0]["a.html"]
    text = content.replace("a.html", "answers/q01.html") if isinstance(content, str) else content
    spoil(practice, "answers/q01.html", TITLE.encode() + (text.encode() if isinstance(text, str) else text))
    with pytest.raises(TemplateFault, match=RENDERED[fault][2].replace("byte 1", "byte")):
        render(practice, tmp_path)


MESSAGES = ["includes itself", "3000 brackets", "syntax", "an undefined name", "a missing file", "Latin-1"]


@pytest.mark.parametrize("fault", MESSAGES)
def test_a_faulty_message_is_told(fault: str, practice: Path) -> None:
    content = RENDERED[fault][0]["a.html"]
    text = content.replace("a.html", "message.txt") if isinstance(content, str) else content
    spoil(practice, "message.txt", text)
    summary = ReportSummary(
        pdf_sha256="0", title="t", profile="full", draft=False, names=(), course="", group="", date="",
        questions=(), answered=(),
    )  # fmt: skip
    with pytest.raises(TemplateFault) as caught:
        compose(Envelope(()), summary, (), practice / "templates")
    assert "message.txt" in str(caught.value.where)
    assert RENDERED[fault][2] in caught.value.what


@pytest.mark.parametrize("content", ["{% if %}", "{{ nobody.else }}", "{% include 'b.j2' %}"])
def test_a_faulty_page_of_the_notebook_is_told(content: str, practice: Path, tmp_path: Path) -> None:
    shutil.copy(TEMPLATES / "notebook" / "conf.json", practice / "templates")
    spoil(practice, "notebook/conf.json", (TEMPLATES / "notebook" / "conf.json").read_bytes())
    spoil(practice, "notebook/index.html.j2", content)
    with pytest.raises(TemplateFault) as caught:
        write_html(practice / "line.ipynb", tmp_path / "page.html", (practice / "templates", TEMPLATES))
    assert "index.html.j2" in str(caught.value.where)
    assert not (tmp_path / "page.html").exists()


def test_a_mark_at_the_start_of_a_template_is_no_fault(practice: Path, tmp_path: Path) -> None:
    for name in ("report.html", "answers/q01.html"):
        path = practice / "templates" / name
        path.write_text(path.read_text("utf-8"), encoding="utf-8-sig")
    plan = make_plan(practice / "experiments.toml", "full")
    html = report_html(load_study(plan, tmp_path), {}, plan.templates, MANIFEST).html
    assert "\ufeff" not in html
    assert i18n.read_catalogue(spoil(practice, PO, '\ufeffmsgid "a"\nmsgstr "b"\n')).get("a") is not None
