"""Why a variant is missing: a code with arguments, which is put into words when somebody reads it.

All the wordings are here, in Spanish, which catalogues look them up by. A reason is recorded, and travels
between processes, as code and arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from runner import limits
from runner.errors import InputError
from runner.files import Record
from runner.language.i18n import speaking, tr

CHANGES_NO_DIGIT = True  # of a training: see code_closure
TEXT = "text"
WORDINGS = {
    "failed": "falló: {reason}",
    "need_failed": "necesita «{need}», que falló",
    "kernel_not_begun": "el proceso del cuaderno no llegó a empezar: {why}",
    "kernel_ended": "el proceso del cuaderno {ending}",
    "illegal_instruction": "murió por la señal SIGILL: a este procesador le falta una instrucción",
    "memory_limited": "murió por la señal {signal}: quizá faltó memoria (el límite es de {limit})",
    "memory": "murió por la señal {signal}: quizá faltó memoria",
    "signal": "murió por la señal {signal}",
    "unknown_end": "murió sin que se sepa por qué",
    "exit_code": "terminó por sí mismo con el código {code}",
    "process_died": "el proceso que lo ejecutaba murió",
    "cell_raised": "{error} en la celda {cell}: {message}",
    "cell_timeout": "una celda superó el tiempo máximo",
    "not_finite": "{metric} es {value} en la época {epoch}",
    "disk_full": "no queda espacio en el disco",
    "unreadable_result": "el resultado no se puede leer: {reason}",
    "unreadable_input": "no se puede leer lo que necesita: {reason}",
    "code_changed": "el código del programa cambió mientras trabajaba",
    "result_changed": "su resultado cambió o desapareció mientras trabajaba el programa: {why}",
    "other_profile": "el resultado es del perfil «{found}», no de «{wanted}»",
    "pending": "pendiente: todavía no se ha ejecutado",
    "not_planned": "no está en el fichero de experimentos",
    "no_result": "sin resultado",
    "over_budget": "no cabía en el presupuesto de tiempo de {time}",
    "workers_lost": "se perdieron {n} trabajadores del clúster que lo ejecutaban",
    "undelivered": "su resultado no llega del clúster: {error}",
    "no_notebook": "su cuaderno no está",
    "unreadable_notebook": "su cuaderno no se puede leer",
}
FORMS = WORDINGS | {TEXT: "{text}"}  # what a program said, or an earlier version recorded: as it is


class Reason(Record):
    """Why a variant is missing. ``arguments`` fill in the wording of ``code``; some are reasons themselves.

    Raises ValueError (pydantic's) for a code that there is not, arguments that are not those of its wording,
    and too many reasons within one another. As a string, it is the words in the reader's language.
    """

    code: str
    arguments: dict[str, str | int | float | Reason] = Field(default_factory=dict)

    @classmethod
    def of(cls, code: str, /, **arguments: str | int | float | Reason) -> Self:
        """The reason ``code`` with its arguments by name."""
        return cls(code=code, arguments=arguments)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.code not in FORMS:
            raise ValueError(f"no reason '{self.code}'")
        wanted = {name for _, name, _, _ in Formatter().parse(FORMS[self.code]) if name}
        if wanted != self.arguments.keys():
            raise ValueError(f"'{self.code}' takes {sorted(wanted)}, not {sorted(self.arguments)}")
        if self._depth > limits.REASON_DEPTH:
            raise ValueError(f"more than {limits.REASON_DEPTH} reasons within one another")
        return self

    @property
    def _depth(self) -> int:
        return 1 + max((v._depth for v in self.arguments.values() if isinstance(v, Reason)), default=0)

    def __str__(self) -> str:
        return reason_words(self)

    def with_texts(self, change: Callable[[str], str]) -> Reason:
        """The reason with every text in it changed: mostly, what programs said."""

        def changed(value: str | int | float | Reason) -> str | int | float | Reason:
            if isinstance(value, Reason):
                return value.with_texts(change)
            return change(value) if isinstance(value, str) else value

        return Reason(code=self.code, arguments={n: changed(value) for n, value in self.arguments.items()})


def said(text: str) -> Reason:
    """What a program said, as a reason."""
    return Reason.of(TEXT, text=text)


def _from_record(found: Any) -> Any:
    """Earlier versions recorded Spanish words."""
    return said(found) if isinstance(found, str) else found


Recorded = Annotated[Reason, BeforeValidator(_from_record)]  # a record's field
PENDING = Reason.of("pending")
NOT_PLANNED = Reason.of("not_planned")
NO_RESULT = Reason.of("no_result")
PROCESS_DIED = Reason.of("process_died")


def reason_words(reason: Reason | str) -> str:
    """A reason in the reader's language; what a program said stays as it is.

    A string is a template's own words, such as ``study.missing.get(name, "sin resultado")`` falls back to.
    """
    return tr(reason) if isinstance(reason, str) else tr(FORMS[reason.code], **reason.arguments)


def english_words(reason: Reason) -> str:
    """A reason in the language that the program itself speaks, on the terminal."""
    try:
        with speaking("en"):
            return reason_words(reason)
    except InputError:  # by a practice's own translations, which whoever reads English is told of
        return reason_words(reason)
