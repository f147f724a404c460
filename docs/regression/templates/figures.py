"""The figures of this practice: predictions against what was observed, and what each measurement gives."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from runner.figures.drawn import DrawnFigure
from runner.figures.style import BLUE, ORANGE, WIDTH, localise, number
from runner.results.study import Study

LINEAR = ("ridge", "lasso")


def predictions(study: Study) -> DrawnFigure:
    """Each patient's predicted progression against the observed one, by ridge and by the forest."""
    names = ("ridge", "forest")
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharey=True)
    spreads = []
    for axis, name, colour in zip(axes, names, (BLUE, ORANGE), strict=True):
        values = study.get(name).values
        observed, predicted = np.array(values["observed"]), np.array(values["predicted"])
        spreads.append(float(np.corrcoef(observed, predicted)[0, 1]))
        axis.plot(observed, predicted, "o", color=colour, ms=2, alpha=0.6)
        axis.plot([25, 346], [25, 346], color="0.5", lw=0.8)
        axis.set(xlabel="observed", title=study.label(name))
        localise(axis)
    axes[0].set(ylabel="predicted")
    said = ", ".join(f"{study.label(n)} {number(s, 2)}" for n, s in zip(names, spreads, strict=True))
    alt = f"Predicted against observed progression; the correlation of the two is: {said}."
    return DrawnFigure(figure, alt)


def coefficients(study: Study) -> DrawnFigure:
    """The coefficients of the scaled measurements, ridge beside lasso."""
    figure, axis = plt.subplots(figsize=(WIDTH, 2.6))
    features = study.get("ridge").values["features"]
    places = np.arange(len(features))
    for shift, name, colour in zip((-0.2, 0.2), LINEAR, (BLUE, ORANGE), strict=True):
        axis.bar(
            places + shift, study.get(name).values["weights"], 0.4, color=colour, label=study.label(name)
        )
    axis.axhline(0, color="0.3", lw=0.8)
    axis.set_xticks(places, features)
    axis.set(ylabel="coefficient")
    axis.legend()
    unused = [f for f, w in zip(features, study.get("lasso").values["weights"], strict=True) if w == 0]
    out = ", ".join(unused) or "none"
    alt = f"Coefficients of ten measurements by ridge and lasso; lasso leaves out: {out}."
    return DrawnFigure(figure, alt)


DRAWS = {"fig-predictions": predictions, "fig-coefficients": coefficients}
