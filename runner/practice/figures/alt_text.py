"""Alternative texts of the figures, in the reader's language, made from the data that they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from runner.analysis.classification import largest_confusions
from runner.analysis.compare import Comparison
from runner.analysis.readings import Batches, Moves, doubled, loss_at
from runner.analysis.turning_point import turning_point
from runner.figures.style import number
from runner.language.i18n import percent_sign, tr, trn
from runner.practice.figures.bands import Histories, values
from runner.results.finished import WhichEpoch
from runner.results.records import Epoch
from runner.results.study import Study


def curves(epochs: Sequence[Epoch], label: str, others: Histories = ()) -> str:
    """Where both losses begin and end, where validation turns, and the final gap.

    ``others`` are the curves of the other seeds, of which the last values are said.
    """
    first, last = epochs[0], epochs[-1]
    turn = turning_point(epochs)
    gap = last.validation_cross_entropy - last.train_cross_entropy
    if turn.turned:
        course = tr(
            "la de validación llega a su mínimo, {least}, en la época {epoch} y termina en {end}",
            least=number(turn.value, 3),
            epoch=turn.epoch,
            end=number(turn.last, 3),
        )
    else:
        course = tr("la de validación baja hasta la última época, donde vale {end}", end=number(turn.last, 3))
    return tr(
        "Curvas de «{label}» en {epochs}. La pérdida de entrenamiento va de {first} a {last}; {course}. "
        "{crossing} Diferencia final entre validación y entrenamiento: {gap}. La exactitud de validación "
        "va de {low} a {high}.",
        label=label,
        epochs=trn("{n} época", "{n} épocas", len(epochs), n=number(len(epochs), 0)),
        first=number(first.train_cross_entropy, 3),
        last=number(last.train_cross_entropy, 3),
        course=course,
        crossing=_crossing(epochs),
        gap=number(gap, 3),
        low=percent(first.validation_accuracy),
        high=percent(last.validation_accuracy),
    ) + _band((epochs, *others))


def _band(runs: Histories) -> str:
    """Between which values the seeds end."""
    if len(runs) < 2:
        return ""
    last = values(runs, "validation_cross_entropy")[:, -1]
    return " " + tr(
        "Con {n} semillas, la pérdida de validación acaba entre {low} y {high}: es el ancho de la banda.",
        n=number(len(runs), 0),
        low=number(float(last.min()), 3),
        high=number(float(last.max()), 3),
    )


def _crossing(epochs: Sequence[Epoch]) -> str:
    """From which epoch on the validation loss stays above that of training."""
    above = [e.validation_cross_entropy > e.train_cross_entropy for e in epochs]
    if not above[-1]:
        return tr("Al terminar, la de validación no supera la de entrenamiento.")
    if all(above):
        return tr("La de validación supera siempre la de entrenamiento.")
    start = len(above) - above[::-1].index(False)  # the first of the last unbroken stretch
    return tr(
        "Las dos se cruzan: desde la época {epoch}, la de validación queda por encima.",
        epoch=epochs[start].epoch,
    )


def batch_curves(study: Study, reading: Batches) -> str:
    """Where the validation loss of each batch size is lowest, and where it ends."""
    parts = [
        tr(
            "lotes de {size}, mínimo {least} en la época {epoch} y final {end}",
            size=each.size,
            least=number(each.value, 3),
            epoch=each.epoch,
            end=_final(study, each.name),
        )
        for each in reading.lowest
    ]
    return tr(
        "Pérdidas de entrenamiento y de validación por época, una línea por tamaño de lote. "
        "Validación: {list}.",
        list="; ".join(parts),
    )


def _final(study: Study, name: str) -> str:
    """The final validation loss, the mean over the seeds if there are several."""
    found, n = number(loss_at(study, name, "last"), 3), len(study.runs(name))
    return tr("{value} (media de {n} semillas)", value=found, n=n) if n > 1 else found


def batch_differences(reading: Batches) -> str:
    """Each difference of the validation loss with its interval, at both epochs."""
    sizes = dict(reading.sizes)
    parts = [
        tr("lotes de {size}, {differences}", size=sizes[name], differences=_both(reading.losses, place))
        for place, name in enumerate(reading.others)
    ]
    return tr(
        "Pérdida y exactitud de validación de cada tamaño de lote menos las del modelo base, con intervalos "
        "del 95 %. Pérdida: {list}.",
        list="; ".join(parts) or tr("sin otros lotes"),
    )


def _both(moves: Mapping[WhichEpoch, Moves], place: int) -> str:
    return _differences({epoch: found.compared[place] for epoch, found in moves.items()})


def _differences(found: Mapping[WhichEpoch, Comparison]) -> str:
    """The differences at the last and at the best epoch with their intervals."""
    words = {
        "last": tr("última época {value} (de {low} a {high})"),
        "best": tr("mejor época {value} (de {low} a {high})"),
    }
    return ", ".join(
        words[epoch].format(value=number(c.difference, 3), low=number(c.low, 3), high=number(c.high, 3))
        for epoch, c in found.items()
    )


def networks(study: Study, names: Sequence[str], reference: str) -> str:
    """Minima and ends of the validation loss, and the differences of the larger networks."""
    found = [doubled(study, name, reference) for name in names]
    minima = [found[0].reference_lowest, *(each.lowest for each in found)]
    ends = [
        tr(
            "«{label}», mínimo {least} en la época {epoch} y final {end}",
            label=study.info(each.name).label,
            least=number(each.value, 3),
            epoch=each.epoch,
            end=_final(study, each.name),
        )
        for each in minima
    ]
    gains = [
        tr("«{label}», {differences}", label=study.info(each.name).label, differences=_differences(each.loss))
        for each in found
    ]
    return tr(
        "Pérdida de validación por época de cada red: {list}. Diferencias con «{label}»: {gains}.",
        list="; ".join(ends),
        label=study.info(reference).label,
        gains="; ".join(gains),
    )


def confusion(counts: np.ndarray, names: Sequence[str]) -> str:
    """Hits in all, the best and the worst class, and the largest confusions of counts (n, n)."""
    names = [tr(name) for name in names]
    recall = np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    best, worst = int(recall.argmax()), int(recall.argmin())
    pairs = "; ".join(
        _mistake(c.truth, c.predicted, c.count) for c in largest_confusions(counts, names, 3) if c.count
    )
    images, hits = int(counts.sum()), int(np.trace(counts))
    found = tr(
        "Matriz de confusión de {images}: {hits}. La clase mejor reconocida es {best} ({best_share}) y la "
        "peor, {worst} ({worst_share}).",
        images=trn("{n} imagen", "{n} imágenes", images, n=number(images, 0)),
        hits=trn("{n} acierto", "{n} aciertos", hits, n=number(hits, 0)),
        best=names[best],
        best_share=percent(recall[best]),
        worst=names[worst],
        worst_share=percent(recall[worst]),
    )
    if not pairs:
        return found + " " + tr("No hay ninguna confusión.")
    return found + " " + tr("Confusiones más frecuentes: {list}.", list=pairs)


def _mistake(truth: str, predicted: str, n: int) -> str:
    times = trn("{n} vez", "{n} veces", n, n=number(n, 0))
    return tr("{truth} tomado por {predicted}, {times}", truth=truth, predicted=predicted, times=times)


def kernels(kernel: np.ndarray, layer: str) -> str:
    """Shape and range of the weights (k, k, channels, filters)."""
    size, _, channels, filters = kernel.shape
    return tr(
        "Todos los filtros de la capa {layer}: {filters}, de {size} por {size} con {channels} cada uno. Los "
        "pesos van de {low} a {high}; su desviación típica es {deviation}.",
        layer=layer,
        filters=filters,
        size=size,
        channels=trn("{n} canal", "{n} canales", channels, n=number(channels, 0)),
        low=number(float(kernel.min()), 3),
        high=number(float(kernel.max()), 3),
        deviation=number(float(kernel.std()), 3),
    )


def feature_maps(maps: np.ndarray, layer: str) -> str:
    """Shape and range of the outputs (h, w, filters), the strongest filter, and how many stay weak."""
    height, width, filters = maps.shape
    peaks = maps.max(axis=(0, 1))
    quiet = int((peaks < 0.1 * maps.max()).sum())
    weak = trn("{n} se queda", "{n} se quedan", quiet, n=quiet) if quiet else tr("ninguno se queda")
    return tr(
        "Salida de cada filtro de la capa {layer} para la imagen de muestra: {filters} mapas de {height} por "
        "{width}, con valores de {low} a {high}. El máximo es del filtro {strongest}; {weak} por debajo de "
        "su décima parte.",
        layer=layer,
        filters=filters,
        height=height,
        width=width,
        low=number(float(maps.min())),
        high=number(float(maps.max())),
        strongest=int(peaks.argmax()),
        weak=weak,
    )


def sample_image(title: str, index: int) -> str:
    """What the sample is."""
    return tr(
        "Imagen de muestra: la número {index} del conjunto de test, de la clase {name}.",
        index=index,
        name=tr(title),
    )


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{number(100 * float(share), 1)}{percent_sign()}"


def mistakes(found: Sequence[Mapping[str, Any]]) -> str:
    """What each mistaken image is, and what it was taken for."""
    listed = "; ".join(
        tr(
            "{label}, tomada por {prediction} con probabilidad {probability}",
            label=tr(each["label"]),
            prediction=tr(each["prediction"]),
            probability=number(each["probability"], 2),
        )
        for each in found
    )
    return tr("Imágenes de test que el modelo confunde: {images}.", images=listed)


def reconstruction(titles: Sequence[str]) -> str:
    """Which pictures stand beside each other."""
    listed = "; ".join(" ".join(tr(title).split()) for title in titles)
    return tr("Dos imágenes de test y lo que queda de ellas tras bajar y subir: {columns}.", columns=listed)
