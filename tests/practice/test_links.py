"""The chain of a training: the same through interruptions, and none where it would have gaps."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import limits
from runner.build_folder import CHAIN_FILE, LINKS_FILE, state_file
from runner.practice.data import sets
from runner.practice.parameters import Parameters
from runner.results.chain import Chain, read_chain, read_state, state_sha256
from runner.results.records import Epoch, Predictions
from tests.practice.test_training import parameters

pytestmark = pytest.mark.xdist_group("tensorflow")

training = pytest.importorskip("runner.practice.training")
checkpoints = pytest.importorskip("runner.practice.checkpoints")
links = pytest.importorskip("runner.practice.states.links")
model_module = pytest.importorskip("runner.practice.model")
keras = pytest.importorskip("keras")

P = parameters(epochs=4, batch_size=64, dropout=0.2)
LABELS = np.arange(8) % 10
EPOCHS = [
    Epoch(
        epoch=n,
        learning_rate=0.01,
        train_loss=1.0,
        train_cross_entropy=1.0,
        train_accuracy=0.5,
        validation_loss=1.0,
        validation_cross_entropy=1.0,
        validation_accuracy=0.5,
        train_seconds=1.0,
        validation_seconds=1.0,
    )
    for n in range(1, P.epochs + 1)
]
EVEN = np.full((8, 10), 0.1, np.float32)
PREDICTIONS = Predictions(LABELS, EVEN, np.full(8, 2.3), LABELS, EVEN, np.full(8, 2.3))


class Killed(BaseException):
    """Stands for the end of the process in the middle of an epoch."""


class KillIn(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the run when an epoch (from 0) begins."""

    def __init__(self, epoch: int | None) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        if epoch == self.epoch:
            raise Killed


def run(folder: Path, kill_in: int | None = None, p: Parameters = P, key: str = "k") -> Any:
    """Train on 200 digits as the notebook does, to the end or into an epoch; the chain's callback."""
    kept = folder / "checkpoints" / "good"
    kept.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(p.seed)
    digits = sets.load("digits")
    x, y = digits.x_train[:200], digits.y_train[:200]
    model = model_module.build_model(p)
    training.compile_model(model, p, len(x))
    checkpoint = checkpoints.EpochCheckpoint(model, training.EpochClock(), kept, key)
    chain = links.Links(kept, key, p.epochs, checkpoint.epoch)
    with suppress(Killed):
        model.fit(
            training.training_batches(x, y, p, first_epoch=checkpoint.epoch),
            initial_epoch=checkpoint.epoch,
            epochs=p.epochs,
            steps_per_epoch=training.steps_per_epoch(len(x), p.batch_size),
            callbacks=[checkpoint.clock, chain, checkpoint, KillIn(kill_in)],
            validation_data=training.evaluation_batches(x, y),
            verbose=0,
        )
    return chain


def left(chain: Any, folder: Path) -> Chain | None:
    """What the training leaves as its result."""
    target = folder / "results" / "good"
    target.mkdir(parents=True)
    chain.leave(target, EPOCHS, PREDICTIONS)
    return read_chain(target)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that ended after its first epoch; to be copied."""
    folder = tmp_path_factory.mktemp("interrupted")
    assert len(run(folder, kill_in=1).links) == 1
    return folder


def goes_on(interrupted: Path, folder: Path) -> Path:
    """The folder as the interrupted training left it."""
    return Path(shutil.copytree(interrupted, folder, dirs_exist_ok=True))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Chain, Path]:
    """The chain of a training that nothing disturbed, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    found = left(run(folder), folder)
    assert found is not None
    return found, folder


def test_the_drawn_states_are_left_and_have_the_hashes_of_their_links(whole: tuple[Chain, Path]) -> None:
    chain, folder = whole
    assert len(chain.links) == 4 and len({chain.start, *chain.links}) == 5 and len(chain.drawn) == 2
    for epoch in chain.drawn:
        assert state_sha256(read_state(folder / "results" / "good", epoch)) == chain.links[epoch - 1]
    files = {path.name for path in (folder / "results" / "good").iterdir()}
    assert files == {CHAIN_FILE, *map(state_file, chain.drawn)}
    assert not (folder / "checkpoints" / "good" / state_file(4)).exists()  # nothing begins with the last


def test_twice_interrupted_it_is_the_same_chain(
    whole: tuple[Chain, Path], interrupted: Path, tmp_path: Path
) -> None:
    assert len(run(goes_on(interrupted, tmp_path), kill_in=3).links) == 3
    assert left(run(tmp_path), tmp_path) == whole[0]


@pytest.mark.parametrize("damage", ["gone", "no links", "another state's"])
def test_without_the_links_before_an_interruption_there_is_no_chain(
    damage: str, interrupted: Path, tmp_path: Path
) -> None:
    path = goes_on(interrupted, tmp_path) / "checkpoints" / "good" / LINKS_FILE
    content = path.read_text(encoding="utf-8")
    assert content.count(links.LinksSoFar.model_validate_json(content).links[0]) == 1
    if damage == "gone":
        path.unlink()
    else:
        found = links.LinksSoFar.model_validate_json(content)
        path.write_text("{" if damage == "no links" else content.replace(found.links[0], found.start))
    made = run(tmp_path, kill_in=1)  # at once: what came before is looked at as the training begins
    made.on_epoch_end(1)
    assert (made.start, made.links) == ("", [])
    assert left(made, tmp_path) is None


def test_a_state_that_is_damaged_is_not_left_and_one_that_cant_be_kept_stops_nothing(
    whole: tuple[Chain, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain, _ = whole
    kept = tmp_path / "checkpoints" / "good"
    (kept / state_file(chain.drawn[0])).mkdir(parents=True)  # nothing can be written in its place
    made = run(tmp_path)
    said = capsys.readouterr().out
    assert f"No se pudo guardar el eslabón de la época {chain.drawn[0]}" in said
    (kept / state_file(chain.drawn[1])).write_bytes(b"PK")
    assert left(made, tmp_path) == chain
    assert {path.name for path in (tmp_path / "results" / "good").iterdir()} == {CHAIN_FILE}


def test_states_of_a_large_training_are_kept_further_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: tuple[Chain, Path]
) -> None:
    size = sum(a.nbytes for a in read_state(whole[1] / "results" / "good", whole[0].drawn[0]))
    monkeypatch.setattr(limits, "STATES_BYTES", 2 * size)
    found = left(run(tmp_path), tmp_path)
    assert found is not None and (found.links, found.every, found.drawn) == (whole[0].links, 2, (2,))
    assert [path.name for path in (tmp_path / "checkpoints" / "good").glob("state-*")] == [state_file(2)]
