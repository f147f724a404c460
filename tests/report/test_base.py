"""The base templates, as a practice of other metrics uses them: found by name, extended, replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.language import i18n
from runner.report.attachments import templates_digest
from runner.report.claims.evidence_words import metric_words
from runner.report.claims.metric import call
from runner.report.html import check_templates, report_html
from runner.results.study import Study
from tests.scored import errors, scored, study_of

PARTS = {
    "report.html": '{% extends "base/report.html" %}',
    "parts/appendix.html": '{% extends "base/appendix.html" %}',
    "parts/evidence.html": '{% extends "base/evidence.html" %}',
}
ANSWER = """{% import "base/words.html" as words %}
{% set title = "Errores" %}
{% call table("tab-a", "Error de cada caso.") %}
{{ words.comparison_rows(["near", "level"], "far", "test", "squared_error", "error medio") }}
{% endcall %}
{% set cmp = compare("near", "far", "test", "squared_error") %}
<p>El primero es {{ words.effect(cmp) }}; {{ words.moves(cmp) }}.</p>"""


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Of three variants with scores: one is better than the reference, one is not."""
    shifts = {"near": -0.3, "far": 0.0, "level": 0.0}
    return study_of({n: scored(tmp_path / "results", n, errors(n, s)) for n, s in shifts.items()}, "far")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The folder of a practice that has nothing of its own but one answer."""
    for name, text in (PARTS | {"answers/q01.html": ANSWER}).items():
        write(tmp_path / "templates", name, text)
    return tmp_path / "templates"


@pytest.fixture
def english() -> Iterator[None]:
    with i18n.speaking("en"):
        yield


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def words_of(study: Study, templates: Path) -> str:
    """What the report says, without tags."""
    html = report_html(study, {}, templates, "ab" * 32).html
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_one_line_a_template_makes_a_whole_report(study: Study, templates: Path) -> None:
    text = words_of(study, templates)
    for part in ("Curso", "Grupo 2", "Índice", "Pregunta 1. Errores", "Error medio", "referencia"):
        assert part in text
    assert re.search(r"near 0,\d{3} −0,\d{3} −0,\d{3} a −0,\d{3} < 0,001 mejor", text)
    assert re.search(r"level \d,\d{3} \S+ \S+ a \S+ \d,\d{3} sin diferencia demostrable", text)
    numbers = r"\( −0,\d{3} ; IC 95 % de −0,\d{3} a −0,\d{3} ; p < 0,001 \)"
    assert re.search(rf"El primero es mejor en este entrenamiento {numbers}", text)
    assert "; disminuye." in text
    assert "Cómo leer los veredictos" in text and "diferencia de squared_error de test" in text
    assert "ab" * 32 in text  # for verify
    check_templates(templates)


def test_it_is_said_in_english_too(study: Study, templates: Path, english: None) -> None:
    text = words_of(study, templates)
    assert "Contents" in text and "better in this training (" in text and "How to read the verdicts" in text
    assert re.search(r"95% CI from −0\.\d{3} to", text)


def test_blocks_and_parts_are_replaced_one_by_one(study: Study, templates: Path) -> None:
    write(
        templates,
        "report.html",
        '{% extends "base/report.html" %}{% block logo %}<p>Escudo</p>{% endblock %}'
        "{% block contents %}{% endblock %}{% block heading %}{{ section.title }}{% endblock %}",
    )
    write(
        templates,
        "parts/appendix.html",
        '{% extends "base/appendix.html" %}{% set title = "Método" %}{% set constants = "1999" %}'
        "{% block details %}<p>Desde 1999.</p>{% endblock %}",
    )
    text = words_of(study, templates)
    assert "Escudo" in text and "Índice" not in text and "Pregunta 1." not in text
    assert "Método Cómo leer" in text and "Desde 1999." in text and "SHA-256" in text
    write(templates, "base/words.html", "{% macro effect(cmp) %}nada{% endmacro %}")
    with pytest.raises(RunnerError, match="comparison_rows"):
        words_of(study, templates)  # the practice's own is found first


def test_without_parts_the_hash_for_verify_is_printed(study: Study, templates: Path) -> None:
    for name in ("appendix", "evidence"):
        (templates / "parts" / f"{name}.html").unlink()
    text = words_of(study, templates)
    assert "SHA-256 de la lista de adjuntos" in text and "ab" * 32 in text
    assert "Apéndice" not in text


def test_an_answer_with_nothing_in_it_has_no_place(study: Study, templates: Path) -> None:
    """Where the practice says so."""
    write(templates, "answers/q02.html", '{% set title = "Vacía" %}')
    assert words_of(study, templates).count("Vacía") == 2
    write(templates, "report.html", '{% extends "base/report.html" %}{% set leave_out_empty = true %}')
    assert "Vacía" not in words_of(study, templates)


@pytest.mark.parametrize("name", ["words.html", "answers/q01.html", "base/none.html"])
def test_only_base_templates_are_the_programs(name: str, study: Study, templates: Path) -> None:
    """Those of its own practice are not found in another one by chance."""
    write(templates, "answers/q02.html", f'{{% set title = "x" %}}{{% include "{name}" %}}')
    (templates / "answers" / "q01.html").unlink()
    with pytest.raises(RunnerError, match=f"there is no template '{name}'"):
        words_of(study, templates)


def test_a_part_that_extends_itself_is_told(study: Study, templates: Path) -> None:
    write(templates, "parts/appendix.html", '{% extends "parts/appendix.html" %}')
    with pytest.raises(RunnerError, match="never ends"):
        words_of(study, templates)


def test_base_templates_count_among_a_practices(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report made with other base templates was made with other templates."""
    before = templates_digest(templates)
    program = tmp_path / "program"
    write(program, "base/words.html", "other")
    monkeypatch.setattr("runner.language.templating.PROGRAM", program)
    monkeypatch.setattr("runner.report.attachments.PROGRAM", program)
    assert templates_digest(templates) != before
    write(templates, "base/words.html", "own")
    own = templates_digest(templates)
    write(program, "base/words.html", "another")
    assert templates_digest(templates) == own


def test_a_missing_metric_leaves_its_part_out_and_is_told(
    study: Study, templates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(templates, "answers/q01.html", ANSWER.replace("squared_error", "rmse"))
    text = words_of(study, templates)
    assert "scores.npz: there are no scores of 'rmse' on 'test'" in text
    assert "there are: squared_error on test" in caplog.text


def test_a_metrics_name_stands_for_words_that_nobody_gave() -> None:
    assert (
        metric_words(call("compare", "a", "b", "harder", "squared_error"))
        == "diferencia de squared_error de harder"
    )
    assert metric_words(call("compare", "a", "b", "test", "accuracy")) == "diferencia de exactitud de test"
