"""Locales, lookups, and the translation of templates as they are compiled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from runner import LOCALES
from runner.errors import InputError
from runner.language import i18n
from runner.language.prose import prose
from runner.language.translation import Translator

CATALOGUE = {
    ("gato", None): "cat",
    ("de", None): "of",
    ("de", "interval.html"): "from",
    ("La pérdida <de test> es", None): "wrong",
    ("La pérdida", None): "The loss",
    ("modelo", None): "model",
    ("IC 95&nbsp;% {x}", None): "95% CI {x}",
    ("Un título", None): "A title",
}


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """English, with a small catalogue."""
    monkeypatch.setattr(i18n, "catalogue", lambda language: CATALOGUE)
    with i18n.speaking("en"):
        yield


def rendered(source: str, name: str = "a.html") -> str:
    """A template through the extension."""
    loader = jinja2.DictLoader({name: source})
    environment = jinja2.Environment(loader=loader, autoescape=True, extensions=[Translator])
    return environment.get_template(name).render(animal="gato")


def test_an_unknown_locale_is_refused_with_those_there_are() -> None:
    for act in (i18n.use, i18n.checked):
        with pytest.raises(InputError, match="no locale 'fr'; there are: es_ES, es_MX, en"):
            act("fr")


def test_the_locale_is_inherited_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_chosen", [])
    monkeypatch.setenv(i18n.VARIABLE, "es_MX")
    assert i18n.current() == "es_MX"
    monkeypatch.setenv(i18n.VARIABLE, "xx")
    assert i18n.current() == LOCALES[0]
    with i18n.speaking("en"):
        assert i18n.current() == "en" and i18n.language() == "en"
    assert i18n.language() == "es-ES"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p> La pérdida\n </p>", "<p> The loss\n </p>"),
        ('<p class="{{ animal }} modelo">modelo</p>', '<p class="gato modelo">model</p>'),
        (
            "<code>modelo</code> <pre><code>modelo</code></pre>",
            "<code>modelo</code> <pre><code>model</code></pre>",
        ),
        ("<b>La\n  pérdida</b>", "<b>The loss</b>"),
        ('{% set title = "Un título" %}{{ title }}', "A title"),
        ("<!-- modelo -->de", "<!-- modelo -->of"),
        ("{{ animal }}", "gato"),
        ("desconocido", "desconocido"),
    ],
)
def test_texts_are_translated_and_tags_and_values_are_not(english: None, source: str, expected: str) -> None:
    assert rendered(source) == expected


def test_a_template_may_have_its_own_translation(english: None) -> None:
    assert rendered("de", "interval.html") == "from"
    assert rendered("de", "other.html") == "of"


@pytest.mark.parametrize("source", ["<p> La pérdida\n de  test </p>", '{{ "gato" }}&nbsp;%', "0,05 «x»"])
def test_spanish_is_left_byte_for_byte(source: str) -> None:
    with i18n.speaking("es_ES"):
        assert rendered(source) == source.replace('{{ "gato" }}', "gato")


def test_mexico_has_points_in_typed_numbers() -> None:
    with i18n.speaking("es_MX"):
        assert rendered("<p>hasta 0,05, o 4, 16 y 128</p>") == "<p>hasta 0.05, o 4, 16 y 128</p>"
        assert prose("Por debajo de 0,05, con `f(0,05)` y $(0,05)$.") == (
            "Por debajo de 0.05, con `f(0,05)` y $(0,05)$."
        )


def test_percentages() -> None:
    signs = []
    for locale in LOCALES:
        with i18n.speaking(locale):
            signs.append(i18n.percent_sign())
    assert signs == ["\N{NO-BREAK SPACE}%", "\N{NO-BREAK SPACE}%", "%"]


def test_names_are_filled_in_after_translation(english: None) -> None:
    assert i18n.tr("IC 95&nbsp;% {x}", x="{y}") == "95% CI {y}"
    assert i18n.tr("{unknown}") == "{unknown}"


def test_a_practice_of_ones_own_brings_its_own_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "mine.po").write_text('msgid "mi texto"\nmsgstr "my text"\n', encoding="utf-8")
    monkeypatch.setattr(i18n, "_chosen", [])
    monkeypatch.setenv(i18n.VARIABLE, "es_ES")
    try:
        i18n.use("en", tmp_path)
        assert (i18n.tr("mi texto"), i18n.tr("exactitud")) == ("my text", "accuracy")
    finally:
        i18n.use(LOCALES[0])
