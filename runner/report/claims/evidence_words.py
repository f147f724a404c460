"""What a metric is called in the map of evidence, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runner.language.i18n import MINUS, tr
from runner.plan.records import origin
from runner.report.claims.metric import Formula, Metric, Term

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
    "parameters.widths": "filtros de cada bloque",
    "evaluation": "evaluación con los pesos finales",
    "best": "evaluación con los pesos de la mejor época",
    "best.epoch": "mejor época",
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
    "precision": "precisión del entrenamiento",
    "precision.gain": "velocidad en bfloat16 entre la de float32",
    "values": "salida del cuaderno",
    "values.ways": "una de las soluciones",
    "values.naive_sizes": "tamaños de la red sin arreglo",
    "values.fit_orders": "orden de las imágenes en una época de fit(shuffle=True)",
    "values.second_layer": "primera capa entrenada",
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
    "margin": "margen",
    "needed": "semillas que hacen falta",
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
    "resamples": "remuestreos",
    "size": "margen",
}
# As the analysis records them.
TESTS = (
    "McNemar exacta",
    "t pareada",
    "permutación de signos por semillas",
    "permutación de signos por semillas y t por imágenes",
    "permutación de signos por semillas y t por casos",
    "prueba de los signos",
    "semillas (intervalo t)",
    "intervalo de Wilson",
    "intervalo de Newcombe",
    "intervalo de remuestreo",
    "intervalo de Welch",
    "remuestreo de las rondas",
)
# What the templates count themselves, by the name they give it.
COUNTED = {
    "count of Conv2D in model.layers": "capas convolucionales",
    "count of MaxPooling2D in model.layers": "capas de max-pooling",
    "count of Dense in model.layers": "capas densas",
    "count of values.ways": "soluciones que se probaron",
    "count of reductions in values.naive_sizes": "reducciones del enunciado",
    "count of enlargements in values.naive_sizes": "ampliaciones del enunciado",
    "share of Dense in model.parameters": "parte de los parámetros en las capas densas",
    "weights of a dense layer on model.layers": "parámetros de una capa densa sobre los mapas aplanados",
    "count of repetitions": "entrenamientos con otras semillas",
    "1 / count of data.class_names": "exactitud de acertar al azar",
    "ceil(data.train_images / parameters.batch_size)": "actualizaciones por época",
    "filters.npz first_kernel filters": "filtros de la primera capa",
    "filters.npz first_kernel shape": "forma de los pesos de la primera capa",
    "filters.npz first_kernel grey energy share over one half": "filtros que miran sobre todo la luz",
    "filters.npz first_kernel grey energy share up to one half": "filtros que miran sobre todo el color",
    "filters.npz first_kernel uniform energy share over one half": "filtros que miran la claridad",
    "filters.npz last_conv_kernel filters": "filtros de la última convolución",
    "filters.npz last_conv_kernel shape": "forma de los pesos de la última convolución",
    "filters.npz last_conv_kernel input channels": "canales de entrada de la última convolución",
    "filters.npz dense_kernel shape": "forma de los pesos de la última capa densa",
    "maps.npz first_maps filters": "mapas de la primera capa",
    "maps.npz first_maps blank": "mapas en blanco de la primera capa",
    "maps.npz last_maps filters": "mapas de la última convolución",
    "maps.npz last_maps side": "lado de los mapas de la última convolución",
    "maps.npz last_maps with little spread": "mapas casi uniformes de la última convolución",
    "maps.npz image side": "lado de la imagen de muestra",
    "seeds.search.budget_seconds": "límite de tiempo para añadir semillas",
    "margins.accuracy": "margen de la exactitud",
    "margins.cross_entropy": "margen de la pérdida",
    "count of seeds that a test needs": "semillas que hacen falta",
}
PARAMETERS = {
    "batch_size": "tamaño de lote",
    "filters_scale": "factor de los filtros",
    "epochs": "épocas",
    "learning_rate": "tasa de aprendizaje",
}
SIGNS = {"-": MINUS, "*": "\N{MULTIPLICATION SIGN}", "/": "\N{DIVISION SIGN}", "+": "+"}


def metric_words(metric: Metric | Formula, label: Callable[[str], str] = str) -> str:
    """A metric in words, or a formula with its terms in words; empty if there are none.

    ``label`` gives what a variant is called.
    """
    if isinstance(metric, Formula):
        return _formula(metric, label)
    if not metric.arguments:
        return _at((*metric.path, *metric.field))
    return "" if metric.field else _called(*metric.path, *metric.arguments)


def field_words(metric: Metric | Formula) -> str:
    """The field of a metric in words; empty if there are none."""
    name = ".".join(metric.field)
    return tr(FIELDS[name]) if name in FIELDS else metric_words(metric)


def _at(path: tuple[str, ...]) -> str:
    known = ".".join(path[:-1] if path[-1].isdecimal() else path)
    if words := WORDS.get(known) or COUNTED.get(".".join(path)):
        return tr(words)
    match path:
        case ("largest_confusions", place) if place.isdecimal():
            return tr("confusión más frecuente, puesto {n}", n=int(place) + 1)
        case ("parameters", name) if name in PARAMETERS:
            return tr(PARAMETERS[name])
        case ("evaluation", split, measure):
            return _of(measure, split)
        case ("best", split, measure):
            return tr("{measure} en la mejor época", measure=_of(measure, split))
        case ("epochs", "-1", value):
            return _of_epoch(value, tr("última época"))
        case ("epochs", epoch, value) if epoch.isdecimal():
            return _of_epoch(value, tr("época {n}", n=int(epoch) + 1))
    return ""


def _of_epoch(value: str, epoch: str) -> str:
    split, _, measure = value.partition("_")
    return f"{_of(measure, split)}, {epoch}" if split in SPLITS and measure else ""


def _called(function: str, *arguments: str) -> str:
    match (function, *arguments):
        case ("compare" | "compare_seeds", _, _, split, measure):
            return tr("diferencia de {measure}", measure=_of(measure, split))
        case ("compare" | "compare_seeds", _, _, split, measure, "best"):
            return tr("diferencia de {measure} en la mejor época", measure=_of(measure, split))
        case ("last_against_best", split, measure):
            return tr("{measure}, última época menos la mejor", measure=_of(measure, split))
        case ("accuracy_interval", split):
            return _of("accuracy", split)
        case ("loss_interval", split):
            return _of("cross_entropy", split)
        case ("gap" | "gap_seeds" | "accuracy_gap", *splits):
            measure = "accuracy" if function == "accuracy_gap" else "cross_entropy"
            first, second = (_of(measure, split) for split in splits)
            return tr("{first} menos {second}", first=first, second=second)
        case ("accuracy_gap", *splits):
            first, second = (_of("accuracy", split) for split in splits)
            return tr("{first} menos {second}", first=first, second=second)
        case ("recall", name):
            return tr("exhaustividad de «{name}» en test", name=tr(name))
        case ("per_class", name):
            return tr("clase «{name}» en test", name=tr(name))
    return ""


def _of(measure: str, split: str) -> str:
    what, where = tr(MEASURES.get(measure, measure)), tr(SPLITS.get(split, split))
    return tr("{measure} de {split}", measure=what, split=where)


def _formula(formula: Formula, label: Callable[[str], str]) -> str:
    """``(a:x - b:y)`` as «x (a) − y (b)», the outermost brackets left out."""
    operands = [_operand(each, label) for each in formula.operands]
    match formula.sign:
        case "abs":
            return tr("valor absoluto de ") + operands[0]
        case "sum":
            return tr("suma de ") + operands[0]
    return f" {SIGNS[formula.sign]} ".join(operands)


def _operand(operand: Term | Formula | Metric | str, label: Callable[[str], str]) -> str:
    match operand:
        case Formula():
            return f"({_formula(operand, label)})"
        case Term(variant, metric):
            first = dict.fromkeys(origin(name) for name in variant.split())  # one name for all its seeds
            return f"{_in_full(metric)} ({tr(' y ').join(map(label, first))})"
        case Metric():
            return _in_full(operand)
    return operand


def _in_full(metric: Metric) -> str:
    """A metric with its field in words; as it is if there are none."""
    if words := metric_words(metric):
        return words
    if metric.field and metric.field[-1] in FIELDS:
        record = replace(metric, field=metric.field[:-1])
        return f"{metric_words(record) or record}, {tr(FIELDS[metric.field[-1]])}"
    return str(metric)
