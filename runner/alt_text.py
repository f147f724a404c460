"""Alternative texts of the figures, in Spanish, made from the data that they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.analysis import split_accuracy, turning_point
from runner.classification import largest_confusions
from runner.figure_style import number
from runner.results import Epoch
from runner.study import Study
from runner.timing import epoch_seconds


def curves(epochs: Sequence[Epoch], label: str) -> str:
    """Where both losses begin and end, where validation turns, and the final gap."""
    first, last = epochs[0], epochs[-1]
    turn = turning_point(epochs)
    gap = last.validation_cross_entropy - last.train_cross_entropy
    if turn.turned:
        course = (
            f"la de validación llega a su mínimo, {number(turn.value, 3)}, en la época {turn.epoch} y "
            f"termina en {number(turn.last, 3)}"
        )
    else:
        course = f"la de validación baja hasta la última época, donde vale {number(turn.last, 3)}"
    return (
        f"Curvas de {label} en {len(epochs)} épocas. La pérdida de entrenamiento va de "
        f"{number(first.train_cross_entropy, 3)} a {number(last.train_cross_entropy, 3)}; {course}. "
        f"Diferencia final entre validación y entrenamiento: {number(gap, 3)}. La exactitud de "
        f"validación va de {percent(first.validation_accuracy)} a {percent(last.validation_accuracy)}."
    )


def batch_sizes(study: Study, names: Sequence[str]) -> str:
    """Final losses and seconds of each batch size."""
    parts = []
    for name in names:
        training = study.get(name).training
        parts.append(
            f"lotes de {study.get(name).result.parameters['batch_size']}: "
            f"{number(training.evaluation.train.cross_entropy, 3)}, "
            f"{number(training.evaluation.validation.cross_entropy, 3)} y "
            f"{number(epoch_seconds(study, name), 1)} s"
        )
    return (
        "Curvas de pérdida por tamaño de lote; debajo, pérdida final de entrenamiento, de validación y "
        "segundos por época. " + "; ".join(parts) + "."
    )


def effect(study: Study, name: str, reference: str) -> str:
    """Final losses and seconds of a variant and its reference."""
    parts = []
    for each in (reference, name):
        training = study.get(each).training
        parts.append(
            f"{study.info(each).label}: pérdida final de entrenamiento "
            f"{number(training.evaluation.train.cross_entropy, 3)}, de validación "
            f"{number(training.evaluation.validation.cross_entropy, 3)}, "
            f"{number(epoch_seconds(study, each), 1)} s por época"
        )
    return "Curvas de pérdida de dos variantes y barras de tiempo. " + "; ".join(parts) + "."


def candidates(study: Study, names: Sequence[str]) -> str:
    """Accuracies on validation, the highest first."""
    found = [(split_accuracy(study.get(name), "validation").value, study.info(name).label) for name in names]
    listed = "; ".join(f"{label}, {percent(value)}" for value, label in sorted(found, reverse=True))
    return f"Exactitud de validación de cada candidato, de mayor a menor: {listed}."


def confusion(counts: np.ndarray, names: Sequence[str]) -> str:
    """Hits in all, the best and the worst class, and the largest confusions of counts (n, n)."""
    recall = np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    best, worst = int(recall.argmax()), int(recall.argmin())
    pairs = "; ".join(
        f"{c.truth} tomado por {c.predicted}, {c.count} veces" for c in largest_confusions(counts, names, 3)
    )
    return (
        f"Matriz de confusión de {number(int(counts.sum()), 0)} imágenes: "
        f"{number(int(np.trace(counts)), 0)} aciertos. La clase mejor reconocida es {names[best]} "
        f"({percent(recall[best])}) y la peor, {names[worst]} ({percent(recall[worst])}). Confusiones más "
        f"frecuentes: {pairs}."
    )


def kernels(kernel: np.ndarray, layer: str) -> str:
    """Shape and range of the weights (k, k, channels, filters)."""
    size, _, channels, filters = kernel.shape
    return (
        f"Los {filters} filtros de la capa {layer}, de {size} por {size} con {channels} canales cada uno; "
        f"los pesos van de {number(float(kernel.min()))} a {number(float(kernel.max()))}."
    )


def dense_weights(kernel: np.ndarray, class_names: Sequence[str]) -> str:
    """Shape and range of the weights (features, classes)."""
    return (
        f"Pesos de la última capa densa: {kernel.shape[0]} características por {len(class_names)} clases, de "
        f"{number(float(kernel.min()))} a {number(float(kernel.max()))}."
    )


def feature_maps(maps: np.ndarray, layer: str) -> str:
    """Shape of the outputs (h, w, filters) and how many filters stay dark."""
    height, width, filters = maps.shape
    peaks = maps.max(axis=(0, 1))
    quiet = int((peaks < 0.1 * maps.max()).sum())
    return (
        f"Salidas de los {filters} filtros de la capa {layer} para la imagen de muestra, de {height} por "
        f"{width} cada una; {quiet} filtros no pasan de la décima parte de la activación máxima, "
        f"{number(float(maps.max()))}."
    )


def sample_image(title: str, index: int) -> str:
    """What the sample is."""
    return f"Imagen de muestra: la número {index} del conjunto de test, de la clase {title}."


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{number(100 * float(share), 1)} %"
