"""An interrupted training ends bit for bit as one that was not."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from runner.practice.data import sets
from runner.practice.parameters import Parameters
from tests.practice.test_training import parameters

pytestmark = pytest.mark.xdist_group("tensorflow")

training = pytest.importorskip("runner.practice.training")
checkpoints = pytest.importorskip("runner.practice.checkpoints")
model_module = pytest.importorskip("runner.practice.model")
keras = pytest.importorskip("keras")

EVERYTHING = {
    "dropout": 0.3,
    "batch_norm": True,
    "augmentation": "flip-shift",
    "schedule": "one-cycle",
    "epochs": 4,
    "batch_size": 8,
}
RUNS = {
    "adam": {},
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05, "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.05, "label_smoothing": 0.1},
    "muon": {
        "optimizer": "muon",
        "momentum": 0.85,
        "kernel_rate": 0.1,
        "bias_rate": 8.0,
        "batch_norm": True,
        "stem": "whitening",
        "stem_filters": 8,
        "stem_bias": True,
        "squeeze_ratio": 2,
    },
    "constant": {"optimizer": "rmsprop", "schedule": "constant"},
}


class Killed(BaseException):
    """Stands for the end of the process in the middle of an epoch."""


class KillIn(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the run after some batches of an epoch (from 0)."""

    def __init__(self, epoch: int | None) -> None:
        super().__init__()
        self.epoch = epoch
        self.now: int | None = None

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self.now == self.epoch:
            raise Killed


class Outcome:
    """What a run left: all variables, history, clock, and the next draws of the random streams."""

    def __init__(self, model: keras.Model, clock: training.EpochClock, checkpoint: object) -> None:
        variables = [*model.variables, *model.optimizer.variables]
        self.variables = [v.numpy().tobytes() for v in variables]
        self.history = checkpoint.history  # type: ignore[attr-defined]
        self.best = [weights.tobytes() for weights in checkpoint.best_weights]  # type: ignore[attr-defined]
        self.clock = clock
        self.draws = random.random(), float(np.random.random())


def run(p: Parameters, folder: Path | None, kill_in: int | None = None, key: str = "k") -> Outcome:
    """Train on 200 digits as the notebook does, with several batches a call."""
    keras.utils.set_random_seed(p.seed)
    digits = sets.load("digits")
    x, y = digits.x_train[:200], digits.y_train[:200]
    model = model_module.build_model(p)
    training.compile_model(model, p, len(x))
    model.steps_per_execution = 5
    clock = training.EpochClock()
    checkpoint = checkpoints.EpochCheckpoint(model, clock, folder, key)
    model.fit(
        training.training_batches(x, y, p, first_epoch=checkpoint.epoch),
        initial_epoch=checkpoint.epoch,
        epochs=p.epochs,
        steps_per_epoch=training.steps_per_epoch(len(x), p.batch_size),
        validation_data=training.evaluation_batches(x, y),
        callbacks=[clock, checkpoint, KillIn(kill_in)],
        verbose=0,
    )
    return Outcome(model, clock, checkpoint)


@cache
def whole(p: Parameters) -> Outcome:
    """What a run leaves that nothing disturbed."""
    return run(p, None)


def killed(p: Parameters, folder: Path, epoch: int) -> None:
    with pytest.raises(Killed):
        run(p, folder, kill_in=epoch)


SMALL = parameters(epochs=3, batch_size=64)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``SMALL`` left when it was killed in the third epoch."""
    folder = tmp_path_factory.mktemp("small")
    killed(SMALL, folder, 2)
    return folder


@pytest.fixture
def left(small: Path, tmp_path: Path) -> Path:
    """A copy of it to go on from, or to damage."""
    return Path(shutil.copytree(small, tmp_path / "left"))


@pytest.mark.parametrize("kind", RUNS)
def test_twice_killed_and_never_killed_are_the_same_run(tmp_path: Path, kind: str) -> None:
    p = parameters(**{**EVERYTHING, **RUNS[kind]})
    killed(p, tmp_path, 1)
    killed(p, tmp_path, 2)
    resumed = run(p, tmp_path)
    assert resumed.variables == whole(p).variables
    assert resumed.history == whole(p).history
    assert resumed.best == whole(p).best
    assert resumed.draws == whole(p).draws
    assert resumed.clock.learning_rates == whole(p).clock.learning_rates
    assert len(resumed.clock.training) == 4
    assert (resumed.clock.restored, resumed.clock.traced) == (2, [0, 1, 2])


def test_each_part_of_the_state_counts(tmp_path: Path) -> None:
    """The comparison above would notice the loss of any array: without it, the run ends otherwise."""
    p = parameters(**EVERYTHING)
    killed(p, tmp_path, 2)
    kept = checkpoints.read_checkpoint(tmp_path, "k")
    assert kept is not None
    names = [v.path for v in _fresh(p)]
    for part in ("seed_generator_state", "moving_variance", "velocity", "iteration", "kernel"):
        at = next(i for i, name in enumerate(names) if part in name)
        changed = kept | {f"variable-{at}": kept[f"variable-{at}"] + 1}
        checkpoints.write_checkpoint(tmp_path, "k", 2, changed)
        assert run(p, tmp_path).history != whole(p).history, part


def _fresh(p: Parameters) -> list[object]:
    model = model_module.build_model(p)
    training.compile_model(model, p, 200)
    model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def test_killed_after_the_last_epoch_trains_no_more(tmp_path: Path) -> None:
    p = parameters(**EVERYTHING)
    first = run(p, tmp_path)
    again = run(p, tmp_path)
    assert again.variables == first.variables
    assert again.history == first.history
    assert again.best == first.best
    assert again.clock.training == first.clock.training
    assert again.clock.restored == 4


def test_the_best_weights_are_those_of_the_lowest_validation_loss_and_of_equals_the_first() -> None:
    p = parameters(epochs=1)
    model = model_module.build_model(p)
    training.compile_model(model, p, 200)
    checkpoint = checkpoints.EpochCheckpoint(model, training.EpochClock(), None, "k")
    checkpoint.set_model(model)
    for epoch, loss in enumerate([0.9, 0.7, 0.7, 0.8]):
        model.set_weights([np.full(each.shape, epoch, np.float32) for each in model.weights])
        checkpoint.on_epoch_end(epoch, {"val_cross_entropy": loss})
    assert {float(each.max()) for each in checkpoint.best_weights} == {1.0}


def test_gone_on_from_a_checkpoint_the_best_epoch_stays_best(left: Path) -> None:
    """The loss of the first epoch is made lower than any other can be, and its weights are known again."""
    kept = checkpoints.read_checkpoint(left, "k")
    assert kept is not None
    progress = json.loads(kept["progress"].tobytes())
    progress["history"]["val_cross_entropy"][0] = 0.0
    best = {name: np.full_like(value, 7) for name, value in kept.items() if name.startswith("best-")}
    changed = {**kept, **best, "progress": np.frombuffer(json.dumps(progress).encode(), np.uint8)}
    checkpoints.write_checkpoint(left, "k", 2, changed)
    resumed = run(SMALL, left)
    assert resumed.clock.restored == 2
    assert len(resumed.best) == len(best) > 0
    assert resumed.best == [best[f"best-{i}"].tobytes() for i in range(len(best))]


def other_best_weights(folder: Path) -> None:
    found = checkpoints.read_checkpoint(folder, "k")
    assert found is not None
    checkpoints.write_checkpoint(folder, "k", 2, found | {"best-0": np.zeros(3, np.float32)})


def truncate(folder: Path) -> None:
    path = folder / "epoch-2.npz"
    path.write_bytes(path.read_bytes()[:-200])


def flip_a_bit(folder: Path) -> None:
    path = folder / "epoch-2.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_hash(folder: Path) -> None:
    index = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps(index | {"sha256": "0" * 64}))


def outside(folder: Path) -> None:
    index = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps(index | {"file": "../../etc/passwd"}))


def other_model(folder: Path) -> None:
    checkpoints.write_checkpoint(folder, "k", 2, {"variable-0": np.zeros(3, np.float32)})


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": truncate,
    "one bit": flip_a_bit,
    "no arrays": lambda folder: (folder / "epoch-2.npz").unlink(),
    "no index": lambda folder: (folder / "checkpoint.json").unlink(),
    "half an index": lambda folder: (folder / "checkpoint.json").write_text('{"key": "k", "fi'),
    "other hash": other_hash,
    "file outside": outside,
    "not an archive": lambda folder: (folder / "epoch-2.npz").write_bytes(b"PK"),
    "other model": other_model,
    "best weights of another model": other_best_weights,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_none(left: Path, kind: str) -> None:
    DAMAGE[kind](left)
    found = run(SMALL, left)
    assert found.clock.restored == 0
    assert found.history == whole(SMALL).history
    assert found.variables == whole(SMALL).variables


def test_an_undamaged_one_is_gone_on_from(left: Path) -> None:
    """So that the test above can fail."""
    assert run(SMALL, left).clock.restored == 2


def test_a_checkpoint_of_another_key_is_none(left: Path) -> None:
    assert run(SMALL, left, key="other").clock.restored == 0


def test_only_the_newest_checkpoint_is_kept_and_nothing_half_written(tmp_path: Path) -> None:
    run(SMALL, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "epoch-3.npz"]


def test_a_folder_that_cannot_be_written_costs_the_checkpoint_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert run(SMALL, blocked).history == whole(SMALL).history
    assert "No se pudo guardar" in capsys.readouterr().out


def test_an_epoch_with_nan_is_in_the_history_and_not_kept(tmp_path: Path) -> None:
    p = parameters(epochs=2, batch_size=64)
    run(p, tmp_path)
    model = model_module.build_model(p)
    training.compile_model(model, p, 200)
    checkpoint = checkpoints.EpochCheckpoint(model, training.EpochClock(), tmp_path, "k")
    checkpoint.set_model(model)
    checkpoint.on_epoch_end(2, {"loss": float("nan")})
    assert np.isnan(checkpoint.history["loss"][2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "epoch-2.npz"]
