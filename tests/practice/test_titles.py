"""The titles of figures: every one has one, which says what was found, in every language and outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from runner import LOCALES
from runner.analysis import pictures
from runner.analysis.readings import Facts
from runner.figures.own import own_draws
from runner.figures.style import WIDTH, use_style
from runner.language.i18n import lookup, speaking
from runner.language.phrases import phrase, read_topic
from runner.plan.variants import TEMPLATES
from runner.practice.figures import grids
from runner.practice.figures.colours import OF_MODEL, colour_of
from runner.practice.figures.titles import LETTERS, give_title
from runner.results.study import Study
from tests.made_up import Story, make_study

DRAWS = own_draws(TEMPLATES) or {}
PICTURE = "fig-imagen"  # a tile of an inch, under the name of its class
SMALLEST = 7.0  # points, as printed
TITLES = {"doubled": ["title"], "batches": ["curves_title", "differences_title"]}
VERDICTS = ("better", "worse", "undecided")


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
    return make_study(tmp_path_factory.mktemp("titles"), Story(images=(240, 200)))


def said(topic: str, part: str, facts: Facts) -> str:
    return phrase(TEMPLATES, topic, part, facts)


@pytest.mark.parametrize("id", [id for id in DRAWS if id != PICTURE])
def test_every_figure_has_a_title_and_text_that_can_be_read_in_print(study: Study, id: str) -> None:
    """Figures are printed at the width that they are drawn in, or smaller ones as they are."""
    figure = DRAWS[id](study).figure
    title = figure.get_suptitle()
    assert len(title.split()) > 3
    assert not title.endswith((".", ":")) and "{" not in title
    assert figure.get_figwidth() <= WIDTH + 0.01
    sizes = {t.get_fontsize() for t in figure.findobj(Text) if isinstance(t, Text) and t.get_text().strip()}
    assert min(sizes) >= SMALLEST


def test_titles_fit_in_two_lines_and_end_without_a_stop() -> None:
    topics = {**TITLES, "figures": list(read_topic(TEMPLATES / "phrases" / "figures.toml"))}
    for locale in LOCALES:
        with speaking(locale):
            for topic, parts in topics.items():
                for row in (row for part in parts for row in read_topic(_file(topic))[part]):
                    text = lookup(row.text)
                    assert len(text) < 2 * LETTERS * WIDTH * 0.65, text
                    assert not text.endswith("."), text


def _file(topic: str) -> Path:
    return TEMPLATES / "phrases" / f"{topic}.toml"


# What the title of the three networks claims of each: Spanish, English.
LESS, MORE = ("tienen menos pérdida", "have less loss"), ("tienen más pérdida", "have more loss")
BOTH = {"better": LESS, "worse": MORE}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_title_of_the_larger_networks_claims_what_their_verdicts_do(locale: str) -> None:
    language = 0 if locale.startswith("es") else 1
    with speaking(locale):
        for filters, layers in product((*VERDICTS, "unknown"), repeat=2):
            text = said("doubled", "title", {"filters": filters, "layers": layers})
            for verdict, words in BOTH.items():
                assert (words[language] in text) == (filters == layers == verdict), (text, filters, layers)
            one = ("con más filtros", "more filters")[language] in text
            assert one == (filters == "better" != layers), (text, filters, layers)
            other = ("con más capas", "more layers")[language] in text
            assert other == (layers == "better" != filters), (text, filters, layers)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_summarys_title_claims_what_question_12_does(locale: str) -> None:
    language = 0 if locale.startswith("es") else 1
    words = {
        "better": ("El mejor modelo acierta más que", "is right more often than"),
        "worse": ("acierta menos que", "is right less often than"),
        "undecided": ("No se demuestra", "is not shown"),
    }
    with speaking(locale):
        for verdict, each in words.items():
            text = said("figures", "overview", {"best": verdict})
            assert [v for v, w in words.items() if w[language] in text] == [verdict], (text, each)


@pytest.mark.parametrize("locale", LOCALES)
def test_overfitting_is_said_of_a_gap_and_a_shown_rise_only(locale: str) -> None:
    language = 0 if locale.startswith("es") else 1
    with speaking(locale):
        for gap, course in product(["apart", "reversed", "none"], ["risen", "stalled", "falling"]):
            text = said("figures", "curves", {"gap": gap, "course": course})
            claims = ("Sobreajuste", "Overfitting")[language] in text
            assert claims == (gap == "apart" and course == "risen"), text
            rises = ("sube", "rises")[language] in text
            assert not rises or course == "risen", text


def test_filters_of_light_and_of_colour_are_told_apart() -> None:
    kernel = np.zeros((3, 3, 3, 4))
    kernel[:, :, :, 0] = 1  # uniform, grey
    kernel[0, :, :, 1], kernel[2, :, :, 1] = 1, -1  # an edge, grey
    kernel[:, :, 0, 2], kernel[:, :, 2, 2] = 1, -1  # red against blue
    kernel[:, :, 1, 3] = 1  # green alone: a third of its energy is common
    assert pictures.light_filters(kernel).tolist() == [True, True, False, False]
    assert pictures.even_filters(kernel).tolist() == [True, False, False, False]
    assert pictures.colours(kernel) == {"colour": "half"}
    assert pictures.colours(kernel[..., :2]) == {"colour": "none"}
    assert pictures.colours(kernel[..., 1:]) == {"colour": "most"}


def test_where_weights_are_larger_is_read_from_their_means() -> None:
    kernel = np.full((3, 3, 2, 5), 0.1)
    assert pictures.window(kernel) == {"larger": "neither"}
    kernel[1, 1] = 0.5
    assert pictures.window(kernel) == {"larger": "centre"}
    kernel[1, 1] = 0.01
    assert pictures.window(kernel) == {"larger": "edge"}
    assert pictures.window(kernel[:1, :1]) == {"larger": "neither"}


def test_blank_maps_are_counted() -> None:
    maps = np.random.default_rng(1).normal(size=(4, 4, 4))
    assert pictures.blanks(maps) == {"blank": "none"}
    maps[..., 0] = 1
    assert pictures.blanks(maps) == {"blank": "some"}
    maps[..., 1] = maps[..., 2] = 0
    assert pictures.blanks(maps) == {"blank": "most"}
    assert pictures.blanks(np.ones((4, 4, 4))) == {"blank": "all"}


def test_the_closest_picture_and_sure_mistakes() -> None:
    columns = np.stack([np.full((2, 4, 4, 3), value) for value in (0.5, 0.9, 0.6)])
    assert pictures.closest(columns) == 2
    assert pictures.closest(columns[:1]) is None
    columns[1, 0], columns[2, 0] = 0.6, 0.9  # another one in the first row
    assert pictures.closest(columns) is None
    asked = ([0.9, 0.8], [0.9, 0.8, 0.3], [0.9, 0.3], [0.1], [])
    found = [pictures.certainty(each)["sure"] for each in asked]
    assert found == ["all", "most", "half", "few", "unknown"]
    assert pictures.mistakes(np.eye(3, dtype=int)) == {"mistakes": "no"}
    assert pictures.mistakes(np.ones((3, 3), int)) == {"mistakes": "yes"}


def test_a_title_leaves_the_pixels_of_a_grid_as_they_are() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 24))
    plain, titled = grids.colour_kernels(kernel), give_title(grids.colour_kernels(kernel), "Un título")
    heights = [figure.axes[0].get_position().height * figure.get_figheight() for figure in (plain, titled)]
    assert heights[0] == pytest.approx(heights[1])
    assert titled.get_figheight() > plain.get_figheight()
    assert (titled.get_figheight() * grids.DPI) % 1 == pytest.approx(0, abs=1e-6)


def test_one_model_has_one_colour_that_no_other_has(study: Study) -> None:
    assert len({*OF_MODEL.values()}) == len(OF_MODEL)
    rows = DRAWS["fig-resumen"](study).figure.axes[0]
    drawn = {line.get_color() for line in rows.lines}
    assert drawn == {colour_of(n) for n in ("baseline", "batch-256", "filters-x2", "layers-x2", "best")}
    for id, name in (("fig-curvas", "baseline"), ("fig-curvas-mejor", "best")):
        lines = DRAWS[id](study).figure.axes[0].lines
        assert {line.get_color() for line in lines} == {colour_of(name)}


def test_a_label_of_a_class_is_written_as_it_is(study: Study) -> None:
    first = study.get("best")
    names = tuple(r"a$b" for _ in first.training.data.class_names)
    data = first.training.data.model_copy(update={"class_names": names})
    training = first.training.model_copy(update={"data": data})
    named = replace(first, result=first.result.model_copy(update={"training": training}))
    figure = DRAWS["fig-confusion"](replace(study, finished={**study.finished, "best": named})).figure
    assert r"a\$b" in figure.get_suptitle()
