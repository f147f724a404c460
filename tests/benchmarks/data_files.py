"""The data sets as files that plain code reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runner.practice.data import sets


def data_file(name: str, folder: Path) -> str:
    """The data set as one ``.npz``: the cache's, or a copy of digits in ``folder``."""
    if sets.cache_file(name).exists():
        return str(sets.cache_file(name))
    dataset = sets.load(name)
    arrays = {key: getattr(dataset, key) for key in ("x_train", "y_train", "x_test", "y_test")}
    np.savez(folder / f"{name}.npz", **arrays)
    return str(folder / f"{name}.npz")
