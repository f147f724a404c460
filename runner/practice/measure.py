"""Measures a trained model and leaves record, predictions, history and weights in a folder."""

from __future__ import annotations

import csv
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.special import log_softmax

from runner.build_folder import BEST_EPOCH_FILE, HISTORY_FILE, MODEL_FILE, PREDICTIONS_FILE, TRAINING_FILE
from runner.files import write_json
from runner.kernel import explain
from runner.machine.capacity import usable_cores
from runner.machine.processor import processor
from runner.practice.checkpoints import JUDGED_BY
from runner.practice.data.sets import Dataset, Split
from runner.practice.flops import flops_per_image
from runner.practice.parameters import CLASSES
from runner.practice.training import EpochClock, evaluation_batches
from runner.results import records
from runner.results.reasons import Reason


def check_finite(history: Mapping[str, Sequence[float]]) -> None:
    """Raise FloatingPointError, naming metric and epoch, if any value is not a finite number."""
    for metric, values in history.items():
        for epoch, value in enumerate(values, start=1):
            if not np.isfinite(value):
                reason = Reason.of("not_finite", metric=metric, value=str(value), epoch=epoch)
                explain(reason)
                raise FloatingPointError(str(reason))


def measure(
    model: keras.Model,
    standard: keras.Model,
    history: Mapping[str, Sequence[float]],
    clock: EpochClock,
    dataset: Dataset,
    split: Split,
    threads: int,
    best_weights: Sequence[np.ndarray] = (),
) -> tuple[records.Training, records.Predictions]:
    """Record of the run and predictions of each validation and test image.

    All three sets are seen once with the final weights, without augmentation; validation and test once more
    with ``best_weights``, those of the best epoch, if there are any and it is not the last. The model is left
    with its final weights. The layers in the record are those of ``standard``, the same network in Keras's
    own layers.
    """
    check_finite(history)
    train, *_ = evaluate(model, dataset.x_train[split.train], dataset.y_train[split.train])
    measured = evaluate_new(model, dataset, split)
    best = measure_best(model, history, best_weights, dataset, split, measured)
    training = records.Training(
        model=summarise_model(standard),
        epochs=epochs(history, clock),
        evaluation=records.Evaluation(train=train, validation=measured.validation, test=measured.test),
        best=best[0] if best else None,
        timing=timing(clock, len(split.train)),
        memory_peak_bytes=memory_peak(),
        data=summarise_data(dataset, split),
        environment=environment(threads),
        restored_epochs=clock.restored,
    )
    earlier = best[1] if best and best[1] is not measured.predictions else None
    return training, replace(measured.predictions, best=earlier)


@dataclass(frozen=True)
class New:
    """Scores and predictions of the images that trained no weights."""

    validation: records.Scores
    test: records.Scores
    predictions: records.Predictions


def evaluate_new(model: keras.Model, dataset: Dataset, split: Split) -> New:
    """How the model does on the validation and the test images."""
    labels = dataset.y_train[split.validation]
    validation, p_validation, e_validation = evaluate(model, dataset.x_train[split.validation], labels)
    test, p_test, e_test = evaluate(model, dataset.x_test, dataset.y_test)
    predictions = records.Predictions(labels, p_validation, e_validation, dataset.y_test, p_test, e_test)
    return New(validation, test, predictions)


def measure_best(
    model: keras.Model,
    history: Mapping[str, Sequence[float]],
    weights: Sequence[np.ndarray],
    dataset: Dataset,
    split: Split,
    last: New,
) -> tuple[records.BestEpoch, records.Predictions] | None:
    """The best epoch and its predictions; those of the ``last`` if it is that; None without its weights."""
    if not weights:
        return None
    losses = history[JUDGED_BY]
    epoch, found = losses.index(min(losses)) + 1, last
    if epoch < len(losses):
        final = model.get_weights()
        model.set_weights(weights)
        found = evaluate_new(model, dataset, split)
        model.set_weights(final)
    best = records.BestEpoch(epoch=epoch, validation=found.validation, test=found.test)
    return best, found.predictions


def evaluate(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> tuple[records.Scores, np.ndarray, np.ndarray]:
    """Metrics on byte images (n, 32, 32, 3) with labels (n,), probabilities (n, 10), cross-entropies (n,).

    All is computed in float32. The losses are those of the logits, as Keras computes them while it trains:
    from probabilities it would clip them, and the loss of a network that is very sure of its errors would be
    another than its curve's.
    """
    logits = output_logits(model).predict(evaluation_batches(images, labels), verbose=0)
    logs = log_softmax(logits.astype(np.float64), axis=1)
    entropy = -logs[np.arange(len(labels)), labels]
    loss = type(model.loss).from_config({**model.loss.get_config(), "from_logits": True})
    scores = records.Scores(
        loss=float(keras.ops.mean(loss(keras.utils.to_categorical(labels, CLASSES), logits))),
        cross_entropy=float(entropy.mean()),
        accuracy=float(np.mean(logits.argmax(axis=1) == labels)),
        images=len(labels),
    )
    return scores, np.exp(logs).astype(np.float32), entropy


def output_logits(model: keras.Model) -> keras.Model:
    """The same network, with the weights that it has now, up to what its last softmax is taken of."""
    last = model.layers[-1]
    linear = keras.layers.Dense.from_config({**last.get_config(), "activation": "linear", "name": "logits"})
    logits = keras.Model(model.inputs, linear(last.input))
    linear.set_weights(last.get_weights())
    return logits


def epochs(history: Mapping[str, Sequence[float]], clock: EpochClock) -> tuple[records.Epoch, ...]:
    """Keras's history and the clock's seconds, epoch by epoch."""
    return tuple(
        records.Epoch(
            epoch=i + 1,
            learning_rate=clock.learning_rates[i],
            train_loss=history["loss"][i],
            train_cross_entropy=history["cross_entropy"][i],
            train_accuracy=history["accuracy"][i],
            validation_loss=history["val_loss"][i],
            validation_cross_entropy=history["val_cross_entropy"][i],
            validation_accuracy=history["val_accuracy"][i],
            train_seconds=clock.training[i],
            validation_seconds=clock.validation[i],
        )
        for i in range(len(history["loss"]))
    )


def timing(clock: EpochClock, images: int) -> records.Timing:
    """Summary of the clock; ``images`` is how many an epoch trains on."""
    plain = [seconds for epoch, seconds in enumerate(clock.training) if epoch not in clock.traced]
    typical = statistics.median(plain or clock.training)
    return records.Timing(
        first_epoch_seconds=clock.training[0],
        epoch_seconds=typical,
        train_seconds=sum(clock.training),
        validation_seconds=sum(clock.validation),
        images_per_second=images / typical,
    )


def summarise_model(model: keras.Model) -> records.ModelSummary:
    """Layers and sizes of the model."""
    layers = tuple(
        records.Layer(
            name=layer.name,
            kind=type(layer).__name__,
            output_shape=tuple(layer.output.shape[1:]),
            parameters=layer.count_params(),
        )
        for layer in model.layers
    )
    return records.ModelSummary(
        layers=layers,
        parameters=model.count_params(),
        trainable_parameters=sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        flops_per_image=flops_per_image(model),
    )


def summarise_data(dataset: Dataset, split: Split) -> records.DataSummary:
    """Name, hashes and numbers of images."""
    return records.DataSummary(
        name=dataset.name,
        label=dataset.label,
        class_names=dataset.class_names,
        sha256=dataset.sha256,
        train_images=len(split.train),
        validation_images=len(split.validation),
        test_images=len(dataset.y_test),
    )


def environment(threads: int) -> records.Environment:
    """Versions and machine."""
    return records.Environment(
        python=platform.python_version(),
        tensorflow=tf.__version__,
        keras=keras.__version__,
        numpy=np.__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=processor(),
        cores=usable_cores(),
        threads=threads,
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1",
        gpus=tuple(d.name for d in tf.config.list_physical_devices("GPU")),
    )


def memory_peak() -> int:
    """Largest resident memory of this process so far, in bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB


def save(
    folder: Path, model: keras.Model, training: records.Training, predictions: records.Predictions
) -> None:
    """Leave everything in ``folder``, the record last; ``model`` is the one of the last epoch."""
    model.save(folder / MODEL_FILE)
    np.savez_compressed(folder / PREDICTIONS_FILE, **predictions.arrays)  # type: ignore[arg-type]  # as options
    if predictions.best is not None:
        np.savez_compressed(folder / BEST_EPOCH_FILE, **predictions.best.arrays)  # type: ignore[arg-type]
    with open(folder / HISTORY_FILE, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123
        writer = csv.DictWriter(file, fieldnames=list(records.Epoch.model_fields))
        writer.writeheader()
        writer.writerows(epoch.model_dump() for epoch in training.epochs)
    write_json(folder / TRAINING_FILE, training)
