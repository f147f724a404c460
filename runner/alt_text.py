"""Alternative texts of the figures, in Spanish, made from the data that they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.analysis import turning_point
from runner.classification import largest_confusions
from runner.figure_bands import Histories, values
from runner.figure_style import number
from runner.results import Epoch
from runner.seed_statistics import compare, paired_runs, validation_accuracy
from runner.study import Study
from runner.timing import epoch_seconds, ratio


def curves(epochs: Sequence[Epoch], label: str, others: Histories = ()) -> str:
    """Where both losses begin and end, where validation turns, and the final gap.

    ``others`` are the curves of the other seeds, of which the last values are said.
    """
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
        f"Curvas de «{label}» en {_count(len(epochs), 'época')}. La pérdida de entrenamiento va de "
        f"{number(first.train_cross_entropy, 3)} a {number(last.train_cross_entropy, 3)}; {course}. "
        f"{_crossing(epochs)} "
        f"Diferencia final entre validación y entrenamiento: {number(gap, 3)}. La exactitud de "
        f"validación va de {percent(first.validation_accuracy)} a {percent(last.validation_accuracy)}."
        + _band((epochs, *others))
    )


def _band(runs: Histories) -> str:
    """Between which values the seeds end."""
    if len(runs) < 2:
        return ""
    last = values(runs, "validation_cross_entropy")[:, -1]
    return (
        f" Con {_count(len(runs), 'semilla')}, la pérdida de validación acaba entre "
        f"{number(float(last.min()), 3)} y {number(float(last.max()), 3)}: es el ancho de la banda."
    )


def _crossing(epochs: Sequence[Epoch]) -> str:
    """From which epoch on the validation loss stays above that of training."""
    above = [e.validation_cross_entropy > e.train_cross_entropy for e in epochs]
    if not above[-1]:
        return "Al terminar, la de validación no supera la de entrenamiento."
    if all(above):
        return "La de validación supera siempre la de entrenamiento."
    start = len(above) - above[::-1].index(False)  # the first of the last unbroken stretch
    return f"Las dos se cruzan: desde la época {epochs[start].epoch}, la de validación queda por encima."


def batch_sizes(study: Study, names: Sequence[str]) -> str:
    """Final losses and seconds of each batch size, and what they are against the baseline's."""
    reference = study.baseline if study.baseline in names else names[0]
    parts = []
    for name in names:
        part = (
            f"lotes de {study.get(name).result.parameters['batch_size']}: "
            f"{_loss(study, name, 'train')}, {_loss(study, name, 'validation')} y "
            f"{number(epoch_seconds(study, name), 1)} s"
        )
        parts.append(part if name == reference else part + _against(study, name, reference))
    return (
        "Curvas de pérdida por tamaño de lote; debajo, pérdida final y tiempo por época respecto a "
        f"«{study.info(reference).label}». Pérdida final de entrenamiento, de validación y segundos por "
        "época: " + "; ".join(parts) + "."
    )


def _against(study: Study, name: str, reference: str) -> str:
    """The difference of the validation losses and the ratio of the times, with their intervals."""
    runs = paired_runs(study, name, reference)
    loss, time = compare(runs, "validation", "cross_entropy"), ratio(study, name, reference)
    return (
        f" (validación {number(loss.difference, 3)}, de {number(loss.low, 3)} a {number(loss.high, 3)}; "
        f"tiempo por {number(time.value)}, de {number(time.low)} a {number(time.high)})"
    )


def effect(study: Study, name: str, reference: str) -> str:
    """Final losses and seconds of a variant and its reference."""
    parts = []
    for each in (reference, name):
        parts.append(
            f"«{study.info(each).label}», pérdida final de entrenamiento "
            f"{_loss(study, each, 'train')}, de validación {_loss(study, each, 'validation')}, "
            f"{number(epoch_seconds(study, each), 1)} s por época"
        )
    return "Curvas de pérdida de dos variantes y barras de tiempo: " + "; ".join(parts) + "."


def _loss(study: Study, name: str, split: str) -> str:
    """The final loss, the mean over the seeds if there are several."""
    runs = [study.get(run).training.evaluation for run in study.runs(name)]
    found = number(sum(getattr(e, split).cross_entropy for e in runs) / len(runs), 3)
    return f"{found} (media de {len(runs)} semillas)" if len(runs) > 1 else found


def candidates(study: Study, names: Sequence[str]) -> str:
    """Accuracies on validation, the highest first."""
    found = [(validation_accuracy(study, name), study.info(name).label) for name in names]
    found.sort(key=lambda each: each[0].value, reverse=True)
    listed = "; ".join(
        f"{label}, {percent(accuracy.value)} (de {percent(accuracy.low)} a {percent(accuracy.high)})"
        for accuracy, label in found
    )
    return (
        f"Exactitud de validación de cada candidato, con su intervalo del 95 %, de mayor a menor: {listed}."
    )


def confusion(counts: np.ndarray, names: Sequence[str]) -> str:
    """Hits in all, the best and the worst class, and the largest confusions of counts (n, n)."""
    recall = np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    best, worst = int(recall.argmax()), int(recall.argmin())
    pairs = "; ".join(
        f"{c.truth} tomado por {c.predicted}, {_count(c.count, 'vez', 'veces')}"
        for c in largest_confusions(counts, names, 3)
        if c.count
    )
    return (
        f"Matriz de confusión de {_count(int(counts.sum()), 'imagen', 'imágenes')}: "
        f"{_count(int(np.trace(counts)), 'acierto')}. La clase mejor reconocida es {names[best]} "
        f"({percent(recall[best])}) y la peor, {names[worst]} ({percent(recall[worst])}). "
        + (f"Confusiones más frecuentes: {pairs}." if pairs else "No hay ninguna confusión.")
    )


def kernels(kernel: np.ndarray, layer: str) -> str:
    """Shape and range of the weights (k, k, channels, filters)."""
    size, _, channels, filters = kernel.shape
    return (
        f"Todos los filtros de la capa {layer}: {filters}, de {size} por {size} con "
        f"{_count(channels, 'canal', 'canales')} cada uno. Los pesos van de "
        f"{number(float(kernel.min()), 3)} a {number(float(kernel.max()), 3)}; su desviación típica es "
        f"{number(float(kernel.std()), 3)}."
    )


def dense_weights(kernel: np.ndarray, class_names: Sequence[str]) -> str:
    """Shape, range and largest weight of the weights (features, classes)."""
    feature, label = np.unravel_index(int(kernel.argmax()), kernel.shape)
    return (
        f"Pesos de la última capa densa: {kernel.shape[0]} características por {len(class_names)} clases, de "
        f"{number(float(kernel.min()), 3)} a {number(float(kernel.max()), 3)}; el mayor une la "
        f"característica {int(feature)} con la clase {class_names[int(label)]}."
    )


def feature_maps(maps: np.ndarray, layer: str) -> str:
    """Shape and range of the outputs (h, w, filters), the strongest filter, and how many stay weak."""
    height, width, filters = maps.shape
    peaks = maps.max(axis=(0, 1))
    quiet = int((peaks < 0.1 * maps.max()).sum())
    weak = "ninguno se queda" if not quiet else f"{quiet} se queda" if quiet == 1 else f"{quiet} se quedan"
    return (
        f"Salida de cada filtro de la capa {layer} para la imagen de muestra: {filters} mapas de {height} "
        f"por {width}, con valores de {number(float(maps.min()))} a {number(float(maps.max()))}. El máximo "
        f"es del filtro {int(peaks.argmax())}; {weak} por debajo de su décima parte."
    )


def sample_image(title: str, index: int) -> str:
    """What the sample is."""
    return f"Imagen de muestra: la número {index} del conjunto de test, de la clase {title}."


def _count(n: int, one: str, many: str = "") -> str:
    """A number of things, in the singular or the plural."""
    return f"{number(n, 0)} {one if n == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{number(100 * float(share), 1)} %"
