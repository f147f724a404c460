"""The notebook's page in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.analysis.loading import load_study
from runner.errors import RunnerError
from runner.plan.records import Author
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.handin import as_text, write_handin
from runner.report.handin_page import write_html
from tests.browser import assert_right, browser_or_skip, look
from tests.parcels import make_build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TEMPLATES = PROJECT_ROOT / "templates"
NAME = "Ana <script>document.title='x'</script> {{ 7*7 }} *_`$x$`_* &amp; [a](b)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a whole notebook to hand in, signed with what could be taken for more than a name."""
    build = tmp_path_factory.mktemp("páginas con blancos")
    make_build(build)
    plan = make_plan(DEFAULT_PLAN, "full")
    study = replace(load_study(plan, build), author=Author((NAME,), "1. Redes", "-", "hoy"))
    notebook = write_handin(study, plan.handin, build, build / "practica5.ipynb")
    return write_html(notebook, build / "practica5.html", (TEMPLATES,))


def test_the_page_is_right_in_a_real_browser(page: Path, tmp_path: Path) -> None:
    seen = look(page, tmp_path / "profile")
    assert_right(seen)
    assert len(seen.page["pictures"]) >= 10
    assert seen.page["formulas"] and all(width > 0 for width in seen.page["formulas"])
    assert NAME in seen.text
    assert "1. Redes · Grupo - · hoy" in seen.text
    for number in range(1, 19):
        assert f"Pregunta {number}." in seen.text


def test_a_picture_that_is_broken_or_from_outside_is_seen(page: Path, tmp_path: Path) -> None:
    """The look itself can fail: a broken picture, a script, and one thing from elsewhere."""
    text = page.read_text("utf-8")
    broken = re.sub(r"base64,[^\"]{100}", "base64,AAAA", text, count=1)
    (tmp_path / "broken.html").write_text(broken, "utf-8")
    with pytest.raises(AssertionError):
        assert_right(look(tmp_path / "broken.html", tmp_path / "a"))
    outside = text.replace("</main>", '<img src="http://localhost:9/a.png" alt="a"></main>')
    (tmp_path / "outside.html").write_text(outside, "utf-8")
    assert look(tmp_path / "outside.html", tmp_path / "b").console
    wide = text.replace("</main>", '<div style="width: 1300px">a</div></main>')
    (tmp_path / "wide.html").write_text(wide, "utf-8")
    assert look(tmp_path / "wide.html", tmp_path / "c").page["scroll"] > 1280


def test_the_page_names_no_other_host(page: Path) -> None:
    """Nothing is loaded, by the file's own text: no script, and addresses only in links and namespaces."""
    text = page.read_text("utf-8")
    assert "<script" not in text.lower()
    loading = re.findall(r"""(?:src|href|url|@import)\s*[=(]?\s*["']?(https?:|//)[^"')\s]*""", text)
    assert loading == []


def test_the_same_notebook_gives_the_same_page(page: Path, tmp_path: Path) -> None:
    again = write_html(page.with_suffix(".ipynb"), tmp_path / "again.html", (TEMPLATES,))
    assert again.read_bytes() == page.read_bytes()


def test_what_is_no_notebook_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{", "utf-8")
    (tmp_path / "a.html").write_text("antes", "utf-8")
    with pytest.raises(RunnerError, match="cannot be read"):
        write_html(tmp_path / "a.ipynb", tmp_path / "a.html", (TEMPLATES,))
    assert (tmp_path / "a.html").read_text("utf-8") == "antes"
    assert len(list(tmp_path.iterdir())) == 2


def test_formulas_stay_out_of_code_and_prices(tmp_path: Path) -> None:
    source = "$n$ y $2n + 1$, `$x$`, cuesta 5 $ o 6 $.\n\n```\n$y$\n```"
    cell = nbformat.v4.new_markdown_cell(source)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    text = write_html(tmp_path / "a.ipynb", tmp_path / "a.html", (TEMPLATES,)).read_text("utf-8")
    assert text.count("<math") == 2
    assert "$x$" in text and "$y$" in text and "5 $ o 6 $" in text


def test_words_are_shown_as_they_are() -> None:
    assert as_text("Práctica 5: CNN (CIFAR-10)") == "Práctica 5: CNN (CIFAR-10)"
    assert "<" not in as_text("<b>") and "*" not in as_text("**a**")
    assert as_text("a\n# b") == "a &#35; b"


def test_without_a_browser_only_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        browser_or_skip()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        browser_or_skip()
