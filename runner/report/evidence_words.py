"""What a metric is called in the map of evidence, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable

from runner.language.i18n import MINUS, tr
from runner.plan.records import origin

SPLITS = {"train": "entrenamiento", "validation": "validación", "test": "test"}
MEASURES = {
    "accuracy": "exactitud",
    "cross_entropy": "pérdida",
    "loss": "pérdida minimizada",
    "images": "imágenes",
}
WORDS = {
    "parameters": "con qué se entrenó",
    "parameters.peak_learning_rate": "tasa de aprendizaje en vigor",
    "evaluation": "evaluación con los pesos finales",
    "epochs": "medidas de una época",
    "model": "modelo",
    "model.layers": "capa del modelo",
    "data": "datos",
    "data.label": "conjunto",
    "data.class_names": "clases",
    "timing": "tiempos del entrenamiento",
    "environment": "máquina",
    "environment.threads": "hilos",
    "environment.cores": "núcleos",
    "values": "lo que dejó el cuaderno",
    "values.ways": "una de las maneras",
    "values.first_layer": "primera capa",
    "values.first_maps_shape": "forma de su salida",
    "values.last_conv_layer": "última capa convolucional",
    "values.last_maps_shape": "forma de su salida",
    "values.dense_layer": "capa densa",
    "values.sample_index": "número de la imagen",
    "values.sample_label": "clase",
    "values.sample_prediction": "predicción",
    "model.parameters": "parámetros del modelo",
    "model.trainable_parameters": "parámetros entrenables",
    "model.flops_per_image": "operaciones por imagen",
    "memory_peak_bytes": "memoria máxima",
    "interruptions": "veces que se interrumpió",
    "lost_seconds": "segundos perdidos por interrupciones",
    "earlier_seconds": "segundos de los intentos interrumpidos",
    "restored_epochs": "épocas recuperadas de un intento anterior",
    "wall_seconds": "segundos del cuaderno entero",
    "timing.first_epoch_seconds": "segundos de la primera época",
    "timing.epoch_seconds": "segundos por época al entrenar",
    "timing.train_seconds": "segundos de entrenamiento",
    "timing.validation_seconds": "segundos de validación",
    "timing.images_per_second": "imágenes por segundo",
    "data.train_images": "imágenes de entrenamiento",
    "data.validation_images": "imágenes de validación",
    "data.test_images": "imágenes de test",
    "time_ratio": "razón de tiempos",
    "epoch_seconds": "segundos por época",
    "timing_pass": "pasada de tiempos",
    "throughput": "ritmo de cálculo",
    "turning_point": "mínimo de la pérdida de validación",
}
FIELDS = {
    "difference": "diferencia",
    "relative": "diferencia relativa",
    "low": "desde",
    "high": "hasta",
    "value": "valor",
    "reference_value": "referencia",
    "p_value": "p",
    "p_adjusted": "p corregido",
    "verdict": "veredicto",
    "epoch": "época",
    "rise": "subida",
    "last": "último",
    "precision": "precisión",
    "recall": "exhaustividad",
    "f1": "F1",
    "support": "imágenes",
    "name": "nombre",
    "kind": "tipo",
    "output_shape": "salida",
    "parameters": "parámetros",
    "truth": "verdadera",
    "predicted": "predicha",
    "count": "veces",
    "rounds": "rondas",
    "images": "imágenes",
    "threads": "hilos",
    "spread": "variación",
    "load": "carga ajena",
    "image_seconds": "segundos por imagen",
    "gflop": "GFLOP por imagen",
    "gflops": "GFLOP/s",
    "peak_gflops": "GFLOP/s del producto de matrices",
    "share": "parte del máximo",
    "mean": "media",
    "std": "desviación típica",
    "least": "mínimo",
    "greatest": "máximo",
    "n": "semillas",
}
# As the analysis records them.
TESTS = (
    "McNemar exacta",
    "t pareada",
    "t pareada por semillas",
    "t pareada por semillas y por imágenes",
    "t pareada por semillas y por casos",
    "prueba de los signos",
    "semillas (intervalo t)",
    "intervalo de Wilson",
    "intervalo de remuestreo",
    "intervalo de Welch",
    "remuestreo de las rondas",
)
# What the templates count themselves, by the name they give it.
COUNTED = {
    "count of Conv2D in model.layers": "capas convolucionales",
    "count of MaxPooling2D in model.layers": "capas de max-pooling",
    "count of Dense in model.layers": "capas densas",
    "count of values.ways": "maneras que se probaron",
    "count of repetitions": "entrenamientos con otras semillas",
    "1 / count of data.class_names": "exactitud de acertar al azar",
    "ceil(data.train_images / parameters.batch_size)": "actualizaciones por época",
    "filters.npz first_kernel filters": "filtros de la primera capa",
    "filters.npz first_kernel shape": "forma de los pesos de la primera capa",
    "filters.npz first_kernel grey energy share over one half": "filtros que miran sobre todo la luz",
    "filters.npz first_kernel grey energy share up to one half": "filtros que miran sobre todo el color",
    "filters.npz first_kernel least largest weight": "menor peso máximo de un filtro de la primera capa",
    "filters.npz first_kernel largest weight": "mayor peso máximo de un filtro de la primera capa",
    "filters.npz last_conv_kernel filters": "filtros de la última convolución",
    "filters.npz last_conv_kernel shape": "forma de los pesos de la última convolución",
    "filters.npz last_conv_kernel input channels": "canales de entrada de la última convolución",
    "filters.npz dense_kernel shape": "forma de los pesos de la última capa densa",
    "maps.npz first_maps filters": "mapas de la primera capa",
    "maps.npz first_maps with little spread": "mapas casi uniformes de la primera capa",
    "maps.npz last_maps filters": "mapas de la última convolución",
    "maps.npz last_maps side": "lado de los mapas de la última convolución",
    "maps.npz last_maps with little spread": "mapas casi uniformes de la última convolución",
    "maps.npz image side": "lado de la imagen de muestra",
    "seeds.search.budget_seconds": "límite de tiempo para añadir semillas",
}
PARAMETERS = {
    "batch_size": "tamaño de lote",
    "filters_scale": "factor de los filtros",
    "epochs": "épocas",
    "learning_rate": "tasa de aprendizaje",
}
SIGNS = {"-": MINUS, "*": "\N{MULTIPLICATION SIGN}", "/": "\N{DIVISION SIGN}", "+": "+"}
INDEX = re.compile(r"\.\d+$")
CONFUSED = re.compile(r"largest_confusions\.(\d+)")
PARAMETER = re.compile(r"parameters\.(\w+)")
CALL = re.compile(r"(\w+)\((.*)\)")
EVALUATION = re.compile(r"evaluation\.(\w+)\.(\w+)")
EPOCH = re.compile(r"epochs\.(-?\d+)\.(train|validation)_(\w+)")
TERM = re.compile(r"(?P<variant>[a-z0-9][a-z0-9~ -]*):(?P<metric>[\w.]+(?:-\d+[\w.]*)?(?:\([^()]*\))?[\w.]*)")


def metric_words(metric: str, label: Callable[[str], str] = str) -> str:
    """A metric in words; a formula with its terms in words; the metric itself if there are none.

    ``label`` gives what a variant is called.
    """
    if metric.startswith("("):
        return _formula(metric, label)
    if (known := INDEX.sub("", metric)) in WORDS:
        return tr(WORDS[known])
    if metric in COUNTED:
        return tr(COUNTED[metric])
    if found := CONFUSED.fullmatch(metric):
        return tr("confusión más frecuente, puesto {n}", n=int(found[1]) + 1)
    if found := PARAMETER.fullmatch(metric):
        return tr(PARAMETERS[found[1]]) if found[1] in PARAMETERS else metric
    if found := EVALUATION.fullmatch(metric):
        return _of(found[2], found[1])
    if found := EPOCH.fullmatch(metric):
        place = tr("última época") if found[1] == "-1" else tr("época {n}", n=int(found[1]) + 1)
        return f"{_of(found[3], found[2])}, {place}"
    if found := CALL.fullmatch(metric):
        return _called(found[1], [each.strip() for each in found[2].split(",")]) or metric
    return metric


def field_words(field: str, metric: str) -> str:
    """A part of a claim in words; empty if there are none."""
    if field in FIELDS:
        return tr(FIELDS[field])
    whole = f"{metric}.{field}"
    words = metric_words(whole)
    return "" if words == whole else words


def _called(function: str, arguments: list[str]) -> str:
    if function in ("compare", "compare_seeds") and len(arguments) == 4:
        return tr("diferencia de {measure}", measure=_of(arguments[3], arguments[2]))
    if function in ("accuracy_interval", "loss_interval") and arguments[0] in SPLITS:
        return _of("accuracy" if function == "accuracy_interval" else "cross_entropy", arguments[0])
    if function in ("gap", "gap_seeds") and len(arguments) == 2:
        first, second = (_of("cross_entropy", split) for split in arguments)
        return tr("{first} menos {second}", first=first, second=second)
    if function == "per_class":
        return tr("clase «{name}» en test", name=tr(arguments[0]))
    return ""


def _of(measure: str, split: str) -> str:
    what, where = tr(MEASURES.get(measure, measure)), tr(SPLITS.get(split, split))
    return tr("{measure} de {split}", measure=what, split=where)


def _formula(formula: str, label: Callable[[str], str]) -> str:
    """``(a:x - b:y)`` as «x (a) − y (b)», the outermost brackets left out."""

    def term(found: re.Match[str]) -> str:
        head, _, tail = found["metric"].rpartition(".")
        words = metric_words(found["metric"])
        if words == found["metric"] and tail in FIELDS:
            words = f"{metric_words(head)}, {tr(FIELDS[tail])}"
        first = dict.fromkeys(origin(name) for name in found["variant"].split())  # one name for all its seeds
        names = tr(" y ").join(map(label, first))
        return f"{words} ({names})"

    inside = formula[1:-1].replace("abs ", tr("valor absoluto de "), 1).replace("sum ", tr("suma de "), 1)
    signs = re.sub(r" ([-*/+]) ", lambda sign: f" {SIGNS[sign[1]]} ", inside)
    return TERM.sub(term, signs)
