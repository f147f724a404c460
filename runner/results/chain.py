"""The chain of a training: a hash of its whole state after each epoch, and which of the states are kept.

A link says that one epoch leads from the state before it to the state after it: who has the state before can
train that epoch again, and see. The state before the first epoch needs no keeping, as it comes of the seed;
of the others a few are kept, drawn by a hash of all that the training came to, once it is known.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError

from runner import limits
from runner.build_folder import CHAIN_FILE, root_of, state_file
from runner.errors import RunnerError
from runner.files import Record, read_json
from runner.gate import kind, read_text
from runner.results.arrays import PREDICTED_SPLITS, PredictedSets
from runner.results.finished import Finished
from runner.results.npz import read_npz
from runner.results.records import Epoch

CHANGES_NO_DIGIT = True  # of a training: see code_closure
KEPT = 2  # states of one training
VARIABLE = "variable-"  # begins the names of a state's arrays, which have numbers
HINT = "a state is what the file of its epoch's end was when it was trained"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
State = Sequence[np.ndarray]


class Chain(Record):
    """Hashes of the states of one training: before its first epoch, and after each.

    Of the epochs (from 1) that are multiples of ``every``, the last one left out, ``drawn`` are those whose
    end states are kept; ``drawn_by`` is the hash that drew them.
    """

    start: Sha256
    links: Annotated[tuple[Sha256, ...], Field(min_length=1)]
    every: Annotated[int, Field(ge=1)] = 1
    drawn_by: Sha256
    drawn: tuple[int, ...]

    def before(self, epoch: int) -> str:
        """The hash of the state that the epoch (from 1) begins with."""
        return self.links[epoch - 2] if epoch > 1 else self.start


def make_chain(
    start: str, links: Sequence[str], every: int, epochs: Sequence[Epoch], predictions: PredictedSets
) -> Chain:
    """The chain of a training with these curves and ``predictions``, and what they draw."""
    digest = results_sha256((start, *links), epochs, predictions)
    chosen = draw(digest, len(links), every)
    return Chain(start=start, links=tuple(links), every=every, drawn_by=digest, drawn=chosen)


def spacing(epochs: int, size: int) -> int:
    """Of which epochs the states are kept while so many are trained, each state of ``size`` bytes.

    1 if all fit into the limit, else they are multiples of a larger number.
    """
    return max(1, math.ceil(epochs * size / limits.STATES_BYTES))


def state_sha256(state: State) -> str:
    """Hash of all the arrays: their types, shapes and bytes, in this order."""
    digest = hashlib.sha256()
    for array in state:
        digest.update(f"{array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data if array.ndim else array.tobytes())
    return digest.hexdigest()


def results_sha256(links: Sequence[str], epochs: Sequence[Epoch], predictions: PredictedSets) -> str:
    """Hash of all that a training came to: its chain, its curves, and what it said of each image.

    It is the same of the predictions that a training leaves, and of what attachments keep of them.
    """
    curves = [epoch.model_dump(mode="json") for epoch in epochs]
    digest = hashlib.sha256(json.dumps([list(links), curves]).encode())
    for split in PREDICTED_SPLITS:
        found = predictions.of(split)
        losses = found.true_probability if found.cross_entropy is None else found.cross_entropy
        for array, kind_ in ((found.labels, "<i8"), (found.predicted, "<i8"), (losses, "<f4")):
            digest.update(np.ascontiguousarray(array.astype(kind_)).data)
    return digest.hexdigest()


def draw(digest: str, epochs: int, every: int) -> tuple[int, ...]:
    """The epochs (from 1) whose end states are kept, in order, as the hash decides."""
    candidates = range(every, epochs, every)
    ranked = sorted(candidates, key=lambda epoch: hashlib.sha256(f"{digest} {epoch}".encode()).digest())
    return tuple(sorted(ranked[:KEPT]))


def read_chain(folder: Path) -> Chain | None:
    """The chain in a result's folder; None if there is none. Raises RunnerError for what is no chain."""
    path = folder / CHAIN_FILE
    if kind(path, root_of(folder)) is None:
        return None
    try:
        return Chain.model_validate(read_json(read_text(path, root_of(folder))))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the chain"
        raise RunnerError(f"{field}: {first['msg']}", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise RunnerError(f"cannot be read: {error}", where=str(path)) from error


def named(state: State) -> dict[str, np.ndarray]:
    """The arrays of a state as a file holds them, by name."""
    return {f"{VARIABLE}{place}": array for place, array in enumerate(state)}


def state_of(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The state that a file's arrays are; raises ValueError if they are none."""
    names = [f"{VARIABLE}{place}" for place in range(len(arrays))]
    if not arrays or set(names) != arrays.keys():
        raise ValueError("no arrays of a state")
    return [arrays[name] for name in names]


def read_state(folder: Path, epoch: int, root: Path | None = None) -> list[np.ndarray]:
    """The state after an epoch (from 1) that is kept in ``folder``.

    Raises FileNotFoundError, and RunnerError for a file that is damaged or holds something else.
    """
    path = folder / state_file(epoch)
    arrays = read_npz(path, None, limits.UNPACKED_BYTES, root or root_of(folder))
    try:
        return state_of(arrays)
    except ValueError as error:
        raise RunnerError(str(error), where=str(path)) from error


def kept_states(found: Finished, chain: Chain) -> dict[int, Path]:
    """The files of the states that are there, by the epoch (from 1) that they are the end of."""
    paths = {epoch: found.folder / state_file(epoch) for epoch in chain.drawn}
    return {epoch: path for epoch, path in paths.items() if kind(path, root_of(found.folder)) == "file"}
