"""The figures of this practice: a function takes the study, and gives the figure and what it shows."""

import matplotlib.pyplot as plt

from runner.figures.drawn import DrawnFigure
from runner.figures.style import BLUE, ORANGE, WIDTH, localise
from runner.results.study import Study


def curves(study: Study) -> DrawnFigure:
    """The points, and what the finished variants make of them."""
    names = study.available(("recta", "cubica"))
    values = study.get("recta").values
    figure, axis = plt.subplots(figsize=(WIDTH, 2.6))
    axis.plot(values["x"], values["y"], "o", color="0.6", ms=2)
    for name, colour in zip(names, (BLUE, ORANGE), strict=False):
        found = study.get(name).values
        axis.plot(found["grid"], found["curve"], color=colour, label=study.label(name))
    axis.set(xlabel="x", ylabel="y")
    axis.legend()
    localise(axis)
    return DrawnFigure(figure, f"Los puntos, y por ellos: {', '.join(study.label(name) for name in names)}.")


DRAWS = {"fig-curvas": curves}
