"""The words for why a variant is missing: each reason in each language, as readers see it."""

from __future__ import annotations

from typing import Any

import pytest

from runner.language.i18n import speaking
from runner.results.reasons import reason_words

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


@pytest.mark.parametrize(("code", "arguments", "spanish", "english"), TABLE)
def test_recorded_reasons_in_each_language(
    code: str, arguments: dict[str, Any], spanish: str, english: str
) -> None:
    with speaking("es_ES"):
        assert reason_words(spanish) == spanish
    with speaking("en"):
        assert reason_words(spanish) == english
