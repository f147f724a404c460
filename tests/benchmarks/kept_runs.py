"""What is kept of each training of the ablation, small enough to be committed: its record and its classes.

``docs/ablation/NAME/`` holds ``result.json`` as the run wrote it, and for each image of both sets the true
class and the one that the model said. So every number of the page can be worked out again, and trainings of
several days and machines add up to one page.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from runner.build_folder import RESULT_FILE
from runner.files import write_bytes, write_json
from runner.results.arrays import PredictedSet, PredictedSets, read_arrays
from runner.results.finished import Finished, read_result
from runner.results.study import Study

CLASSES_FILE = "classes.npz"


class Kept(Finished):
    """A finished variant without probabilities: those of ``predictions`` are NaN."""

    def _read_predictions(self) -> PredictedSets:
        arrays = read_arrays(self.folder / CLASSES_FILE)
        validation, test = (
            PredictedSet(
                arrays[f"{split}_labels"],
                arrays[f"{split}_predicted"],
                np.full(len(arrays[f"{split}_labels"]), np.nan),
            )
            for split in ("validation", "test")
        )
        return PredictedSets(validation, test)


def keep(study: Study, folder: Path) -> None:
    """Write down each finished training of the study, in the place of what was kept of it before."""
    for name, finished in study.finished.items():
        if finished.result.training is None:
            continue
        sets = {"validation": finished.predictions.validation, "test": finished.predictions.test}
        arrays = {
            f"{split}_{kind}": getattr(found, kind).astype(np.uint8)
            for split, found in sets.items()
            for kind in ("labels", "predicted")
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        write_bytes(folder / name / CLASSES_FILE, buffer.getvalue())
        write_json(folder / name / RESULT_FILE, finished.result)


def read_kept(folder: Path) -> Mapping[str, Kept]:
    """All that was kept, by name; raises RunnerError for a record that can't be read."""
    found = [read_result(path.parent) for path in sorted(folder.glob(f"*/{RESULT_FILE}"))]
    return {each.result.variant: Kept(each.result, each.folder) for each in found}
