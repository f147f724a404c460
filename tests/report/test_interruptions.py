"""The appendix says what was resumed and what that cost, and nothing where nothing was."""

from __future__ import annotations

import json
import re
from pathlib import Path

from runner.analysis.loading import load_study
from runner.figures.drawn import Drawn
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.claims.evidence_words import metric_words
from runner.report.claims.metric import value_at
from runner.report.html import report_html
from runner.results.finished import read_result
from runner.results.reasons import Reason
from tests.made_up import make_study, write_failure
from tests.report.test_answers import FIGURES, TEMPLATES, plain

RESUMED = {"batch-4": (2, 30.5), "filters-x2": (1, 41.0)}
SAID = "Se interrumpieron, y siguieron desde la última época guardada"
CAUSE = Reason.of("cell_raised", error="ValueError", cell=3, message="no")


def document(folder: Path) -> str:
    study = load_study(make_plan(DEFAULT_PLAN, "full"), folder)
    figures = {name: Drawn(Path(f"{name}.svg"), "una figura") for name in FIGURES}
    return report_html(study, figures, TEMPLATES, "0" * 64).html


def test_says_what_was_run_again_in_vain(tmp_path: Path) -> None:
    """The result is the former one, of the same inputs; a digit in the reason is no measured number."""
    make_study(tmp_path)
    assert "ese intento falló" not in document(tmp_path)
    result = read_result(tmp_path / "results" / "batch-4").result
    write_failure(tmp_path / "results" / "batch-4", "batch-4", CAUSE, result.key)
    text = plain(document(tmp_path))
    assert "Lotes de 4 se ejecutó otra vez y ese intento falló: ValueError en la celda 3: no." in text
    assert "Se muestra su resultado anterior, de las mismas entradas." in text
    assert "Falta" not in text


def test_says_which_and_how_much_was_lost(tmp_path: Path) -> None:
    make_study(tmp_path)
    assert SAID not in document(tmp_path)
    for name, (interruptions, lost) in RESUMED.items():
        path = tmp_path / "results" / name / "result.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        record["training"] |= {"interruptions": interruptions, "lost_seconds": lost, "restored_epochs": 1}
        path.write_text(json.dumps(record), encoding="utf-8")
    text = document(tmp_path)
    (sentence,) = re.findall(rf"<p>{SAID}.*?</p>", text, re.DOTALL)
    shown = plain(sentence).replace("\N{NO-BREAK SPACE}", " ")
    assert "(2 veces)" in shown
    assert "(1 vez)" in shown
    assert "se perdieron 1 min 12 s" in shown
    assert 'data-metric="(sum lost_seconds)" ' in sentence.replace(">", " >")
    assert metric_words(value_at("interruptions")) == "veces que se interrumpió"
    assert metric_words(value_at("lost_seconds")) == "segundos perdidos por interrupciones"
