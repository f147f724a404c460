"""Epoch by epoch on disk: a training that is cut off goes on from its last whole epoch, bit for bit.

The weights of its best epoch so far are kept as well, so that it can be measured when all is trained.

A checkpoint is one ``.npz`` with all that the coming epochs depend on, and an index that is written last
and holds its hash. Whatever does not fit (another key, a damaged file, other shapes) is no checkpoint, and
the training starts afresh.
"""

from __future__ import annotations

import hashlib
import io
import math
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np

from runner import limits
from runner.build_folder import CHECKPOINT_FILE, EPOCH, root_of
from runner.files import Record, write_bytes, write_json
from runner.gate import Strange, names_in, read_bytes, remove_file
from runner.practice.training import EpochClock
from runner.results.attempts import note_seconds
from runner.results.npz import arrays_of

SECONDS_BETWEEN_NOTES = 1.0
JUDGED_BY = "val_cross_entropy"  # the lowest is the best epoch; of equals the first
BEST = "best-"  # begins the names of the best epoch's weights

Weights = list[np.ndarray]


class Index(Record):
    """Which file holds the checkpoint, its SHA-256, and the key of the run that it belongs to."""

    key: str
    file: str
    sha256: str


class Progress(Record):
    """What was measured up to the checkpoint: Keras's history and the clock's lists, an entry an epoch."""

    history: dict[str, list[float]]
    training: list[float]
    validation: list[float]
    learning_rates: list[float]
    traced: list[int]


class EpochCheckpoint(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Begins where an interrupted run ended, and keeps the state of training after each epoch.

    Kept are the model's variables (weights, statistics of batch normalisation, the position of each
    Dropout's stream), the optimizer's, Python's and NumPy's random streams, and what was measured. The
    order of the images and their augmentation are functions of (seed, epoch) and need no keeping.

    ``epoch`` is how many whole epochs lie behind, ``history`` Keras's history of all of them, and
    ``best_weights`` are those of the best of them (none before the first, or without validation). Without a
    ``folder`` nothing is kept on disk. It must come after ``clock`` among the callbacks.
    """

    def __init__(self, model: keras.Model, clock: EpochClock, folder: Path | None, key: str) -> None:
        super().__init__()
        self.clock, self.folder, self.key = clock, folder, key
        self.history: dict[str, list[float]] = {}
        self.best_weights: Weights = []
        self.epoch = 0
        self._noted = 0.0
        found = read_checkpoint(folder, key) if folder else None
        progress = _progress(found) if found is not None else None
        if found is not None and progress is not None and restore(model, found):
            self.history, self.best_weights = progress.history, _best_weights(found)
            self.epoch = clock.restored = len(progress.training)
            clock.training, clock.validation = progress.training, progress.validation
            clock.learning_rates, clock.traced = progress.learning_rates, progress.traced

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        for place in range(self.epoch):
            values = " - ".join(f"{name}: {seen[place]:.4f}" for name, seen in self.history.items())
            print(f"Epoch {place + 1} (antes de una interrupción) - {values}")

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self._note()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self._note()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in values.items():
            self.history.setdefault(name, []).append(value)
        self.epoch = epoch + 1
        if is_best(self.history.get(JUDGED_BY, ())):
            self.best_weights = self.model.get_weights()
        if self.folder is None or not all(map(math.isfinite, values.values())):
            return
        try:
            self._save(self.folder)
        except OSError as error:  # a full disk costs the checkpoint, not the training
            print(f"No se pudo guardar el estado de la época {epoch + 1}: {error.strerror}")

    def _save(self, folder: Path) -> None:
        clock = self.clock
        progress = Progress(
            history=self.history,
            training=clock.training,
            validation=clock.validation,
            learning_rates=clock.learning_rates,
            traced=clock.traced,
        )
        write_checkpoint(folder, self.key, self.epoch, state_of(self.model, progress, self.best_weights))
        note_seconds(folder)

    def _note(self) -> None:
        """Let the runner know how long this attempt has lasted, should it be cut off now."""
        if self.folder is not None and time.monotonic() - self._noted >= SECONDS_BETWEEN_NOTES:
            self._noted = time.monotonic()
            with suppress(OSError):
                note_seconds(self.folder)


def is_best(losses: Sequence[float]) -> bool:
    """Whether the last of the epochs' losses is a number below all the earlier ones."""
    *earlier, last = losses or (math.nan,)
    return math.isfinite(last) and not any(loss <= last for loss in earlier)


def state_of(model: keras.Model, progress: Progress, best: Weights) -> dict[str, np.ndarray]:
    """All that the coming epochs depend on, as named arrays, and the weights of the best epoch so far."""
    arrays = {f"variable-{i}": np.asarray(v.numpy()) for i, v in enumerate(_variables(model))}
    arrays |= {f"{BEST}{i}": weights for i, weights in enumerate(best)}
    version, state, _ = random.getstate()
    _, numpy_state, position, *gauss = np.random.get_state()
    return arrays | {
        "python-random": np.array([version, *state], np.int64),
        "numpy-random": np.asarray(numpy_state),
        "numpy-random-rest": np.array([position, *gauss], np.float64),
        "progress": np.frombuffer(progress.model_dump_json().encode(), np.uint8),
    }


def restore(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> bool:
    """Put ``model`` and the random streams into the state kept; False if it doesn't fit."""
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    kept = [arrays.get(f"variable-{i}") for i in range(len(variables))]
    if f"variable-{len(variables)}" in arrays or not all(map(_fits, variables, kept)):
        return False
    best = _best_weights(arrays)
    if [each.shape for each in best] not in ([], [tuple(each.shape) for each in model.weights]):
        return False
    if not _restore_streams(arrays):
        return False
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)
    return True


def _restore_streams(arrays: Mapping[str, np.ndarray]) -> bool:
    """Put the random streams into the state kept; False, and as they were, if it is none."""
    before = random.getstate(), np.random.get_state()
    try:
        version, *state = arrays["python-random"].tolist()
        random.setstate((version, tuple(state), None))
        position, has_gauss, gauss = arrays["numpy-random-rest"].tolist()
        streams = arrays["numpy-random"], int(position), int(has_gauss), gauss
        np.random.set_state(("MT19937", *streams))
    except (KeyError, TypeError, ValueError, OverflowError):
        random.setstate(before[0])
        np.random.set_state(before[1])
        return False
    return True


def write_checkpoint(folder: Path, key: str, epoch: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the checkpoint whole: its file, then the index that names it, then the one before goes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # NumPy's types take the names for its options
    content = buffer.getvalue()
    root, target = root_of(folder), folder / f"epoch-{epoch}.npz"
    write_bytes(target, content, root, lasting=True)
    index = Index(key=key, file=target.name, sha256=hashlib.sha256(content).hexdigest())
    write_json(folder / CHECKPOINT_FILE, index, root)
    for name in names_in(folder, root):
        if EPOCH.fullmatch(name) and name != target.name:
            remove_file(folder / name, root)


def read_checkpoint(folder: Path, key: str) -> dict[str, np.ndarray] | None:
    """The arrays of the checkpoint in ``folder``; None if there is none, whole, of the run ``key``."""
    try:
        root = root_of(folder)
        index = Index.model_validate_json(read_bytes(folder / CHECKPOINT_FILE, root))
        content = read_bytes(folder / Path(index.file).name, root)
        if index.key != key or hashlib.sha256(content).hexdigest() != index.sha256:
            return None
        return arrays_of(content, limits.CHECKPOINT_BYTES)
    except (OSError, ValueError, Strange):
        return None


def _best_weights(arrays: Mapping[str, np.ndarray]) -> Weights:
    """The weights of the best epoch that a checkpoint holds, in the order of the model's."""
    count = sum(name.startswith(BEST) for name in arrays)
    return [arrays[name] for i in range(count) if (name := f"{BEST}{i}") in arrays]


def _variables(model: keras.Model) -> Sequence[Any]:
    return [*model.variables, *model.optimizer.variables]


def _fits(variable: Any, value: np.ndarray | None) -> bool:
    return value is not None and tuple(variable.shape) == value.shape and str(variable.dtype) == value.dtype


def _progress(arrays: Mapping[str, np.ndarray]) -> Progress | None:
    """What was measured; None if it is no record of that, with an entry an epoch."""
    try:
        found = Progress.model_validate_json(arrays["progress"].tobytes())
    except (KeyError, ValueError):
        return None
    epochs = {len(each) for each in (found.training, found.validation, *found.history.values())}
    return found if len(epochs) == 1 else None
