"""Trains one epoch of one variant again, from the state that it began with, or from the seed.

``python -m runner.practice.states.again IN.json OUT.npz`` is the process that does it: the settings in force
there were those of the training.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from runner import limits
from runner.errors import InputError, RunnerError
from runner.plan.practice import Again, Link
from runner.practice.parameters import Parameters
from runner.processes.callers import end_with_caller
from runner.results.chain import state_of
from runner.results.npz import read_npz

CHANGES_NO_DIGIT = True  # of a training: see code_closure
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
CURVE = ("loss", "cross_entropy", "accuracy")  # names of Keras's; of validation, after "val_"
PREDICTED = tuple(
    f"{split}_{part}"
    for split in ("validation", "test")
    for part in ("labels", "probabilities", "cross_entropy")
)


def train_again(link: Link, otherwise: bool = False) -> Again:
    """The epoch of the link, trained again in another process.

    ``otherwise`` rounds differently, as another machine might: by TensorFlow's other kernels, or in bfloat16,
    which has no others, by another number of threads. Raises RunnerError with the last words of a process
    that fails, InputError where TensorFlow is not installed.
    """
    environment, threads = dict(link.environment), link.threads
    if otherwise and link.precision == "float32":
        environment[ONEDNN] = "0" if environment.get(ONEDNN) == "1" else "1"
    elif otherwise:
        threads = 2 if threads == 1 else 1
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        given, left = Path(folder) / "in.json", Path(folder) / "out.npz"
        given.write_text(asked_for(link, threads), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "runner.practice.states.again", str(given), str(left)]
        try:
            done = subprocess.run(
                command,
                env=os.environ | environment,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limits.REPLAY_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise RunnerError(f"took longer than {limits.REPLAY_SECONDS:.0f} seconds") from error
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            if said.startswith("ModuleNotFoundError"):
                raise InputError(f"to train again needs what is not installed here: {said}")
            raise RunnerError(said.removeprefix("runner.errors.RunnerError: "))
        return read_again(left)


def asked_for(link: Link, threads: int) -> str:
    """What ``main`` reads, for it to train the epoch of the link with so many threads."""
    state = str(link.state.absolute()) if link.state else None
    asked = {"parameters": dict(link.values), "epoch": link.epoch, "state": state, "threads": threads}
    return json.dumps(asked)


def read_again(left: Path) -> Again:
    """What ``main`` left."""
    with np.load(left, allow_pickle=False) as file:
        arrays = dict(file)
    return Again(
        start=str(arrays["start"]),
        end=str(arrays["end"]),
        curve=tuple(map(float, arrays["curve"])),
        fitted=tuple(map(float, arrays["fitted"])),
        environment=json.loads(str(arrays["environment"])),
        predictions={name: arrays[name] for name in PREDICTED},
    )


def again(p: Parameters, epoch: int, state: list[np.ndarray] | None, threads: int) -> dict[str, Any]:
    """What comes of the epoch (from 1): hashes of the states around it, its curve, and predictions after it.

    Without a ``state`` it begins as the training does. Raises RunnerError for one of another network.
    """
    import keras

    from runner.practice import measure, training
    from runner.practice import model as cnn
    from runner.practice.data import sets
    from runner.practice.states import links
    from runner.results.chain import state_sha256

    training.prepare(p, threads)
    dataset = sets.load(p.dataset)
    split = sets.split(
        dataset.y_train, validation_fraction=p.validation_fraction, limit=p.train_limit or None, seed=p.seed
    )
    x, y = dataset.x_train[split.train], dataset.y_train[split.train]
    shown = dataset.x_train[split.validation], dataset.y_train[split.validation]
    model = cnn.build_model(p)
    training.initialise(model, p, x)
    training.compile_model(model, p, len(x))
    model.optimizer.build(model.trainable_variables)
    rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    if state is not None and not links.put_in(model, state):
        raise RunnerError("the state does not fit the network of these parameters")
    if p.schedule == "constant" and rate != float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)):
        raise RunnerError("the state has another learning rate than the parameters")  # it is a part of states
    start, clock = state_sha256(links.training_state(model)), training.EpochClock()
    seen = model.fit(
        training.training_batches(x, y, p, first_epoch=epoch - 1),
        initial_epoch=epoch - 1,
        epochs=epoch,
        steps_per_epoch=training.steps_per_epoch(len(x), p.batch_size),
        validation_data=training.evaluation_batches(*shown),
        callbacks=[clock],
        verbose=0,
    ).history
    end = state_sha256(links.training_state(model))
    fitted = measure.evaluate(model, x, y)[0] if epoch == p.epochs else None
    predictions = measure.evaluate_new(model, dataset, split).predictions
    return {
        "start": start,
        "end": end,
        "curve": np.array(
            [*clock.learning_rates, *(seen[prefix + name][0] for prefix in ("", "val_") for name in CURVE)]
        ),
        "fitted": np.array([fitted.cross_entropy, fitted.accuracy] if fitted else []),
        "environment": measure.environment(threads).model_dump_json(),
        **{name: getattr(predictions, name) for name in PREDICTED},
    }


def main(given: Path, left: Path) -> None:
    """The other process."""
    end_with_caller()
    asked = json.loads(given.read_text(encoding="utf-8"))
    p = Parameters.model_validate_json(json.dumps(asked["parameters"]))
    state = None
    if asked["state"] is not None:
        state = state_of(read_npz(Path(asked["state"]), None, limits.UNPACKED_BYTES))
    np.savez(left, **again(p, asked["epoch"], state, asked["threads"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
