"""The figures of this practice: a function takes the study, and gives the figure and what it shows."""

import matplotlib.pyplot as plt
import numpy as np

from runner.figures.drawn import DrawnFigure
from runner.figures.style import BLUE, ORANGE, WIDTH, localise, number
from runner.results.study import Study


def line(study: Study) -> DrawnFigure:
    """The points that were measured, and the line through them."""
    values = study.get("line").values
    x, y, slope = np.array(values["x"]), np.array(values["y"]), float(values["slope"])
    figure, axis = plt.subplots(figsize=(0.7 * WIDTH, 2.4))
    axis.plot(x, y, "o", color=ORANGE, ms=3)
    axis.plot(x, y.mean() + slope * (x - x.mean()), color=BLUE)
    axis.set(xlabel="x", ylabel="y")
    localise(axis)
    apart = float(np.abs(y - y.mean() - slope * (x - x.mean())).max())
    alt = f"{len(x)} puntos y la recta ajustada; el más apartado está a {number(apart)} de ella."
    return DrawnFigure(figure, alt)


DRAWS = {"fig-recta": line}
