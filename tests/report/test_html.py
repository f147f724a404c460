"""The templates: numbering, references, notices, escaping, and what stops the build."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.errors import RunnerError
from runner.figures.drawn import Drawn
from runner.files import write_json
from runner.plan.records import Author
from runner.report.html import report_html
from runner.report.missing import notices
from runner.results.finished import Finished
from runner.results.reasons import Reason, said
from runner.results.records import SCHEMA_VERSION, Result
from runner.results.study import MissingVariant, Study, VariantInfo

TITLE = '{% set title = "Un título" %}'
LOST = Reason.of("failed", reason=said("pérdida NaN"))
FIGURES = {
    "fig-a": Drawn(Path("figures/a.svg"), "una recta"),
    "fig-b": MissingVariant("lost", LOST),
}

Make = Callable[..., str]


def variant(name: str) -> VariantInfo:
    """A planned variant that differs in nothing."""
    return VariantInfo(name, f"variante {name}", "notebook", (), "notebook", {}, {})


def finished(name: str, folder: Path) -> Finished:
    """A finished notebook whose values.json holds a share and a word."""
    write_json(folder / name / "values.json", {"share": 0.703, "word": "<gato>"})
    result = Result(
        schema_version=SCHEMA_VERSION,
        variant=name,
        notebook="a.ipynb",
        notebook_sha256="0" * 64,
        profile="full",
        draft=False,
        key="k",
        key_parts={},
        parameters={"batch_size": 64},
        started=datetime(2026, 1, 1, tzinfo=UTC),
        finished=datetime(2026, 1, 1, tzinfo=UTC),
        wall_seconds=1.0,
    )
    return Finished(result, folder / name)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The report's HTML from the texts of its answers, for one finished and one lost variant."""

    def make(*answers: str, author: str = "Ana", draft: bool = False) -> str:
        templates = tmp_path / "templates"
        shutil.rmtree(templates, ignore_errors=True)
        ignored = shutil.ignore_patterns("answers", "fonts")
        shutil.copytree(PROJECT_ROOT / "templates", templates, ignore=ignored)
        (templates / "answers").mkdir()
        (templates / "parts" / "references.html").unlink()  # they are of the answers
        for part in ("appendix", "evidence"):  # as a practice that prints its map of evidence
            text = f'{{% extends "base/{part}.html" %}}'
            (templates / "parts" / f"{part}.html").write_text(text, encoding="utf-8")
        for number, answer in enumerate(answers, start=1):
            path = templates / "answers" / f"q{number:02}.html"
            path.write_text(answer, encoding="utf-8")
        study = Study(
            title="Práctica",
            profile="quick",
            draft=draft,
            author=Author((author,), "Curso", "2", "hoy"),
            baseline="lost",
            variants=(variant("done"), variant("lost"), variant("best")),
            finished={"done": finished("done", tmp_path)},
            missing={"lost": LOST},
            choices=(),
        )
        return report_html(study, FIGURES, templates, "0" * 64).html

    return make


def test_prints_traced_values(make: Make) -> None:
    """A value comes with its source, a word of the results is escaped."""
    html = make(TITLE + '{{ m("done", "values.share")|percent }} {{ m("done", "values.word")|text }}')
    assert 'data-variant="done" data-metric="values.share" id="n-1-1">' in html
    assert '<a class="source" href="#e-1-1">70,3\N{NO-BREAK SPACE}%</a></data>' in html
    assert '<tr id="e-1-1"><th scope="row"><a class="ref" href="#n-1-1">1.1</a></th>' in html
    assert "&lt;gato&gt;</a></data>" in html
    assert "Pregunta&nbsp;1." in html


def test_numbers_and_references(make: Make) -> None:
    """Figures and tables are numbered in order; references may look forward."""
    rows = "<tbody><tr><td>a</td></tr></tbody>"
    html = make(
        TITLE + '{{ ref("tab-z") }}, {{ ref("pregunta-2") }}{{ figure("fig-a", "Pie.") }}',
        TITLE + '{% call table("tab-z", "Título.") %}' + rows + "{% endcall %}",
    )
    assert '<a class="ref" href="#tab-z">Tabla\N{NO-BREAK SPACE}1</a>' in html
    assert '<a class="ref" href="#pregunta-2">Pregunta\N{NO-BREAK SPACE}2</a>' in html
    assert '<img src="figures/a.svg" alt="una recta">' in html
    assert "Figura\N{NO-BREAK SPACE}1.</span> Pie." in html


@pytest.mark.parametrize("use", ['{{ m("lost", "wall_seconds")|seconds }}', '{{ figure("fig-b", "") }}'])
def test_missing_variant_is_a_notice(make: Make, use: str) -> None:
    """The answer says what is missing and why; the others are made, with their own numbers."""
    lost = TITLE + '{{ figure("fig-a", "Primera.") }}' + use
    html = make(lost, TITLE + '{{ ref("fig-a") }}')
    assert "<strong>Falta «variante lost»</strong>: falló: pérdida NaN." in html
    assert "Primera." not in html
    assert "(no disponible)" in html and 'href="#fig-a"' not in html


def test_unreadable_values_are_a_notice(make: Make) -> None:
    """What a notebook should have left and didn't, is named."""
    html = make(TITLE + '{{ m("done", "values.absent")|number }}')
    assert "Falta «variante done»" in html and "values.absent" in html


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{ 7*7 }}", "A & B", "lotes [[ref:nada]]", "[[ref:pregunta-1]]"]
)
def test_names_print_as_text(make: Make, name: str) -> None:
    """Nothing in an author's name is run or read as markup."""
    html = make(TITLE, author=name)
    shown = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<span>{shown}</span>" in html
    assert "<script>" not in html and "49" not in html


def test_draft_is_said_in_each_answer(make: Make) -> None:
    """Answers of a draft say so, those of a full run don't."""
    assert make(TITLE, TITLE, draft=True).count("Respuesta de un borrador") == 2
    assert "borrador" not in make(TITLE)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("{{ 0.703|percent }}", "0.703, which is not a measured value"),
        ("{{ study.variants|length }}", "3 is printed, and is not a measured value"),
        ('{{ m("done", "values.share") }}', "printed without a format"),
        ('{{ m("done", "evaluation.tset")|number }}', "trains nothing"),
        ('{{ m("done", "parameters.batch")|number }}', "no value at 'parameters.batch'"),
        ('{{ m("nobody", "wall_seconds")|number }}', "no such variant"),
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ label(nobody) }}", "'nobody' is undefined"),
        ('{{ figure("fig-x", "") }}', "no figure 'fig-x'"),
        ('{{ figure("fig-a", "") }}{{ figure("fig-a", "") }}', "are called 'fig-a'"),
        ("{% if %}", "Expected an expression"),
        ('{{ "a"|nofilter }}', "No filter named 'nofilter'"),
        ('{{ fail("no such story") }}', "no such story"),
    ],
)
def test_faults_name_template_and_line(make: Make, answer: str, message: str) -> None:
    """A faulty answer stops the build and is easily found."""
    with pytest.raises(RunnerError) as caught:
        make(TITLE, f"{TITLE}\n{answer}")
    assert message in str(caught.value)
    assert "q02.html:2" in str(caught.value)


def test_an_unknown_format_of_an_interval_says_what_there_is(make: Make) -> None:
    """The macro's own words, not those of an undefined name."""
    use = '{% import "words.html" as words %}{{ words.formatted(m("done", "values.share"), "degrees", 1) }}'
    with pytest.raises(
        RunnerError, match=r"words\.html:\d+: no format 'degrees' of a number: number, signed"
    ):
        make(TITLE + use)


def test_dangling_reference(make: Make) -> None:
    """A reference to nothing stops the build where no section is missing."""
    with pytest.raises(RunnerError, match="reference to 'fig-none'"):
        make(TITLE + '{{ ref("fig-none") }}')


def test_title_is_needed(make: Make) -> None:
    """An answer without a constant title is refused."""
    with pytest.raises(RunnerError, match=r"q01\.html: needs"):
        make("<p>nada</p>")


TYPED = [
    ("<p>Acierta el 70,3 % de las veces.</p>", "70,3 %"),
    ('<p>{{ m("done", "wall_seconds")|integer }} y 65 imágenes</p>', "65"),
    ("<table><tr><td>0,812</td></tr></table>", "0,812"),
    ('{{ figure("fig-a", "Curvas: acaba en 0,25.") }}', "0,25"),
]


@pytest.mark.parametrize(("answer", "number"), TYPED)
def test_a_typed_number_stops_the_build(make: Make, answer: str, number: str) -> None:
    """The error names the template and the number."""
    with pytest.raises(RunnerError) as caught:
        make(TITLE + answer)
    assert "q01.html" in str(caught.value)
    assert f"do not come from the results: {number}" in str(caught.value)


def test_reasons_of_failures_may_hold_numbers(make: Make) -> None:
    """They are words of the failure's record, not results."""
    for words in (
        '<aside class="notice missing"><p>época 2</p></aside>',
        '<tr class="absent"><td>2</td></tr>',
    ):
        assert words in make(TITLE + words)


def test_declared_constants_may_be_typed(make: Make) -> None:
    """Numbers of the statement are declared at the top of the template."""
    declared = '{% set constants = "28x28; 5 %" %}<p>De 28x28, por debajo del 5&nbsp;%.</p>'
    assert "28x28" in make(TITLE + declared)
    with pytest.raises(RunnerError, match="6 %"):
        make(TITLE + declared + "<p>6&nbsp;%</p>")


def test_variants_that_are_missing_for_one_reason_are_one_notice() -> None:
    pending, failed = Reason.of("pending"), Reason.of("no_notebook")
    found = notices([("a", pending), ("b <i>", failed), ("c", pending)])
    assert found.count("<aside") == 2
    assert "<strong>Faltan</strong> (pendiente: todavía no se ha ejecutado): a; c." in found
    assert "<strong>Falta «b &lt;i&gt;»</strong>: " in found
