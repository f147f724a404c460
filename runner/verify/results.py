"""Checks the attached records against what they summarise: notebooks, and predictions of each image."""

from __future__ import annotations

import ast
import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.build_folder import CHAIN_FILE, HISTORY_FILE, state_file
from runner.code_closure import parsed, read_source
from runner.errors import RunnerError
from runner.files import read_json
from runner.gate import read_given
from runner.plan.variants import Plan, Variant
from runner.results.arrays import PREDICTED_SPLITS
from runner.results.chain import (
    Chain,
    draw,
    kept_states,
    read_chain,
    read_state,
    results_sha256,
    state_sha256,
)
from runner.results.finished import PREDICTED, Finished, read_result
from runner.results.records import BestEpoch, Evaluation

TOLERANCE = 1e-5  # of a mean: Keras works in single precision
NAMED = 10  # epochs in a line
PRINTED_DECIMALS = 4  # of the metrics that training notebooks print


def check_notebooks(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Executed notebooks that are not those of the records, or whose code is not the source's."""
    return tuple(
        fault for variant, found in _finished(plan, folder) for fault in _notebook(variant, found, folder)
    )


def check_metrics(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Metrics that don't follow from the predictions, or that the executed notebook doesn't print."""
    return tuple(fault for _, found in _finished(plan, folder) for fault in _metrics(found, folder))


def check_chains(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Chains, states and curves of trainings that don't agree with what the training came to."""
    return tuple(
        f"results/{variant.name}: {fault}"
        for variant, found in _finished(plan, folder)
        if found.result.training is not None
        for fault in _chain(found)
    )


@dataclass(frozen=True)
class Chains:
    """How many trainings there are, how many have a chain, and how many states those draw.

    ``attached`` are the drawn states that are there, each by the epoch that it begins: VARIANT:EPOCH.
    """

    trainings: int
    chains: int
    drawn: int
    attached: tuple[str, ...]

    @property
    def agrees(self) -> str:
        """What it means that nothing is wrong with them."""
        if not self.chains:
            return "none is attached: no epoch can be trained again; curves follow from the records"
        there = f"{self.chains} of {self.trainings} trainings have one"
        return f"{there}: links, draws, attached states and curves agree (--replay trains an epoch again)"

    @property
    def lacking(self) -> str:
        """What can't be trained again, as states are not there; empty where all are."""
        if self.drawn == len(self.attached):
            return ""
        names = ", ".join(self.attached[:NAMED])
        more = f" and {len(self.attached) - NAMED} more" if len(self.attached) > NAMED else ""
        beside = f", and {names}{more}" if names else ""
        there = f"{len(self.attached)} of the {self.drawn} drawn are attached"
        return f"{there}: --replay can train again first epochs{beside}, no other"


def read_chains(plan: Plan, folder: Path) -> Chains:
    """What there is of chains; those that are none, ``check_chains`` tells of."""
    trained = [found for _, found in _finished(plan, folder) if found.result.training is not None]
    chains = [(found, chain) for found in trained if (chain := _readable(found)) is not None]
    attached = (
        f"{found.result.variant}:{epoch + 1}"
        for found, chain in chains
        for epoch in kept_states(found, chain)
    )
    return Chains(len(trained), len(chains), sum(len(each.drawn) for _, each in chains), tuple(attached))


def _readable(found: Finished) -> Chain | None:
    with suppress(RunnerError):
        return read_chain(found.folder)
    return None


def _chain(found: Finished) -> Iterator[str]:
    yield from _curves(found)
    try:
        chain = read_chain(found.folder)
        if chain is None:
            return
        yield from _draws(found, chain)
        for epoch in kept_states(found, chain):
            if state_sha256(read_state(found.folder, epoch)) != chain.links[epoch - 1]:
                yield f"{state_file(epoch)} is not the state whose hash is in {CHAIN_FILE}"
    except RunnerError as error:
        yield str(error.what)


def _draws(found: Finished, chain: Chain) -> Iterator[str]:
    """Whether the chain has a link for each epoch, and draws what the results say."""
    epochs = found.training.epochs
    if len(chain.links) != len(epochs):
        yield f"{CHAIN_FILE} has {len(chain.links)} links, the record {len(epochs)} epochs"
        return
    digest = results_sha256((chain.start, *chain.links), epochs, found.predictions)
    if digest != chain.drawn_by:
        yield f"{CHAIN_FILE} is that of other curves, predictions or links"
    elif draw(digest, len(epochs), chain.every) != chain.drawn:
        yield f"{CHAIN_FILE} names other epochs than its hash draws"


def _curves(found: Finished) -> Iterator[str]:
    """Whether history.csv has the record's epochs."""
    epochs = found.training.epochs
    path = found.folder / HISTORY_FILE
    if path.is_file():
        rows = list(csv.DictReader(io.StringIO(read_given(path).decode(errors="replace"))))
        if rows != [{name: str(value) for name, value in epoch} for epoch in epochs]:
            yield f"{HISTORY_FILE} has other curves than the record"


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
    if code_digest(path) != code_digest(variant.notebook):
        yield f"{name}: its code is not that of {variant.notebook.name}"
    given = injected(path)
    if found.result.training is not None and given is not None and given != found.result.parameters:
        yield f"{name}: it ran with other parameters than the record says"


def injected(path: Path) -> Any:
    """The parameters that papermill put into an executed notebook; None if there are none to be read."""
    try:
        cells = read_json(read_given(path))["cells"]
        code = next(
            "".join(cell["source"])
            for cell in cells
            if "injected-parameters" in cell["metadata"].get("tags", [])
        )
        values = (node for node in parsed(code).body if isinstance(node, ast.Assign))
        named = {ast.unparse(each.targets[0]): each.value for each in values}
        return ast.literal_eval(named["parameters"])
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, SyntaxError, RunnerError
    ):  # fmt: skip
        return None


def code_digest(path: Path) -> str | None:
    """Hash of what a notebook's code means, without the cells that papermill adds; None if it is none."""
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
