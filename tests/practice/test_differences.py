"""Figures of paired differences: what was shown is drawn unlike what was not, the margin as a band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from runner.analysis.compare import Comparison
from runner.analysis.over_seeds import compared
from runner.practice.figures.differences import MARGIN, differences, name_signs, paired
from tests.made_up import Story, make_study

SIGNS = {"shown": "-", "equal": "-", "open": ":", "few": ":"}


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    study = make_study(tmp_path_factory.mktemp("differences"), Story(images=(240, 200)))
    return compared(study, ["batch-4"], "baseline", "validation", "accuracy")[0]


@pytest.fixture
def figure() -> Iterator[Figure]:
    figure = plt.figure(layout="constrained")
    yield figure
    plt.close(figure)


def of(comparison: Comparison, kind: str) -> Comparison:
    if kind == "shown":
        return replace(comparison, verdict="better", equivalent=False)
    runs = ("a", "b", "c", "d") if kind == "few" else comparison.runs
    return replace(comparison, verdict="undecided", equivalent=kind == "equal", runs=runs, needed=6)


def test_only_what_was_shown_has_a_solid_interval_and_each_has_its_margin(
    comparison: Comparison, figure: Figure
) -> None:
    found = [replace(of(comparison, kind), margin=0.01 * (at + 1)) for at, kind in enumerate(SIGNS)]
    axis = figure.add_subplot()
    differences(axis, {"last": paired(found, range(4), 100.0)})
    bands = [line for line in axis.lines if line.get_color() == MARGIN]
    assert [tuple(line.get_ydata()) for line in bands] == [(-1, 1), (-2, 2), (-3, 3), (-4, 4)]
    first, last = 100 * comparison.low, 100 * comparison.high
    intervals = [line for line in axis.lines if tuple(line.get_ydata()) == (first, last)]
    assert [line.get_linestyle() for line in intervals] == list(SIGNS.values())


@pytest.mark.parametrize(
    ("kind", "margin", "epochs", "words"),
    [
        ("shown", None, ("last",), []),
        ("shown", 0.01, ("last",), ["margen de equivalencia"]),
        ("open", None, ("last",), ["no demostrada"]),
        (
            "few",
            0.01,
            ("last", "best"),
            ["última época", "mejor época de cada uno", "no demostrada", "margen de equivalencia"],
        ),
    ],
)
def test_each_sign_that_there_is_has_its_name(
    kind: str,
    margin: float | None,
    epochs: tuple[str, ...],
    words: list[str],
    comparison: Comparison,
    figure: Figure,
) -> None:
    series = paired([replace(of(comparison, kind), margin=margin)], [0.0])
    name_signs(figure, [dict.fromkeys(epochs, series)])
    assert [text.get_text() for legend in figure.legends for text in legend.get_texts()] == words
