"""What a forger makes of a report's attachments: any part of a training, and all that follows from it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from nbformat.v4 import new_output

from runner.build_folder import CHAIN_FILE, HISTORY_FILE, PREDICTIONS_FILE, RESULT_FILE, state_file
from runner.commands.request import Request, load_plan
from runner.files import write_json
from runner.plan.variants import Plan
from runner.results.arrays import PREDICTED_SPLITS, read_predictions
from runner.results.chain import make_chain, named, read_state
from runner.results.records import Epoch
from runner.verify.results import check_chains, check_metrics, check_notebooks

METRICS = ("cross_entropy", "accuracy")


class Forged:
    """The training "good" as it was unpacked from a report into ``folder``, to be changed.

    ``record`` and ``chain`` are what its JSON files hold, ``predictions`` the arrays of its file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.results = folder, folder / "results" / "good"
        self.record: Any = json.loads((self.results / RESULT_FILE).read_bytes())
        self.chain: Any = json.loads((self.results / CHAIN_FILE).read_bytes())
        with np.load(self.results / PREDICTIONS_FILE) as arrays:
            self.predictions = dict(arrays)

    @property
    def training(self) -> Any:
        """That part of the record."""
        return self.record["training"]

    @property
    def notebook(self) -> Path:
        """The executed one."""
        return self.folder / "notebooks" / "good.ipynb"

    @property
    def plan(self) -> Plan:
        """The attached one."""
        return load_plan(Request(build_dir=self.folder, plan_path=self.folder / "plan" / "experiments.toml"))

    def state(self, epoch: int) -> list[np.ndarray]:
        """The attached state after an epoch."""
        return read_state(self.results, epoch)

    def keep(self, epoch: int, state: list[np.ndarray]) -> None:
        """Attach another state."""
        np.savez_compressed(self.results / state_file(epoch), **named(state))  # type: ignore[arg-type]

    def predict(self, split: str, image: int, predicted: int, probability: float) -> None:
        """Have the model say something else of an image."""
        self.predictions[f"{split}_predicted"][image] = predicted
        self.predictions[f"{split}_cross_entropy"][image] = -np.log(probability)

    def save(self) -> None:
        """Write the record, the chain and the predictions as they are, and nothing that follows."""
        np.savez_compressed(self.results / PREDICTIONS_FILE, **self.predictions)  # type: ignore[arg-type]
        write_json(self.results / CHAIN_FILE, self.chain)
        write_json(self.results / RESULT_FILE, self.record)

    def follow(self) -> None:
        """Write all, with everything that follows from it: scores, curves, draws, outputs, hashes."""
        self._score()
        self.save()
        self._draw()
        with (self.results / HISTORY_FILE).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.training["epochs"][0]))
            writer.writeheader()
            writer.writerows(self.training["epochs"])
        self._execute()
        self.record["notebook_sha256"] = hashlib.sha256(self.notebook.read_bytes()).hexdigest()
        self.save()

    def _score(self) -> None:
        """The scores of validation and test, from their predictions."""
        for split in PREDICTED_SPLITS:
            right = self.predictions[f"{split}_predicted"] == self.predictions[f"{split}_labels"]
            loss = float(self.predictions[f"{split}_cross_entropy"].astype(float).mean())
            scores = {"loss": loss, "cross_entropy": loss, "accuracy": float(right.mean())}
            self.training["evaluation"][split].update(scores)
            if self.training["best"]["epoch"] == len(self.training["epochs"]):
                self.training["best"][split].update(scores)

    def _draw(self) -> None:
        data = self.training["data"]
        images = data["validation_images"], data["test_images"]
        predictions = read_predictions(self.results / PREDICTIONS_FILE, images, len(data["class_names"]))
        epochs = [Epoch.model_validate(each) for each in self.training["epochs"]]
        made = make_chain(self.chain["start"], self.chain["links"], self.chain["every"], epochs, predictions)
        self.chain = made.model_dump(mode="json")

    def _execute(self) -> None:
        """A notebook that was given these parameters, and printed these scores."""
        content = json.loads(self.notebook.read_bytes())
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        (given,) = (cell for cell in code if "injected-parameters" in cell["metadata"].get("tags", []))
        given["source"] = f'variant = "good"\nparameters = {self.record["parameters"]!r}\n'
        scores = self.training["evaluation"].values()
        printed = [f"{each[metric]:.4f}" for each in scores for metric in METRICS]
        code[-1]["outputs"].append(new_output("stream", text="\n".join(printed)))
        self.notebook.write_text(json.dumps(content), encoding="utf-8")

    def found(self) -> tuple[str, ...]:
        """What plain ``verify`` has to say of the records themselves."""
        checks: tuple[Callable[[Plan, Path], tuple[str, ...]], ...]
        checks = (check_notebooks, check_metrics, check_chains)
        return tuple(fault for check in checks for fault in check(self.plan, self.folder))
