"""Words that only Spanish texts hold, drawn from the catalogue: what an English report must be free of."""

from __future__ import annotations

import re

from runner.language import i18n

WORD = re.compile(r"[^\W\d_]{3,}")
COMMON = (
    "los las del que con por para una son más sin según entre desde hasta época épocas pérdida exactitud "
    "validación entrenamiento lotes cuaderno filtros capas modelo semilla semillas imágenes falta"
)
STOP_WORDS = frozenset(COMMON.split())


def words(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return {word.lower() for word in WORD.findall(re.sub(r"&\w+;", " ", text))}


def _spanish() -> frozenset[str]:
    spanish: set[str] = set()
    english: set[str] = set()
    for path in i18n.catalogue_files("en"):
        for message in i18n.read_catalogue(path):
            spanish |= words(str(message.id))
            english |= words(str(message.string))
    return frozenset(spanish - english)


SPANISH = _spanish()
