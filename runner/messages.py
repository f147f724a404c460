"""Every text for readers, gathered from where it is written, and the catalogues brought up to date.

``python -m runner.messages en`` adds what is new to the language's catalogues, without translation, and
drops what is gone. Tests see to it that nothing is left without.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po
from jinja2 import Environment
from jinja2.lexer import Token

import runner.report.html  # noqa: F401  # registers what templates call
from runner.code_closure import package_files
from runner.files import write_text
from runner.language.i18n import BLANKS, CATALOGUES, read_catalogue
from runner.language.phrases import topics
from runner.language.prose import paragraphs
from runner.language.translation import Splitter
from runner.plan import records
from runner.plan.practice import practice_of
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, make_plan
from runner.report.claims import evidence_words
from runner.report.functions import filters
from runner.report.functions.registry import registered
from runner.results import reasons

KEYWORDS: dict[str, tuple[int, ...] | None] = {"tr": None, "trn": (1, 2)}
LETTER = re.compile(r"[^\W\d_]")
# Jinja's own calls, those of a study, and the macros of words.html, whose strings name things. What the
# program registers for templates says so itself: see ``registry``.
NAMES = (
    "attr equalto join map rejectattr selectattr sort get has "
    "deviation formatted interval over_seeds seeds_sentence side sizes"
)
NAMING = frozenset(NAMES.split())
TEMPLATE_NAMING = ("import", "from", "include", "extends")
CODE_LIKE = re.compile(r"[a-z0-9_.~:-]+|(compact|long|narrow|wide| )+")


@dataclass(frozen=True)
class Message:
    """A text, and where it was found first: file, and line if it has one."""

    text: str
    place: str


def messages() -> dict[str, list[Message]]:
    """All texts by the name of their catalogue."""
    sources = {
        "report": [*from_templates(), *from_phrases()],
        "program": from_python(),
        "notebooks": from_notebooks(),
        "practice": from_practice(),
    }
    seen: set[str] = set()
    return {name: list(_once(found, seen)) for name, found in sources.items()}


def _once(found: Iterable[Message], seen: set[str]) -> Iterator[Message]:
    for message in found:
        text = BLANKS.sub(" ", message.text.strip())
        if text not in seen:
            seen.add(text)
            yield Message(text, message.place)


def from_templates(folder: Path = TEMPLATES) -> Iterator[Message]:
    """Texts outside tags, and the template language's strings that are no names."""
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in {".html", ".txt"}]
    for path in files:
        name = path.relative_to(folder).as_posix()
        if not name.startswith("fonts/"):  # their licences
            yield from from_template(path.read_text(encoding="utf-8"), name)


def from_phrases(folder: Path = TEMPLATES) -> Iterator[Message]:
    """The texts of the rows of phrases."""
    for topic, parts in topics(folder).items():
        for rows in parts.values():
            yield from (Message(row.text, f"{topic}.toml") for row in rows if LETTER.search(row.text))


def from_template(source: str, name: str) -> Iterator[Message]:
    """The texts of one template."""
    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
    tokens = list(environment.lexer.tokenize(source, name))
    splitter = Splitter(plain=not name.endswith(".html"))
    calls: list[tuple[str, int]] = []  # open brackets: what is called, and the arguments so far
    for before, token in zip([Token(0, "", ""), *tokens], tokens, strict=False):
        if token.type == "data":
            yield from (
                Message(p.text, f"{name}:{token.lineno}") for p in splitter.split(token.value) if p.is_message
            )
        elif token.type == "lparen":
            calls.append((before.value if before.type == "name" else "", 0))
        elif token.type == "rparen" and calls:
            calls.pop()
        elif token.type == "comma" and calls:
            calls[-1] = (calls[-1][0], calls[-1][1] + 1)
        elif token.type == "lbrace":
            calls.append(("{", 0))
        elif token.type == "rbrace" and calls:
            calls.pop()
        elif token.type == "string" and _is_text(before, token, calls):
            yield Message(token.value, f"{name}:{token.lineno}")


def _is_text(before: Token, token: Token, calls: list[tuple[str, int]]) -> bool:
    call, argument = calls[-1] if calls else ("", 0)
    if not LETTER.search(token.value) or _names(call, argument) or before.value in TEMPLATE_NAMING:
        return False
    if before.type == "lbracket" and CODE_LIKE.fullmatch(token.value):
        return False
    return before.type == "colon" or not CODE_LIKE.fullmatch(token.value)


def _names(call: str, argument: int) -> bool:
    """Whether the strings of an argument name things, and are for no reader."""
    known = registered(call)
    return call in NAMING or (known is not None and argument not in known.texts)


def from_python() -> Iterator[Message]:
    """What is given to ``tr`` and ``trn``, and the words that are looked up in tables."""
    for name, path in package_files():
        with path.open("rb") as file:
            for line, found, _, _ in extract("python", file, KEYWORDS):
                texts = (found,) if isinstance(found, str) else found
                yield from (Message(text, f"{name.removeprefix('runner/')}:{line}") for text in texts)
    words = evidence_words
    own = words.WORDS, words.MEASURES, words.SPLITS, words.FIELDS, words.COUNTED, words.PARAMETERS
    for table in own:
        yield from (Message(text, "words") for text in table.values())
    loose = *words.TESTS, *reasons.WORDINGS.values(), records.REPEATED
    yield from (Message(text, "words") for text in loose)
    units = (kind.unit.strip() for kind in filters.NUMBER_FORMATS.values())
    yield from (Message(unit, "report_filters.py") for unit in units if LETTER.search(unit))
    yield from (Message(kind, "report_layout.py") for kind in ("Figura", "Tabla"))
    practice = practice_of(make_plan(DEFAULT_PLAN, "full").practice)
    assert practice is not None
    yield from (Message(text, place) for text, place in practice.texts())


def from_notebooks(folder: Path = DEFAULT_PLAN.parent) -> Iterator[Message]:
    """The paragraphs of the notebooks' prose, and the words that question 8 takes from its notebook."""
    for path in sorted(folder.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                yield from (Message(text, path.name) for text in paragraphs(source) if LETTER.search(text))
            elif source.startswith("texts = "):  # words that the notebook leaves for the report
                yield from (
                    Message(text, path.name) for text in _strings(source) if not CODE_LIKE.fullmatch(text)
                )


def _strings(source: str) -> Iterator[str]:
    constants = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    yield from (node.value for node in constants if isinstance(node.value, str))


def from_practice(path: Path = DEFAULT_PLAN) -> Iterator[Message]:
    """Title, labels and headings of the experiments file."""
    plan = make_plan(path, "full")
    yield Message(plan.title, path.name)
    yield from (Message(variant.label, path.name) for variant in plan.variants)
    steps = plan.ladder.steps if plan.ladder else ()
    yield from (Message(step.label, path.name) for step in steps)
    choices = [choice for variant in plan.variants for choice in variant.choose]
    yield from (Message(text, path.name) for each in choices for text in (each.label, each.reason) if text)
    yield from (Message(text, path.name) for part in plan.handin for text in paragraphs(part.heading))


def catalogue_path(language: str, name: str) -> Path:
    """Where a catalogue is kept."""
    return CATALOGUES / language / "LC_MESSAGES" / f"{name}.po"


def update(language: str) -> None:
    """Bring the catalogues of a language up to date with the texts there are."""
    known: dict[str, str] = {}
    for path in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")):
        found = (m for m in read_catalogue(path) if m.id and m.string and not m.context)
        known |= {str(m.id): str(m.string) for m in found}
    for name, texts in messages().items():
        catalog = Catalog(locale=language, fuzzy=False, charset="utf-8")
        for message in texts:
            place, _, line = message.place.partition(":")
            catalog.add(
                message.text, known.get(message.text, ""), locations=[(place, int(line or 0) or None)]
            )
        buffer = io.BytesIO()
        write_po(buffer, catalog, width=110, omit_header=False, sort_output=False, include_lineno=False)
        write_text(catalogue_path(language, name), _without_dates(buffer.getvalue().decode()))


def _without_dates(text: str) -> str:
    """The same texts give the same file."""
    return re.sub(
        r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team):.*\n',
        "",
        text,
        flags=re.M,
    )


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        update(chosen)
