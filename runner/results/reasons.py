"""Why a variant is missing, as recorded: the wordings that can be told in another language."""

from __future__ import annotations

from runner.language.i18n import retold

REASONS = (
    "falló: {reason}",
    "necesita «{need}», que falló",
    "el proceso del cuaderno murió (¿memoria agotada?)",  # of results made before signals were told
    "el proceso del cuaderno no llegó a empezar: {why}",
    "el proceso del cuaderno {ending}",
    "murió por la señal SIGILL: a este procesador le falta una instrucción",
    "murió por la señal {signal}: quizá faltó memoria (el límite es de {limit})",
    "murió por la señal {signal}: quizá faltó memoria",
    "murió por la señal {signal}",
    "murió sin que se sepa por qué",
    "terminó por sí mismo con el código {code}",
    "el proceso que lo ejecutaba murió",
    "una celda superó el tiempo máximo",
    "el resultado no se puede leer: {reason}",
    "no se puede leer lo que necesita: {reason}",
    "el resultado es del perfil «{found}», no de «{wanted}»",
    "pendiente: todavía no se ha ejecutado",
    "no está en el fichero de experimentos",
    "sin resultado",
    "no cabía en el presupuesto de tiempo de {time}",
    "se perdieron {n} trabajadores del clúster que lo ejecutaban",
    "su resultado no llega del clúster: {error}",
    "su cuaderno no está",
    "{error} en la celda {cell}: {message}",
    "{metric} es {value} en la época {epoch}",
)


def reason_words(reason: str) -> str:
    """A recorded reason in the reader's language; what a program said stays as it is."""
    return retold(reason, REASONS)
