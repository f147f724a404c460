"""Checks the attached records against what they summarise: notebooks, and predictions of each image."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from runner.code_closure import read_source
from runner.errors import RunnerError
from runner.files import read_json
from runner.gate import read_given
from runner.plan.variants import Plan, Variant
from runner.results.arrays import PREDICTED_SPLITS
from runner.results.records import PREDICTED, BestEpoch, Evaluation, Finished, read_result

TOLERANCE = 1e-5  # of a mean: Keras works in single precision
PRINTED_DECIMALS = 4  # of the metrics that training notebooks print


def check_notebooks(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Executed notebooks that are not those of the records, or whose code is not the source's."""
    return tuple(
        fault for variant, found in _finished(plan, folder) for fault in _notebook(variant, found, folder)
    )


def check_metrics(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Metrics that don't follow from the predictions, or that the executed notebook doesn't print."""
    return tuple(fault for _, found in _finished(plan, folder) for fault in _metrics(found, folder))


def _finished(plan: Plan, folder: Path) -> Iterator[tuple[Variant, Finished]]:
    """The variants with a readable record; the others are missing from the report as well."""
    for variant in plan.variants:
        try:
            yield variant, read_result(folder / "results" / variant.name)
        except RunnerError:
            continue


def _notebook(variant: Variant, found: Finished, folder: Path) -> Iterator[str]:
    name = f"notebooks/{variant.name}.ipynb"
    path = folder / name
    if not path.is_file():
        yield f"{name}: missing"
        return
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != found.result.notebook_sha256:
        recorded = found.result.notebook_sha256
        yield f"{name}: SHA-256 {digest[:12]}..., the record of its run says {recorded[:12]}..."
    if _code(path) != _code(variant.notebook):
        yield f"{name}: its code is not that of {variant.notebook.name}"


def _code(path: Path) -> str | None:
    """Hash of what the code means, without the cells that papermill adds; None if it is no notebook."""
    try:
        cells = read_json(read_given(path))["cells"]
        code = (
            "".join(cell["source"])
            for cell in cells
            if cell["cell_type"] == "code" and "injected-parameters" not in cell["metadata"].get("tags", [])
        )
        return read_source("\n\n".join(code)).digest  # comments may have changed since, as for keys
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RunnerError):
        return None


def _metrics(found: Finished, folder: Path) -> Iterator[str]:
    name = found.result.variant
    try:
        found.check_scores(keep=False)
        if found.result.training is not None:  # what scores come to is in the claims, worked out again
            yield from _recomputed(found)
    except RunnerError as error:
        yield f"results/{name}: {error.what}"
    if found.result.training is None:
        return
    printed = _outputs(folder / "notebooks" / f"{name}.ipynb")
    evaluation = found.training.evaluation
    for split in ("train", *PREDICTED_SPLITS):
        for metric in PREDICTED:
            value = f"{getattr(getattr(evaluation, split), metric):.{PRINTED_DECIMALS}f}"
            if value not in printed:
                yield f"results/{name}: {split} {metric} {value} is not printed by the executed notebook"


def _recomputed(found: Finished) -> Iterator[str]:
    """Accuracy and cross-entropy of validation and test, from each image's prediction, at both epochs."""
    yield from _unlike(found, found.training.evaluation, "")
    if found.training.best is not None:
        yield from _unlike(found.at("best"), found.training.best, " of the best epoch")


def _unlike(found: Finished, recorded: Evaluation | BestEpoch, when: str) -> Iterator[str]:
    for split in PREDICTED_SPLITS:
        for metric in PREDICTED:
            value = float(found.scores(split, metric).values.mean())
            there = getattr(getattr(recorded, split), metric)
            if abs(value - there) > TOLERANCE * max(1.0, abs(value)):
                said = f"{there} in the record, {value:.6f} by predictions"
                yield f"results/{found.result.variant}: {split} {metric}{when} is {said}"


def _outputs(path: Path) -> str:
    """All that the notebook's cells printed."""
    try:
        cells: Sequence[Any] = read_json(read_given(path))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        return "\n".join("".join(output.get("text", [])) for output in outputs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RunnerError):
        return ""
