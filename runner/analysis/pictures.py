"""What filters, their outputs and other pictures come to: facts that sentences and titles are chosen by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.analysis.classification import largest_confusions
from runner.analysis.readings import Facts, yes
from runner.results.records import Layer

CHANGES_NO_DIGIT = True  # of a training: see code_closure
HALF = 0.5
LITTLE = 0.05  # of the most varied map's deviation: a map with no more is blank
CLEARLY = 1.1  # times as large: where in their window weights are said to be larger


def light_filters(kernel: np.ndarray) -> np.ndarray:
    """Which filters (k, k, 3, n) answer to light, (n,): half of their energy is common to the channels."""
    return np.asarray(_share(kernel.mean(axis=2) * np.sqrt(kernel.shape[2]), kernel) > HALF)


def even_filters(kernel: np.ndarray) -> np.ndarray:
    """Which filters (k, k, 3, n) answer to how bright a place is, (n,): half of their energy is uniform."""
    size, _, channels, _ = kernel.shape
    uniform = kernel.mean(axis=(0, 1, 2))[None, None] * size * np.sqrt(channels)
    return np.asarray(_share(uniform, kernel) > HALF)


def _share(part: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The energy of a part (a, b, n) as a share of the filters' own, (n,)."""
    return np.asarray((part**2).sum(axis=(0, 1)) / ((kernel**2).sum(axis=(0, 1, 2)) + 1e-12))


def colours(kernel: np.ndarray) -> Facts:
    """How many of the filters (k, k, 3, n) answer to colour: all, most, half, few or none."""
    share = 1 - float(light_filters(kernel).mean())
    return {"colour": amount(share)}


def window(kernel: np.ndarray) -> Facts:
    """Whether the mean weights of filters (k, k, channels, n) are larger at the centre or the edge."""
    sizes = np.abs(kernel.mean(axis=2)).mean(axis=-1)
    middle = tuple(side // 2 for side in sizes.shape)
    around = np.ones(sizes.shape, bool)
    around[middle] = False
    if not around.any():
        return {"larger": "neither"}
    centre, edge = float(sizes[middle]), float(sizes[around].mean())
    return {
        "larger": "centre" if centre > CLEARLY * edge else "edge" if edge > CLEARLY * centre else "neither"
    }


def blank_maps(maps: np.ndarray) -> np.ndarray:
    """Which of the maps (h, w, n) hardly vary, (n,): a twentieth of the largest deviation or less."""
    spread = maps.std(axis=(0, 1))
    return np.asarray((spread <= LITTLE * spread.max()) & (spread.max() > 0))  # of a dead layer, none


def blanks(maps: np.ndarray) -> Facts:
    """Whether none, some or most of the maps (h, w, n) are blank; ``all`` of a layer that does not vary."""
    if not maps.std(axis=(0, 1)).any():
        return {"blank": "all"}
    share = float(blank_maps(maps).mean())
    return {"blank": "none" if share == 0 else "some" if share < HALF else "most"}


def closest(pictures: np.ndarray) -> int | None:
    """Which column of pictures (columns, rows, h, w, 3) is most like the first in each row.

    None if there is no other, or if it is not the same one in all rows.
    """
    if len(pictures) < 2:
        return None
    likest = ((pictures[1:] - pictures[0]) ** 2).mean(axis=(2, 3, 4)).argmin(axis=0)
    return 1 + int(likest[0]) if (likest == likest[0]).all() else None


def certainty(probabilities: Sequence[float]) -> Facts:
    """In how many mistakes the model gave its answer more than half of the probability."""
    if not probabilities:
        return {"sure": "unknown"}
    share = sum(each > HALF for each in probabilities) / len(probabilities)
    return {"sure": "all" if share == 1 else "most" if share > HALF else "few" if share < HALF else "half"}


def mistakes(counts: np.ndarray) -> Facts:
    """Whether a matrix of counts (n, n) has any mistake."""
    (first,) = largest_confusions(counts, [""] * len(counts), 1)
    return {"mistakes": yes(first.count)}


def parameters(layers: Sequence[Layer]) -> Facts:
    """Which kind of layer has more than half of the parameters."""
    whole = sum(layer.parameters for layer in layers)
    for kind, name in (("Dense", "dense"), ("Conv2D", "convolutional")):
        if sum(layer.parameters for layer in layers if layer.kind == kind) > HALF * whole:
            return {"most": name}
    return {"most": "neither"}


def amount(share: float) -> str:
    """A share as ``all``, ``most``, ``half``, ``few`` or ``none``."""
    if share in (0, 1):
        return "all" if share else "none"
    return "most" if share > HALF else "few" if share < HALF else "half"
