"""Figures and their alternative texts: legible, honest, in Spanish, and the same from the same results."""

from __future__ import annotations

import html
import itertools
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from runner import PROJECT_ROOT
from runner.analysis import pictures
from runner.errors import RunnerError
from runner.figures.own import own_draws
from runner.figures.style import (
    BLUE,
    FAMILIES,
    GREY,
    ORANGE,
    RULE,
    SIGNED_MAP,
    TickFormat,
    label_lines,
    save,
    use_style,
)
from runner.plan.variants import TEMPLATES
from runner.practice.figures import alt_text, curves, grids
from runner.results.records import Epoch
from runner.results.study import Study
from tests.made_up import History, Story, make_study

DRAWS = own_draws(TEMPLATES) or {}
SMALL = (240, 200)  # images of validation and test
CURVES = ("fig-curvas", "fig-lotes", "fig-lotes-diferencias", "fig-redes", "fig-resumen", "fig-curvas-mejor")
HISTORIES: tuple[History, ...] = ("overfitting", "stalled", "improving", "diverging")
ENGLISH = re.compile(
    r"\b(epoch|loss|accuracy|train|training|validation|batch|size|test set|weight|seconds)\b"
)


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    """The figures' style, and no figure left open."""
    mpl.use("agg")
    with mpl.rc_context():
        use_style()
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make_study(tmp_path_factory.mktemp("study"), Story(images=SMALL))


def shown(figure: Figure) -> list[Text]:
    """The texts that are really drawn: no hidden ones, no ticks beyond an axis's ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph, a layout that does not fit
        figure.canvas.draw()
    skipped: set[Text] = set()
    for axes in figure.findobj(Axes):
        assert isinstance(axes, Axes)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * max(1.0, high - low)
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                inside = low - slack <= tick.get_loc() <= high + slack
                if not (axes.axison and inside):
                    skipped |= {tick.label1, tick.label2}
    texts = [t for t in figure.findobj(Text) if isinstance(t, Text) and t not in skipped]
    return [t for t in texts if t.get_visible() and t.get_text().strip()]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of upright texts that touch."""
    boxes = [(t.get_text(), t.get_window_extent()) for t in shown(figure) if t.get_rotation() % 90 == 0]
    return [(a, b) for (a, p), (b, q) in itertools.combinations(boxes, 2) if p.overlaps(q)]


def crossed(figure: Figure) -> list[str]:
    """Texts inside an axis that one of its lines runs through; thin rules don't count."""
    figure.canvas.draw()
    found = []
    for axes in figure.findobj(Axes):
        assert isinstance(axes, Axes)
        drawn = [line for line in axes.lines if isinstance(line, Line2D) and line.get_linestyle() != "None"]
        lines = [line for line in drawn if line.get_color() != RULE]
        for text, line in itertools.product(axes.texts, lines):
            path = line.get_transform().transform_path(line.get_path())
            if path.intersects_bbox(text.get_window_extent(), filled=False):
                found.append(text.get_text())
    return found


@pytest.mark.parametrize("id", DRAWS)
def test_labels_neither_overlap_nor_leave_the_figure(study: Study, id: str) -> None:
    figure, alt, _ = DRAWS[id](study)
    assert overlaps(figure) == []
    texts = shown(figure)
    assert len(texts) > 1 or id == "fig-imagen"
    for text in texts:
        box = text.get_window_extent()
        assert figure.bbox.padded(1).containsx(box.x0), text
        assert figure.bbox.padded(1).containsx(box.x1), text
        assert figure.bbox.padded(1).containsy(box.y0), text
        assert figure.bbox.padded(1).containsy(box.y1), text
        assert not ENGLISH.search(text.get_text().lower())
        assert not re.search(r"\d\.\d\d?\b(?!\.)", text.get_text()), "a decimal point"
    assert alt.endswith(".")
    assert not ENGLISH.search(alt.lower())


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("profile", ["full", "smoke"])
def test_lines_run_through_no_label_whatever_the_curves(
    tmp_path: Path, history: History, profile: str
) -> None:
    made = make_study(tmp_path, Story(history=history, batches="smaller-loses", images=SMALL), profile)
    for id in CURVES:
        figure = DRAWS[id](made).figure
        assert crossed(figure) == [], id
        assert overlaps(figure) == [], id


def test_figures_of_few_results_are_drawn(tmp_path: Path) -> None:
    skipped = ("batch-4", "batch-16", "batch-128", "batch-256", "c-adam", "c-sgd", "c-rmsprop", "timing")
    made = make_study(tmp_path, Story(skipped=skipped, images=SMALL))
    for id in ("fig-lotes", "fig-lotes-diferencias", "fig-resumen", "fig-curvas"):
        assert overlaps(DRAWS[id](made).figure) == []


def test_one_epoch_is_enough_for_curves() -> None:
    figure = curves.curves(epochs([1.5], [1.4]), "una")
    assert overlaps(figure) == []


def test_names_of_lines_that_end_together_are_spread() -> None:
    figure, axis = plt.subplots()
    axis.plot([0, 1], [0, 1])
    label_lines(axis, [(1, 1, "primera", BLUE), (1, 1, "segunda", ORANGE), (1, 0.99, "tercera", GREY)])
    assert overlaps(figure) == []


def test_ticks_have_a_decimal_comma_and_as_many_decimals_each() -> None:
    assert TickFormat().format_ticks([0, 0.25, 0.5, 1]) == ["0,00", "0,25", "0,50", "1,00"]
    assert TickFormat().format_ticks([0, 500, 1000]) == ["0", "500", "1.000"]
    assert TickFormat().format_ticks([-0.5, -1e-17, 0.5]) == ["−0,5", "0,0", "0,5"]
    halves = curves.PercentFormat().format_ticks([0.7, 0.725, 0.75])
    assert halves == ["70,0\N{NO-BREAK SPACE}%", "72,5\N{NO-BREAK SPACE}%", "75,0\N{NO-BREAK SPACE}%"]


def lightness(colour: Sequence[float]) -> float:
    return float(np.dot(to_rgb(tuple(colour)), (0.2126, 0.7152, 0.0722)))


def test_grey_print_keeps_signs_and_lines_apart() -> None:
    steps = [lightness(SIGNED_MAP(v)[:3]) for v in np.linspace(0, 1, 64)]
    assert all(b > a for a, b in itertools.pairwise(steps))
    assert np.ptp(SIGNED_MAP(0.5)[:3]) < 0.02, "zero has no hue"
    assert abs(lightness(to_rgb(BLUE)) - lightness(to_rgb(ORANGE))) > 0.15


def squares(figure: Figure, colour: Sequence[float]) -> int:
    """Pixels of one colour in the pictures of a grid, one a row of tiles."""
    pictures = [np.asarray(image.get_array()) for image in figure.axes[0].images]
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    wanted = 255 * np.asarray(colour)
    return sum(int(np.isclose(picture, wanted, atol=1).all(axis=-1).sum()) for picture in pictures)


@pytest.mark.parametrize("shape", [(3, 3, 128, 128), (3, 3, 192, 192), (3, 3, 5, 7), (1, 1, 16, 12)])
def test_a_mosaic_shows_every_weight_once_at_one_size_and_one_scale(shape: tuple[int, ...]) -> None:
    kernel = np.random.default_rng(1).choice([-0.4, 0.1, 0.4], shape)
    kernel.flat[:2] = -0.4, 0.4
    figure = grids.kernel_mosaic(kernel)
    areas = set()
    for weight in (-0.4, 0.1, 0.4):
        pixels = squares(figure, SIGNED_MAP(Normalize(-0.4, 0.4)(weight))[:3])
        assert pixels or not (kernel == weight).any()
        assert pixels % max(1, int((kernel == weight).sum())) == 0
        areas |= {pixels // count for count in [int((kernel == weight).sum())] if count}
    assert len(areas) == 1
    assert round(next(iter(areas)) ** 0.5) ** 2 == next(iter(areas)), "weights are squares"
    assert [t.get_text() for t in figure.axes[0].texts] == [str(n) for n in range(shape[-1])]
    assert figure.get_figwidth() <= 6.31
    assert figure.get_figheight() <= 6.5, "a page has room for something beside it"


def test_a_colour_filter_has_mid_grey_for_zero_and_a_scale_of_its_own() -> None:
    kernel = np.zeros((3, 3, 3, 4))
    kernel[0, 0, 0, 0] = 2
    kernel[1, 1, :, 3] = -0.02
    figure = grids.colour_kernels(kernel)
    zeros, one = squares(figure, (0.5, 0.5, 0.5)), squares(figure, (1.0, 0.5, 0.5))
    assert zeros == 34 * one
    assert squares(figure, (0.0, 0.0, 0.0)) == one


def test_values_beyond_the_scale_are_announced() -> None:
    kernel = np.zeros((3, 3, 64, 64))
    kernel.flat[::3], kernel.flat[0] = 1, 90
    assert bar_ends(grids.kernel_mosaic(kernel)) == "max"


def test_maps_that_hardly_vary_are_blank() -> None:
    """Against the most varied of the layer; each of the others has a scale of its own."""
    maps = np.random.default_rng(2).uniform(-1, 1, (8, 8, 4))
    maps[..., 1] *= 0.01
    maps[..., 2] += 50
    assert pictures.blank_maps(maps).tolist() == [False, True, False, False]
    assert bar_ends(grids.feature_maps(maps)) == "neither"


def bar_ends(figure: Figure) -> str:
    return str(figure.axes[1]._colorbar.extend)  # type: ignore[attr-defined]


def test_maps_of_one_value_and_dead_layers_are_drawn() -> None:
    for figure in (
        grids.feature_maps(np.zeros((4, 4, 3))),
        grids.kernel_mosaic(np.zeros((3, 3, 2, 2))),
        grids.colour_kernels(np.zeros((3, 3, 3, 1))),
        grids.mean_kernels(np.zeros((3, 3, 2, 40))),
        curves.confusion_matrix(np.zeros((10, 10), int), [str(n) for n in range(10)]),
    ):
        assert overlaps(figure) == []


def test_counts_can_be_read_on_every_colour_of_the_matrix() -> None:
    counts = np.diag(np.linspace(0, 1000, 10).round().astype(int))
    counts[:, 0] = 1000 - counts.diagonal()
    figure = curves.confusion_matrix(counts, [str(n) for n in range(10)])
    picture = figure.axes[0].images[0]
    for text, count in zip(figure.axes[0].texts, counts.flat, strict=True):
        column, row = text.get_position()
        behind = lightness(picture.to_rgba(np.asarray(picture.get_array()))[int(row), int(column), :3])
        front = lightness(to_rgb(text.get_color()))
        light, dark = max(behind, front), min(behind, front)
        assert (light**2.2 + 0.05) / (dark**2.2 + 0.05) > 3, count


def test_the_same_results_give_the_same_bytes_and_real_text(study: Study, tmp_path: Path) -> None:
    written = []
    for turn in range(2):
        drawn = DRAWS["fig-curvas"](study)
        written.append(save(drawn.figure, tmp_path / str(turn)).read_bytes())
        grid = DRAWS["fig-filtros-primera"](study)
        written.append(save(grid.figure, tmp_path / str(turn), vector=False).read_bytes())
    assert written[:2] == written[2:]
    svg = written[0].decode()
    assert "entrenamiento</text>" in svg
    assert FAMILIES[0] in svg
    assert "dc:date" not in svg
    assert not list(tmp_path.glob(".*")), "no half-written file is left"


@pytest.mark.parametrize("vector", [True, False])
def test_a_letter_that_no_font_has_is_an_error_and_no_box(tmp_path: Path, vector: bool) -> None:
    """Wherever it stands in a figure; the figure that was there stays, and nothing half-written."""
    figure, axis = plt.subplots()
    old = save(figure, tmp_path / "fig-a", vector).read_bytes()
    axis.set_ylabel("peso 重")
    with pytest.raises(RunnerError, match=r"figure 'fig-a': the fonts have no 重 \(U\+91CD\)"):
        save(figure, tmp_path / "fig-a", vector)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [old]


def test_letters_of_the_other_fonts_are_drawn(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What the first typeface lacks comes from the program's others, without a word about weights."""
    figure, axis = plt.subplots()
    axis.set_title("∈ Ḿ ₿ Ж")
    save(figure, tmp_path / "fig-a", vector=False)
    assert capfd.readouterr() == ("", "")


def epochs(train: Sequence[float], validation: Sequence[float]) -> list[Epoch]:
    return [
        Epoch(
            epoch=number,
            learning_rate=0.001,
            train_loss=ours,
            train_cross_entropy=ours,
            train_accuracy=0.5,
            validation_loss=theirs,
            validation_cross_entropy=theirs,
            validation_accuracy=0.5,
            train_seconds=1.0,
            validation_seconds=0.1,
        )
        for number, (ours, theirs) in enumerate(zip(train, validation, strict=True), start=1)
    ]


@pytest.mark.parametrize(
    ("train", "validation", "says"),
    [
        ([1.5, 1.0, 0.5], [1.2, 1.1, 1.3], ["mínimo, 1,100, en la época 2", "desde la época 2", "0,800"]),
        ([1.5, 1.4, 1.3], [1.2, 1.1, 1.0], ["baja hasta la última época", "no supera", "−0,300"]),
        ([1.0, 0.9, 0.8], [1.2, 1.1, 1.0], ["supera siempre"]),
        ([1.0, 0.9, 0.8, 0.7], [1.1, 0.8, 0.7, 0.9], ["desde la época 4"]),
        ([1.0], [1.2], ["en 1 época.", "supera siempre"]),
    ],
)
def test_alt_text_of_curves_says_what_they_do(
    train: list[float], validation: list[float], says: list[str]
) -> None:
    text = alt_text.curves(epochs(train, validation), "modelo")
    for part in says:
        assert part in text


def test_alt_text_of_a_matrix_names_the_largest_confusions() -> None:
    counts = np.array([[8, 1, 1], [0, 10, 0], [5, 0, 5]])
    text = alt_text.confusion(counts, ("gato", "perro", "rana"))
    assert "30 imágenes: 23 aciertos" in text
    assert "rana tomado por gato, 5 veces; gato tomado por perro, 1 vez;" in text
    assert "perro (100,0\u00a0%) y la peor, rana (50,0\u00a0%)" in text
    assert "No hay ninguna confusión" in alt_text.confusion(np.eye(3, dtype=int), ("a", "b", "c"))


def test_alt_text_of_maps_counts_the_weak_ones() -> None:
    maps = np.ones((4, 4, 3))
    assert "ninguno se queda por debajo" in alt_text.feature_maps(maps, "conv1")
    maps[..., 1] = 0.05
    assert "1 se queda por debajo" in alt_text.feature_maps(maps, "conv1")
    maps[..., 2] = 0
    assert "2 se quedan por debajo" in alt_text.feature_maps(maps, "conv1")


@pytest.mark.parametrize(("name", "questions"), [("comparison", range(9, 13)), ("best_model", range(13, 19))])
def test_notebooks_answer_their_questions_under_headings(name: str, questions: range) -> None:
    notebook = json.loads((PROJECT_ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    prose = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"]
    found = [int(n) for text in prose for n in re.findall(r"^## Pregunta (\d+)\. \S", text, re.MULTILINE)]
    assert found == list(questions)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("label", [r"$\frac{$", "$x^2$ y 5 $", r"a\$b"])
@pytest.mark.parametrize("id", ["fig-redes", "fig-resumen"])
def test_labels_are_drawn_as_they_are_written(study: Study, id: str, label: str, tmp_path: Path) -> None:
    """A dollar in a label begins no formula."""
    variants = tuple(replace(each, label=label) for each in study.variants)
    figure, alt, _ = DRAWS[id](replace(study, variants=variants))
    drawn = save(figure, tmp_path / id).read_text("utf-8")
    texts = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]
    assert any(label in text for text in texts), texts
    assert label in alt


def test_titles_are_drawn_as_they_are_written(tmp_path: Path) -> None:
    """Names of variants and of classes, which a notebook gives."""
    counts, tiles = np.ones((2, 2), int), np.zeros((1, 4, 4, 3), np.uint8)
    for number, figure in enumerate(
        [
            curves.curves(epochs([1.5], [1.4]), r"$\frac{$"),
            curves.confusion_matrix(counts, [r"$\frac{$", "b"]),
            curves.sample_images(tiles, [r"$\frac{$"]),
            grids.sample_image(tiles[0], r"$\frac{$"),
            grids.dense_weights(np.ones((4, 2)), [r"$\frac{$", "b"]),
        ]
    ):
        assert r"$\frac{$" in save(figure, tmp_path / str(number)).read_text("utf-8")
