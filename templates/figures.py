"""Which figures this practice's report has, drawn from a study, with their alternative texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.analysis import over_seeds, pictures, readings
from runner.analysis.classification import confusion, largest_confusions
from runner.analysis.intervals import split_predictions
from runner.analysis.turning_point import turning_point
from runner.errors import RunnerError
from runner.figures.drawn import Draw, DrawnFigure
from runner.figures.style import number
from runner.language.i18n import tr
from runner.practice.figures import alt_text, curves, grids, networks, overview
from runner.practice.figures.bands import histories
from runner.practice.figures.colours import colour_of
from runner.practice.figures.titles import title
from runner.results.study import Study

BEST, ANALYSIS = "best", "best-model"
DIMENSIONS = {
    "first_kernel": 4, "base_kernel": 4, "second_kernel": 4, "last_conv_kernel": 4, "dense_kernel": 2,
    "image": 3, "first_maps": 3, "last_maps": 3, "mistaken": 4, "reconstructed": 5,
}  # fmt: skip
FILTERS_FILE, MAPS_FILE, IMAGES_FILE = "filters.npz", "maps.npz", "mistakes.npz"
RESOLUTION, RESOLUTION_FILE = "resolution", "reconstruction.npz"
MAIN = ("batch-256", "filters-x2", "layers-x2")  # on the summary's page, between the baseline and the best


def _curves(name: str | None) -> Draw:
    def draw(study: Study) -> DrawnFigure:
        finished = study.get(name or study.baseline)
        variant = finished.result.variant
        label, reading = study.info(variant).label, readings.overfitting(study, variant)
        epochs, *others = histories(study, variant)
        figure = curves.curves(epochs, "", others, colour_of(variant))  # the caption says which variant it is
        lowest = number(turning_point(epochs).epoch, 0)
        title(figure, "figures", "curves", reading.facts, epoch=lowest)
        return DrawnFigure(figure, alt_text.curves(epochs, label, others))

    return draw


def _batch_curves(study: Study) -> DrawnFigure:
    reading = readings.batches(study)
    return DrawnFigure(curves.batch_curves(study, reading), alt_text.batch_curves(study, reading))


def _batch_differences(study: Study) -> DrawnFigure:
    reading = readings.batches(study)
    return DrawnFigure(curves.batch_differences(study, reading), alt_text.batch_differences(reading))


def _networks(study: Study) -> DrawnFigure:
    reference = study.reference(10, "filters")
    study.get(reference)  # one that is missing leaves out the figure, whatever plan this is
    names = _some(study, ("filters-x2", "layers-x2"))
    return DrawnFigure(curves.networks(study, names, reference), alt_text.networks(study, names, reference))


def _overview(study: Study) -> DrawnFigure:
    names = _some(study, (study.baseline, *MAIN, BEST))
    figure = title(overview.overview(study, names), "figures", "overview", _best_verdict(study))
    return DrawnFigure(figure, overview.overview_words(study, names))


def _best_verdict(study: Study) -> readings.Facts:
    """What question 12 says of the best model against the base on the test set."""
    if not (study.has(BEST) and study.has(study.baseline)):
        return {"best": "unknown"}
    (found,) = over_seeds.compared(study, (BEST,), study.baseline, "test", "accuracy")
    return {"best": found.verdict}


def _network(name: str | None) -> Draw:
    def draw(study: Study) -> DrawnFigure:
        finished = study.get(name or study.baseline)
        fixed = ("conv0",) if finished.result.parameters.get("stem") == "whitening" else ()
        layers = finished.training.model.layers
        figure = title(networks.network(layers, fixed), "figures", "network", pictures.parameters(layers))
        return DrawnFigure(figure, networks.network_words(layers))

    return draw


def _some(study: Study, names: Sequence[str]) -> Sequence[str]:
    """Those that are finished; raises MissingVariant if none is."""
    available = study.available(names)
    if not available:
        study.get(names[0])
    return available


def _confusion(study: Study) -> DrawnFigure:
    finished = study.get(BEST)
    test, names = split_predictions(finished, "test"), finished.training.data.class_names
    counts = confusion(test.labels, test.predicted, len(names))
    figure, (most,) = curves.confusion_matrix(counts, names), largest_confusions(counts, names, 1)
    wrong = {"truth": tr(most.truth), "predicted": tr(most.predicted)}
    title(figure, "figures", "confusion", pictures.mistakes(counts), **wrong)
    return DrawnFigure(figure, alt_text.confusion(counts, names))


def _first_filters(study: Study) -> DrawnFigure:
    kernel, layer = _kernel(study, "first_kernel"), _value(study, "first_layer")
    figure = title(grids.colour_kernels(kernel, 12), "figures", "colours", pictures.colours(kernel))
    return DrawnFigure(figure, alt_text.kernels(kernel, layer), False)


def _base_filters(study: Study) -> DrawnFigure:
    kernel, layer = _kernel(study, "base_kernel"), _value(study, "base_layer")
    figure = title(grids.colour_kernels(kernel, 16), "figures", "colours", pictures.colours(kernel))
    return DrawnFigure(figure, alt_text.kernels(kernel, layer), False)


def _second_filters(study: Study) -> DrawnFigure:
    return _mean_filters(_kernel(study, "second_kernel"), _value(study, "second_layer"))


def _last_filters(study: Study) -> DrawnFigure:
    return _mean_filters(_kernel(study, "last_conv_kernel"), _value(study, "last_conv_layer"))


def _mean_filters(kernel: np.ndarray, layer: str) -> DrawnFigure:
    figure = title(grids.mean_kernels(kernel), "figures", "window", pictures.window(kernel))
    return DrawnFigure(figure, alt_text.kernels(kernel, layer), False)


def _mistakes(study: Study) -> DrawnFigure:
    images, found = _array(study, IMAGES_FILE, "mistaken"), study.get(ANALYSIS).values["mistakes"]
    certainty = pictures.certainty([float(each["probability"]) for each in found])
    figure = title(curves.mistaken_images(images, found), "figures", "mistakes", certainty)
    return DrawnFigure(figure, alt_text.mistakes(found), False)


def _reconstructed(study: Study) -> DrawnFigure:
    images = _array(study, RESOLUTION_FILE, "reconstructed", RESOLUTION)
    found = map(str, study.get(RESOLUTION).values["reconstruction"])
    titles = ["\n".join(tr(line) for line in title.splitlines()) for title in found]
    closest = pictures.closest(images)
    facts, name = {"closest": readings.yes(closest)}, titles[closest or 0].partition("\n")[0]
    figure = title(grids.picture_rows(images, titles), "figures", "reconstruction", facts, name=name)
    return DrawnFigure(figure, alt_text.reconstruction(titles), False)


def _sample(study: Study) -> DrawnFigure:
    label = _value(study, "sample_label")
    figure = grids.sample_image(_array(study, MAPS_FILE, "image"), label)
    index = int(_value(study, "sample_index"))
    return DrawnFigure(figure, alt_text.sample_image(label, index), False)


def _feature_maps(array: str, layer: str) -> Draw:
    def draw(study: Study) -> DrawnFigure:
        maps = _array(study, MAPS_FILE, array)
        alt = alt_text.feature_maps(maps, _value(study, layer))
        figure = title(grids.feature_maps(maps), "figures", "maps", pictures.blanks(maps))
        return DrawnFigure(figure, alt, False)

    return draw


def _kernel(study: Study, name: str) -> np.ndarray:
    return _array(study, FILTERS_FILE, name)


def _array(study: Study, file: str, name: str, notebook: str = ANALYSIS) -> np.ndarray:
    finished = study.get(notebook)
    array: np.ndarray = finished.arrays(file)[name]
    numbers = array.dtype.kind in "iuf" and array.ndim == DIMENSIONS[name] and array.size > 0
    if not numbers or not np.isfinite(array).all():
        problem = f"array '{name}' is not {DIMENSIONS[name]} dimensions of finite numbers"
        raise RunnerError(problem, where=str(finished.folder / file))
    return array


def _value(study: Study, name: str) -> str:
    finished = study.get(ANALYSIS)
    return str(finished.values[name])


DRAWS: dict[str, Draw] = {
    "fig-curvas": _curves(None),
    "fig-lotes": _batch_curves,
    "fig-lotes-diferencias": _batch_differences,
    "fig-redes": _networks,
    "fig-resumen": _overview,
    "fig-red-base": _network(None),
    "fig-red-mejor": _network(BEST),
    "fig-curvas-mejor": _curves(BEST),
    "fig-confusion": _confusion,
    "fig-filtros-primera": _first_filters,
    "fig-filtros-ultima": _last_filters,
    "fig-filtros-base": _base_filters,
    "fig-filtros-segunda": _second_filters,
    "fig-fallos": _mistakes,
    "fig-reconstruccion": _reconstructed,
    "fig-imagen": _sample,
    "fig-mapas-primera": _feature_maps("first_maps", "first_layer"),
    "fig-mapas-ultima": _feature_maps("last_maps", "last_conv_layer"),
}
