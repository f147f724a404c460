"""The report in each locale: English through and through, points for Mexico, Spain's as it was."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from babel.numbers import parse_decimal

from runner import PROJECT_ROOT
from runner.commands.request import Request, open_plan
from runner.deliver.message import Envelope, compose
from runner.figures.drawing import draw_figures
from runner.figures.drawn import Drawn
from runner.language import i18n
from runner.language.prose import UNTRANSLATED_NOTE
from runner.plan.records import Author
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.handin import write_handin
from runner.report.html import report_html
from runner.report.render import render
from runner.report.summary import ReportSummary
from runner.results.reasons import Reason
from runner.results.study import MissingVariant, Study
from runner.verify.pages import check_claims, check_objects, check_pages, make_again
from runner.verify.parcel import open_report, unpack
from tests.made_up import Story, make_study
from tests.program import HANG_SECONDS
from tests.report.test_answers import FIGURES, SMALL, STORIES
from tests.report.test_seeds import STORIES as SEED_STORIES
from tests.spanish import SPANISH, words

TEMPLATES = PROJECT_ROOT / "templates"
ALL_STORIES = STORIES | {f"seeds-{name}": SEED_STORIES[name] for name in ("auto", "differs", "unmeasured")}
AS_RECORDED = re.compile("salida|la pérdida no es un número")  # a layer's name, and what a program said
DECLARED = re.compile(r"arXiv:[\d.]+|3\.29 Seconds|\b20\d\d\b|Linux [\d.]+|\b\d+\.\d+\.\d{1,2}\b")
NUMBER = re.compile(r"\d[\d.,]*\d|\d")


@pytest.fixture(autouse=True)
def spain() -> Iterator[None]:
    """Whatever a test sets, the next begins with the default."""
    yield
    i18n.use("es_ES")


def told(story: Story, folder: Path, locale: str) -> str:
    """The report's HTML in a locale."""
    with i18n.speaking(locale):
        study = make_study(folder, story)
        figures: dict[str, Drawn | MissingVariant] = {
            name: Drawn(Path(f"{name}.svg"), "") for name in FIGURES
        }
        return report_html(study, figures, TEMPLATES, "0" * 64).html


def visible(document: str) -> str:
    """What a reader sees of HTML, but for code."""
    body = re.sub(r"<code.*?</code>", " ", document, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def test_listings_keep_their_lines_in_english(tmp_path: Path) -> None:
    """They are texts with names to translate, and no prose whose blanks are all the same."""
    listings = [
        re.findall("<pre.*?</pre>", told(Story(images=SMALL), tmp_path / locale, locale), re.DOTALL)
        for locale in ("es_ES", "en")
    ]
    spanish, english = ([listing.count("\n") for listing in found] for found in listings)
    assert spanish == english and spanish
    assert "parcial" not in "".join(listings[1])


@pytest.mark.parametrize("name", ALL_STORIES)
def test_an_english_report_is_free_of_spanish(tmp_path: Path, name: str) -> None:
    """Whatever the results say, no word is Spanish, nor is a quotation mark."""
    document = told(ALL_STORIES[name], tmp_path, "en")
    text = AS_RECORDED.sub(" ", visible(document))
    assert words(text) & SPANISH == set()
    assert re.findall("[«»¿¡ñáéíóú]", text) == []
    assert "Question" in text and '<html lang="en">' in document


def test_a_draft_with_failures_is_english_too(tmp_path: Path) -> None:
    """Also the notices, and the reasons that were recorded in Spanish."""
    story = Story(
        images=SMALL,
        failed={"batch-4": Reason.of("kernel_ended", ending=Reason.of("memory", signal="SIGKILL"))},
        skipped=("best", "best-model"),
    )
    with i18n.speaking("en"):
        study = replace(make_study(tmp_path, story, "quick"), author=Author(("Ana",), "", "3", ""))
        figures: dict[str, Drawn | MissingVariant] = {n: Drawn(Path(f"{n}.svg"), "") for n in FIGURES}
        text = visible(report_html(study, figures, TEMPLATES, "0" * 64).html)
    assert words(text) & SPANISH == set()
    cause = "the notebook's process was killed by the signal SIGKILL: memory may have run out"
    assert f"Missing: “batches of 4” : failed: {cause}." in " ".join(text.split())
    assert "Answer of a draft" in text and "Group 3" in text


def drawn(study: Study, folder: Path) -> tuple[str, str]:
    """The words of all vector figures, and all alternative texts."""
    figures = draw_figures(study, folder)
    made = [figure for figure in figures.values() if isinstance(figure, Drawn)]
    vectors = [f for f in made if f.path.suffix == ".svg"]
    assert len(vectors) > 6
    labels = [
        html.unescape(label)
        for figure in vectors
        for label in re.findall(r"<text[^>]*>(.*?)</text>", (folder / figure.path).read_text("utf-8"))
    ]
    return "\n".join(labels), "\n".join(figure.alt for figure in made)


def test_figures_and_alternative_texts_in_each_locale(tmp_path: Path) -> None:
    """Labels follow the language and axes the number format, on figures drawn before in another."""
    found = {}
    for locale in ("es_ES", "en", "es_MX"):
        with i18n.speaking(locale):
            found[locale] = drawn(make_study(tmp_path, Story(images=SMALL)), tmp_path)
    labels, alts = found["en"]
    assert words(labels) & SPANISH == set() and words(alts) & SPANISH == set()
    assert {"training", "validation", "epoch", "airplane"} <= words(labels)
    assert "taken for" in alts and "71.7%" not in found["es_ES"][1]
    spain, mexico = found["es_ES"][0], found["es_MX"][0]
    assert re.search(r"\d,\d", spain) and not re.search(r"\d\.\d{1,2}\b", spain)
    assert re.search(r"\d\.\d", mexico) and not re.search(r"\d,\d{1,2}\b", mexico)
    assert "época" in mexico
    assert not re.search(r"\d,\d{1,2}\b", found["es_MX"][1])


def numbers(document: str) -> list[str]:
    """The numbers of the visible text, without those of rows in the map of evidence."""
    document = re.sub(r'<a class="ref".*?</a>', " ", document)
    return NUMBER.findall(DECLARED.sub(" ", visible(document)))


def test_mexico_has_points_and_the_same_words(tmp_path: Path) -> None:
    """Every number has the same value as in Spain's report, written with a point; the words are the same."""
    spain, mexico = (told(Story(images=SMALL), tmp_path, locale) for locale in ("es_ES", "es_MX"))
    assert NUMBER.sub("", visible(spain)) == NUMBER.sub("", visible(mexico))
    pairs = list(zip(numbers(spain), numbers(mexico), strict=True))
    assert len(pairs) > 500
    for ours, theirs in pairs:
        assert parse_decimal(ours, "es_ES") == parse_decimal(theirs, "es_MX"), (ours, theirs)
    assert any("," in ours and "." in theirs for ours, theirs in pairs)
    assert "dropout de 0.1" in mexico.lower() and '<html lang="es-MX">' in mexico


def test_spain_is_as_without_translation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extension leaves every byte of the Spanish report."""
    with_it = told(Story(images=SMALL), tmp_path, "es_ES")
    monkeypatch.setattr("runner.language.translation.Translator.filter_stream", lambda self, stream: stream)
    assert told(Story(images=SMALL), tmp_path, "es_ES") == with_it


def test_the_notebook_to_hand_in_is_translated_and_its_outputs_are_not(tmp_path: Path) -> None:
    """Prose in English with a note on top; code cells byte for byte."""
    plan = make_plan(DEFAULT_PLAN, "full")
    with i18n.speaking("en"):
        study = make_study(tmp_path, Story(images=SMALL))
        (tmp_path / "notebooks").mkdir()
        for variant in plan.variants:
            shutil.copy(variant.notebook, tmp_path / "notebooks" / f"{variant.name}.ipynb")
        made = nbformat.read(
            write_handin(study, plan.handin, tmp_path, tmp_path / "practica5.ipynb"), as_version=4
        )
    prose = re.sub(r"`[^`]*`", "", "\n".join(c.source for c in made.cells if c.cell_type == "markdown"))
    assert words(re.sub(r'<a id="\S+"></a>|\(#\S+\)', "", prose)) & SPANISH == set()
    assert UNTRANSLATED_NOTE in made.cells[0].source
    assert "## Question 9. Batch sizes" in prose and "below 0.05" in prose
    code = {cell.source for cell in made.cells if cell.cell_type == "code"}
    written = {
        cell.source
        for path in DEFAULT_PLAN.parent.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    }
    assert code and code <= written


SUMMARY = ReportSummary(
    pdf_sha256="0" * 64,
    title="A title",
    profile="full",
    draft=False,
    names=("Ana", "Luis"),
    course="Networks",
    group="3",
    date="",
    questions=(1, 2),
    answered=(1, 2),
)


@pytest.mark.parametrize(
    ("locale", "size", "greeting"),
    [("es_ES", "1,5", "Hola:"), ("es_MX", "1.5", "Hola:"), ("en", "1.5", "Hello:")],
)
def test_the_message_of_a_delivery(tmp_path: Path, locale: str, size: str, greeting: str) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(b"x" * 1_500_000)
    with i18n.speaking(locale):
        message = compose(Envelope(to=()), SUMMARY, [file], TEMPLATES, ["a.pdf: x"], "yesterday")
    body = message.get_body()
    assert body is not None
    text = str(body.get_content())
    assert greeting in text and f"({size}" in text
    if locale == "en":
        assert message["Subject"] == "Delivery: A title (Ana, Luis)"
        assert (words(text) | words(message["Subject"])) & SPANISH == set()
        assert "We attach the delivery of “A title”, for the course “Networks” (group 3):" in text
        assert "with the answers to the 2 questions and the data" in text


def runner(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does."""
    command = [sys.executable, "-m", "runner", *arguments]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=HANG_SECONDS)


@pytest.mark.xdist_group("reports")
def test_the_locale_is_remembered_and_verified_in_the_same_language(english: Path, tmp_path: Path) -> None:
    """``report --locale en``, and all that is worked out from the PDF alone; then ``report`` alone."""
    parcel = open_report(english / "report.pdf")
    unpack(parcel, tmp_path / "again")
    request = Request(
        build_dir=tmp_path / "again", plan_path=tmp_path / "again" / "plan" / "experiments.toml"
    )
    plan = open_plan(request)
    assert i18n.current() == "en"
    again = make_again(plan, tmp_path / "again", TEMPLATES)
    assert check_pages(parcel, again) == () and check_claims(parcel, again) == ()
    assert check_objects(parcel, again) == () and parcel.content == again.content
    build = Path(shutil.copytree(english, tmp_path / "build"))
    for folder in (build / "results").iterdir():  # two variants are as good, and faster
        if folder.name not in ("baseline", "batch-4"):
            shutil.rmtree(folder)
    done = runner("report", "--build-dir", str(build))
    assert done.returncode == 0, done.stderr
    for pages in (parcel.pages, open_report(build / "report.pdf").pages):
        assert "Question 1." in " ".join(pages)
        assert f"2 of {len(pages)}" in pages[1]
    assert json.loads((build / "run.json").read_text("utf-8"))["locale"] == "en"
    assert runner("report", "--build-dir", str(build), "--locale", "es_ES").returncode == 0
    assert "locale" not in json.loads((build / "run.json").read_text("utf-8"))
    assert "Pregunta 1." in " ".join(open_report(build / "report.pdf").pages)


def test_an_unknown_locale_is_refused(tmp_path: Path) -> None:
    """On the command line, and where the build folder's note was damaged."""
    done = runner("report", "--build-dir", str(tmp_path), "--locale", "fr")
    assert done.returncode == 2 and "'fr' is not one of 'es_ES', 'es_MX', 'en'" in done.stderr
    (tmp_path / "run.json").write_text('{"locale": "fr"}', encoding="utf-8")
    done = runner("report", "--build-dir", str(tmp_path))
    assert done.returncode == 2 and "no locale 'fr'; there are: es_ES, es_MX, en" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_draft_is_stamped_in_english(tmp_path: Path) -> None:
    with i18n.speaking("en"):
        study = make_study(tmp_path, Story(images=SMALL, skipped=("best", "best-model")), "quick")
        pdf = render(study, make_plan(DEFAULT_PLAN, "quick"), tmp_path, TEMPLATES)
    stamped = open_report(pdf).pages
    assert stamped and all("DRAFT" in page and "BORRADOR" not in page for page in stamped)
