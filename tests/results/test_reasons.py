"""The words for why a variant is missing: each reason in each language, as readers see it."""

from __future__ import annotations

import ast
import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import pytest
from pydantic import TypeAdapter, ValidationError

from runner import LOCALES
from runner.build_folder import AWAITED_FILE, FAILURE_FILE
from runner.code_closure import package_files
from runner.files import json_text
from runner.language import i18n
from runner.language.i18n import speaking
from runner.limits import REASON_DEPTH
from runner.results.awaited import read_awaited
from runner.results.finished import read_failure
from runner.results.reasons import (
    FORMS,
    NO_RESULT,
    TEXT,
    Reason,
    Recorded,
    english_words,
    reason_words,
    said,
)
from runner.results.study import MissingVariant
from tests.made_up import write_failure

RECORDED: TypeAdapter[Reason] = TypeAdapter(Recorded)

# Code and arguments, pairs of both where a reason holds another one; then the words.
TABLE: list[tuple[str, dict[str, Any], str, str]] = [
    ("pending", {}, "pendiente: todavía no se ha ejecutado", "pending: not run yet"),
    ("not_planned", {}, "no está en el fichero de experimentos", "not in the experiments file"),
    ("no_result", {}, "sin resultado", "no result"),
    ("no_notebook", {}, "su cuaderno no está", "its notebook is not there"),
    ("unreadable_notebook", {}, "su cuaderno no se puede leer", "its notebook can't be read"),
    ("over_budget", {"time": "1 h 30 min"}, "no cabía en el presupuesto de tiempo de 1 h 30 min",
     "it did not fit into the time budget of 1 h 30 min"),
    ("other_profile", {"found": "quick", "wanted": "full"},
     "el resultado es del perfil «quick», no de «full»",
     "the result is of profile “quick”, not of “full”"),
    ("unreadable_result", {"reason": "a.json: not a JSON object"},
     "el resultado no se puede leer: a.json: not a JSON object",
     "the result can't be read: a.json: not a JSON object"),
    ("unreadable_input", {"reason": "no data {here}"}, "no se puede leer lo que necesita: no data {here}",
     "what it needs can't be read: no data {here}"),
    ("code_changed", {}, "el código del programa cambió mientras trabajaba",
     "the program's code changed while it was at work"),
    ("result_changed", {"why": "not a JSON object"},
     "su resultado cambió o desapareció mientras trabajaba el programa: not a JSON object",
     "its result changed, or went, while the program was at work: not a JSON object"),
    ("need_failed", {"need": "best"}, "necesita «best», que falló", "needs “best”, which failed"),
    ("failed", {"reason": ("need_failed", {"need": "best"})}, "falló: necesita «best», que falló",
     "failed: needs “best”, which failed"),
    ("cell_raised", {"error": "ValueError", "cell": 4, "message": "boom"}, "ValueError en la celda 4: boom",
     "ValueError in cell 4: boom"),
    ("failed", {"reason": ("cell_raised", {
        "error": "FloatingPointError", "cell": 7,
        "message": ("not_finite", {"metric": "val_loss", "value": "nan", "epoch": 2})})},
     "falló: FloatingPointError en la celda 7: val_loss es nan en la época 2",
     "failed: FloatingPointError in cell 7: val_loss is nan in epoch 2"),
    ("failed", {"reason": ("cell_raised", {"error": "ValueError", "cell": 4, "message": ""})},
     "falló: ValueError en la celda 4: ", "failed: ValueError in cell 4: "),
    ("disk_full", {}, "no queda espacio en el disco", "no space is left on the disk"),
    ("cell_timeout", {}, "una celda superó el tiempo máximo", "a cell exceeded the time limit"),
    ("process_died", {}, "el proceso que lo ejecutaba murió", "the process that ran it died"),
    ("kernel_ended", {"ending": ("illegal_instruction", {})},
     "el proceso del cuaderno murió por la señal SIGILL: a este procesador le falta una instrucción",
     "the notebook's process was killed by the signal SIGILL: this processor lacks an instruction"),
    ("kernel_ended", {"ending": ("memory_limited", {"signal": "SIGKILL", "limit": "512 MiB"})},
     "el proceso del cuaderno murió por la señal SIGKILL: quizá faltó memoria (el límite es de 512 MiB)",
     "the notebook's process was killed by the signal SIGKILL: memory may have run out "
     "(the limit is 512 MiB)"),
    ("kernel_ended", {"ending": ("memory", {"signal": "SIGBUS"})},
     "el proceso del cuaderno murió por la señal SIGBUS: quizá faltó memoria",
     "the notebook's process was killed by the signal SIGBUS: memory may have run out"),
    ("kernel_ended", {"ending": ("signal", {"signal": "SIGSEGV"})},
     "el proceso del cuaderno murió por la señal SIGSEGV",
     "the notebook's process was killed by the signal SIGSEGV"),
    ("kernel_ended", {"ending": ("unknown_end", {})}, "el proceso del cuaderno murió sin que se sepa por qué",
     "the notebook's process died of an unknown cause"),
    ("kernel_ended", {"ending": ("exit_code", {"code": 3})},
     "el proceso del cuaderno terminó por sí mismo con el código 3",
     "the notebook's process ended by itself with code 3"),
    ("kernel_not_begun", {"why": ("exit_code", {"code": 7})},
     "el proceso del cuaderno no llegó a empezar: terminó por sí mismo con el código 7",
     "the notebook's process did not begin: ended by itself with code 7"),
    ("kernel_not_begun", {"why": "ZMQError: taken"},
     "el proceso del cuaderno no llegó a empezar: ZMQError: taken",
     "the notebook's process did not begin: ZMQError: taken"),
    ("workers_lost", {"n": 3}, "se perdieron 3 trabajadores del clúster que lo ejecutaban",
     "3 workers of the cluster that ran it were lost"),
    ("undelivered", {"error": "TimeoutError"}, "su resultado no llega del clúster: TimeoutError",
     "its result does not arrive from the cluster: TimeoutError"),
    ("text", {"text": "ValueError: {no} 0,5"}, "ValueError: {no} 0,5", "ValueError: {no} 0,5"),
]  # fmt: skip


IDS = [f"{code}-{number}" for number, (code, *_) in enumerate(TABLE)]


def made(code: str, arguments: Mapping[str, Any]) -> Reason:
    """The reason of a row, with those that it holds."""
    return Reason.of(code, **{n: made(*v) if isinstance(v, tuple) else v for n, v in arguments.items()})


@pytest.mark.parametrize(("code", "arguments", "spanish", "english"), TABLE, ids=IDS)
def test_a_reason_in_each_language(code: str, arguments: dict[str, Any], spanish: str, english: str) -> None:
    reason = made(code, arguments)
    with speaking("es_ES"):
        assert reason_words(reason) == str(reason) == f"{reason}" == spanish
        assert english_words(reason) == english
    with speaking("en"):
        assert reason_words(reason) == english


def test_the_table_has_every_code() -> None:
    def codes(code: str, arguments: Mapping[str, Any]) -> Iterator[str]:
        yield code
        for value in arguments.values():
            if isinstance(value, tuple):
                yield from codes(*value)

    assert {code for row in TABLE for code in codes(row[0], row[1])} == FORMS.keys()


@pytest.mark.parametrize(("code", "arguments", "spanish", "english"), TABLE, ids=IDS)
def test_a_reason_travels(code: str, arguments: dict[str, Any], spanish: str, english: str) -> None:
    """As a record of a file, within one, and from process to process, also as what is raised."""
    reason = made(code, arguments)
    assert Reason.model_validate_json(json_text(reason)) == reason
    assert pickle.loads(pickle.dumps(reason)) == reason
    assert RECORDED.validate_json(json_text(reason)) == reason
    raised = pickle.loads(pickle.dumps(MissingVariant("good", reason)))
    assert (raised.name, raised.reason, raised.what) == ("good", reason, spanish)


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("nonsense", {}),
        ("pending", {"n": 1}),
        ("need_failed", {}),
        ("need_failed", {"need": None}),
        ("workers_lost", {"n": float("nan")}),
    ],
)
def test_what_could_not_be_told_is_no_reason(code: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Reason(code=code, arguments=arguments)


@pytest.mark.parametrize("depth", [REASON_DEPTH, 200, 5000])
def test_a_record_of_too_many_reasons_within_one_another_is_damaged(tmp_path: Path, depth: int) -> None:
    """They could not be told; a few levels are all that there ever are."""
    write_failure(tmp_path, "good", NO_RESULT)
    path = tmp_path / FAILURE_FILE
    deep = '{"code": "failed", "arguments": {"reason": ' * depth + json.dumps(NO_RESULT.model_dump())
    content = json.dumps(json.loads(path.read_text("utf-8")) | {"reason": "HERE"})
    path.write_text(content.replace('"HERE"', deep + "}}" * depth), "utf-8")
    assert read_failure(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["ValueError en la celda 4: {no}", "el proceso del cuaderno murió (¿memoria agotada?)", ""]
)
def test_what_earlier_versions_recorded_is_read_and_told_as_it_is(tmp_path: Path, text: str) -> None:
    """They kept Spanish words, in both files."""
    write_failure(tmp_path / "good", "good", NO_RESULT)
    path = tmp_path / "good" / FAILURE_FILE
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | {"reason": text}), "utf-8")
    failure = read_failure(tmp_path / "good")
    assert failure is not None and failure.reason == said(text)
    note = {"good": {"reason": text, "replaces": failure.finished.isoformat()}}
    folder = tmp_path / "results"
    folder.mkdir()
    (tmp_path / "good").rename(folder / "good")
    (tmp_path / AWAITED_FILE).write_text(json.dumps(note), "utf-8")
    assert read_awaited(tmp_path) == {"good": said(text)}
    for locale in LOCALES:
        with speaking(locale):
            assert str(read_awaited(tmp_path)["good"]) == text


def test_every_text_of_a_reason_can_be_changed() -> None:
    inner = Reason.of("cell_raised", error="a", cell=4, message="a")
    reason = Reason.of("failed", reason=inner).with_texts(str.upper)
    assert reason == Reason.of("failed", reason=Reason.of("cell_raised", error="A", cell=4, message="A"))


def test_a_template_may_fall_back_on_words_of_its_own() -> None:
    with speaking("en"):
        assert (reason_words("sin resultado"), reason_words("nothing else")) == ("no result", "nothing else")


def test_a_template_may_print_a_reason_as_it_is() -> None:
    source = '{{ missing["best"] }} {{ missing.get("x", "sin resultado")|reason_words }}'
    environment = jinja2.Environment(autoescape=True)
    environment.filters["reason_words"] = reason_words
    template, missing = environment.from_string(source), {"best": said("<b> {x}")}
    assert template.render(missing=missing) == "&lt;b&gt; {x} sin resultado"


def test_translations_that_can_not_be_read_leave_the_words_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A practice's own ones, in a run that does not speak English."""
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "mine.po").write_bytes(b'msgid "\xff')
    monkeypatch.setattr(i18n, "_chosen", [])
    monkeypatch.setenv(i18n.VARIABLE, "es_ES")
    try:
        i18n.use("es_ES", tmp_path)
        assert english_words(NO_RESULT) == "sin resultado"
    finally:
        i18n.use(LOCALES[0])


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Where a reason is made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason.of":
            yield node


def test_reasons_are_made_as_their_wordings_need_it() -> None:
    """Also those that are rarely made; and each wording is in use."""
    used = {TEXT}
    for name, path in package_files():
        for call in calls(ast.parse(path.read_text("utf-8"))):
            (code,) = call.args
            if isinstance(code, ast.Constant):
                Reason.of(str(code.value), **{str(each.arg): 0 for each in call.keywords})
                used.add(str(code.value))
            else:
                assert name.endswith("reasons.py"), ast.unparse(call)
    assert used == FORMS.keys()
