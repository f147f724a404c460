"""Records the chain of a training: a hash of weights and optimizer after each epoch, and a few states.

Nothing here changes a digit of it: what is hashed is only looked at. States are kept beside the checkpoints
until all is trained; then those that the results draw go with them (see ``runner.results.chain``).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from runner.build_folder import CHAIN_FILE, LINKS_FILE, root_of, state_file
from runner.errors import RunnerError
from runner.files import Record, write_bytes, write_json
from runner.gate import Strange, read_bytes
from runner.results.arrays import PredictedSet, PredictedSets, predicted_set
from runner.results.chain import make_chain, named, read_state, spacing, state_sha256
from runner.results.records import Epoch, Predictions

CHANGES_NO_DIGIT = True  # of a training: see code_closure


class LinksSoFar(Record):
    """The chain up to some epoch, of the run ``key``."""

    key: str
    start: str
    links: tuple[str, ...]


class Links(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Hashes the whole state of training before the first epoch and after each of ``epochs``.

    A run that goes on after ``done`` epochs takes up the links in ``folder``; without them there is no chain.
    Without a ``folder`` no states are kept. It must come before the checkpoint among the callbacks: what a
    checkpoint lies behind, has its link.
    """

    def __init__(self, folder: Path | None, key: str, epochs: int, done: int) -> None:
        super().__init__()
        self.folder, self.key, self.epochs, self.done = folder, key, epochs, done
        self.start = ""
        self.links: list[str] = []
        self.every = 1

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Hash what the first epoch begins with, or read what came before."""
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        state = training_state(self.model)
        self.every = spacing(self.epochs, sum(array.nbytes for array in state))
        if not self.done:
            self.start = state_sha256(state)
        elif (before := self._before()) is not None and before.links[self.done - 1] == state_sha256(state):
            self.start, self.links = before.start, list(before.links[: self.done])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Add a link, and keep the state if it may be drawn."""
        if not self.start:
            return
        state = training_state(self.model)
        self.links.append(state_sha256(state))
        if self.folder is None:
            return
        try:
            if (epoch + 1) % self.every == 0 and epoch + 1 < self.epochs:
                write_bytes(self.folder / state_file(epoch + 1), _file(state), root_of(self.folder))
            record = LinksSoFar(key=self.key, start=self.start, links=tuple(self.links))
            write_json(self.folder / LINKS_FILE, record, root_of(self.folder))
        except (OSError, Strange) as error:  # a full disk costs the state, not the training
            why = error.strerror if isinstance(error, OSError) else error.what
            print(f"No se pudo guardar el eslabón de la época {epoch + 1}: {why}")

    def leave(self, target: Path, epochs: Sequence[Epoch], predictions: Predictions) -> None:
        """Write the chain of the finished training, and the states that it draws, into ``target``."""
        if not self.start or len(self.links) != len(epochs):
            return
        chain = make_chain(self.start, self.links, self.every, epochs, predicted(predictions))
        for epoch in chain.drawn:
            if (state := self._kept(epoch)) is not None:
                np.savez_compressed(target / state_file(epoch), **named(state))  # type: ignore[arg-type]
        write_json(target / CHAIN_FILE, chain)

    def _before(self) -> LinksSoFar | None:
        """The links of the same run up to where it goes on; None if they are not all there."""
        try:
            assert self.folder is not None
            content = read_bytes(self.folder / LINKS_FILE, root_of(self.folder))
            found = LinksSoFar.model_validate_json(content)
        except (OSError, ValueError, Strange, AssertionError):
            return None
        return found if found.key == self.key and len(found.links) >= self.done else None

    def _kept(self, epoch: int) -> list[np.ndarray] | None:
        """The state after an epoch (from 1); None if it is not there as it was."""
        try:
            state = read_state(self.folder, epoch) if self.folder else None
        except (OSError, RunnerError):
            return None
        return state if state is not None and state_sha256(state) == self.links[epoch - 1] else None


def training_state(model: keras.Model) -> list[np.ndarray]:
    """Weights, statistics, positions of Dropout's streams, and the optimizer's own: what epochs change."""
    return [np.asarray(each.numpy()) for each in (*model.variables, *model.optimizer.variables)]


def put_in(model: keras.Model, state: Sequence[np.ndarray]) -> bool:
    """Give the model and its optimizer, which is built, a state; False, and as it was, if it doesn't fit."""
    variables = [*model.variables, *model.optimizer.variables]
    if [(tuple(v.shape), str(v.dtype)) for v in variables] != [(a.shape, str(a.dtype)) for a in state]:
        return False
    for variable, array in zip(variables, state, strict=True):
        variable.assign(array)
    return True


def predicted(predictions: Predictions) -> PredictedSets:
    """Of each set, what its attached file says of each image."""

    def of(split: str) -> PredictedSet:
        parts = ("labels", "probabilities", "cross_entropy")
        return predicted_set(*(getattr(predictions, f"{split}_{part}") for part in parts))

    return PredictedSets(of("validation"), of("test"))


def _file(state: Sequence[np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **named(state))  # type: ignore[arg-type]  # NumPy's types take the names for its options
    return buffer.getvalue()
