"""No text is left untranslated: every one that readers see is in the catalogue, filled in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import LOCALES, PROJECT_ROOT
from runner.language import i18n
from runner.messages import catalogue_path, from_template, from_templates, messages
from tests.spanish import SPANISH, STOP_WORDS, words

LANGUAGES = sorted({locale.partition("_")[0] for locale in LOCALES} - {i18n.SOURCE_LANGUAGE})
KEPT_SPANISH = {  # what these modules say stands in executed notebooks, as it was
    "practice/checkpoints.py", "practice/data/sets.py", "practice/plain_keras.py", "practice/states/links.py",
}  # fmt: skip
NAMES = re.compile(r"\{(\w*)\}")
LETTER_BETWEEN_SIZES = re.compile(r"[\d}]x[\d{]")


def test_there_are_texts_and_languages() -> None:
    """What the tests below go through is not empty."""
    assert LANGUAGES == ["en"]
    assert {"program", "report", "practice", "notebooks"} <= messages().keys()
    assert all(found for found in messages().values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", messages())
def test_every_text_has_its_translation(language: str, name: str) -> None:
    """And the catalogue holds nothing else; ``python -m runner.messages en`` brings it up to date."""
    wanted = {message.text: message.place for message in messages()[name]}
    there = {str(m.id): m for m in i18n.read_catalogue(catalogue_path(language, name)) if m.id}
    assert {text: wanted[text] for text in wanted.keys() - there.keys()} == {}, "not in the catalogue"
    assert there.keys() - wanted.keys() == set(), "in the catalogue, and nowhere else"
    untranslated = [text for text, m in there.items() if not str(m.string).strip() or m.fuzzy]
    assert untranslated == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_the_same_names(language: str) -> None:
    kept = [m for path in i18n.catalogue_files(language) for m in i18n.read_catalogue(path) if m.id]
    assert any(NAMES.search(str(message.id)) for message in kept)
    for message in kept:
        source, translated = str(message.id), str(message.string)
        assert sorted(NAMES.findall(source)) == sorted(NAMES.findall(translated)), source


def test_sizes_are_said_with_the_multiplication_sign() -> None:
    """«28 × 28», in notebooks (what they print and draw as well) and in all that the catalogues hold."""
    texts = [*(PROJECT_ROOT / "notebooks").glob("*.ipynb"), *i18n.catalogue_files(LANGUAGES[0])]
    assert len(texts) > 4
    found = {path.name: LETTER_BETWEEN_SIZES.findall(path.read_text("utf-8")) for path in texts}
    assert {name: sizes for name, sizes in found.items() if sizes} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_contexts_are_of_templates_that_say_the_text(language: str) -> None:
    said = {(m.text.strip(), m.place.rpartition(":")[0]) for m in from_templates()}
    kept = [m for path in i18n.catalogue_files(language) for m in i18n.read_catalogue(path) if m.context]
    assert kept
    assert [(m.id, m.context) for m in kept if (m.id, m.context) not in said] == []


def test_extraction_finds_texts_and_leaves_names() -> None:
    source = (
        '{% set title = "Un título" %}<p class="b">La <code>x</code> es {{ m("base", "a.b")|number }}</p>'
        '{{ figure("fig-a", "Pie.") }}{{ {"better": "mejor"}[x] }}{% if y == "test" %}sí{% endif %}'
    )
    found = [message.text for message in from_template(source, "a.html")]
    assert found == ["Un título", "La", "es", "Pie.", "mejor", "sí"]


@pytest.mark.parametrize(
    ("call", "texts"),
    [
        ('{{ figure("Fig a", "Pie.", "Half a") }}', ["Pie."]),
        ('{{ m("a", "b")|called("Un nombre") }}', ["Un nombre"]),
        ('{{ formula("L = x", "L es x") }}', ["L es x"]),
        ('{{ measured(1, "a", "count of things") }}', []),
        ('{{ fail("no such thing") }}', []),
        ('{{ words.band(names, "La media") }}', ["La media"]),
    ],
)
def test_what_is_registered_says_which_arguments_are_texts(call: str, texts: list[str]) -> None:
    assert [message.text for message in from_template(call, "a.html")] == texts


def constants(path: Path) -> Iterator[str]:
    """String constants of a module, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def test_spanish_in_the_program_is_in_the_catalogue() -> None:
    """Each Spanish string of a module is a message, or the part of one."""
    known = [message.text for found in messages().values() for message in found]
    loose = [
        f"{name}: {text}"
        for path in sorted((PROJECT_ROOT / "runner").rglob("*.py"))
        if (name := path.relative_to(PROJECT_ROOT / "runner").as_posix()) not in KEPT_SPANISH
        for text in constants(path)
        if (words(text) & STOP_WORDS or re.search("[áéíóúñ¿¡«»]", text))
        and not re.fullmatch(r"(fig|tab)-[\w-]+", text)
        and not any(" ".join(text.split()) in message for message in known)
    ]
    assert sorted(loose) == sorted(ALLOWED)


ALLOWED = [
    "deliver/command.py: --from 'Ana Núñez <ana@uni.example>'",
    "report/handin.py: [^\\w\\s.,;:()/«»%=+'-]|_|^[-+=]|[.)](?=\\s)",
    "commands/rehearsal_page.py: Ñandú ágil: 0123456789 fi ffi",  # letters to try fonts with, thrown away
    "language/translation.py: [^\\W\\d_]|[«»¿¡%]",
]


def worded(sheet: Path) -> list[str]:
    """Strings of words that a style sheet puts on the page."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    shown = " ".join(re.findall(r"(?:content|string-set):[^;}]*", text))
    return [found for found in re.findall(r'"([^"]*)"', shown) if re.search(r"[^\W\d_]{2,}", found)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["report.css", "draft.css"])
def test_styles_say_their_words_in_each_language(language: str, name: str) -> None:
    """Words in a style sheet are said again in the sheet of the language."""
    source, own = worded(PROJECT_ROOT / "templates" / name), worded(i18n.CATALOGUES / language / name)
    assert source and len(own) == len(source)
    assert not set(own) & set(source)


def test_the_tell_tale_words_are_spanish() -> None:
    """The list that reports are searched for is neither empty nor full of English."""
    assert {"exactitud", "pérdida", "modelo", "época", "semilla"} <= SPANISH
    assert not SPANISH & {"model", "accuracy", "test", "batch", "total", "final"}
