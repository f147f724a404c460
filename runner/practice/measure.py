"""Measures a trained model and leaves record, predictions, history and weights in a folder."""

from __future__ import annotations

import csv
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from runner.build_folder import HISTORY_FILE, MODEL_FILE, PREDICTIONS_FILE, TRAINING_FILE
from runner.files import write_json
from runner.kernel import explain
from runner.machine.capacity import usable_cores
from runner.machine.processor import processor
from runner.practice.data.sets import Dataset, Split
from runner.practice.flops import flops_per_image
from runner.practice.parameters import CLASSES
from runner.practice.precision import in_float32
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
) -> tuple[records.Training, records.Predictions]:
    """Record of the run and predictions of each validation and test image.

    All three sets are seen once with the final weights, without augmentation. The layers in the record are
    those of ``standard``, the same network in Keras's own layers.
    """
    check_finite(history)
    y_train = dataset.y_train
    train, _ = evaluate(model, dataset.x_train[split.train], y_train[split.train])
    validation, p_validation = evaluate(model, dataset.x_train[split.validation], y_train[split.validation])
    test, p_test = evaluate(model, dataset.x_test, dataset.y_test)
    training = records.Training(
        model=summarise_model(standard),
        epochs=epochs(history, clock),
        evaluation=records.Evaluation(train=train, validation=validation, test=test),
        timing=timing(clock, len(split.train)),
        memory_peak_bytes=memory_peak(),
        data=summarise_data(dataset, split),
        environment=environment(threads),
        restored_epochs=clock.restored,
    )
    labels = y_train[split.validation]
    return training, records.Predictions(labels, p_validation, dataset.y_test, p_test)


def evaluate(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> tuple[records.Scores, np.ndarray]:
    """Metrics on byte images (n, 32, 32, 3) with labels (n,), and the probabilities (n, 10), in float32."""
    with in_float32():
        probabilities = model.predict(evaluation_batches(images, labels), verbose=0)
    truth = keras.utils.to_categorical(labels, CLASSES)
    loss = float(keras.ops.mean(model.loss(truth, probabilities)))
    entropy = keras.losses.categorical_crossentropy(truth, probabilities)
    scores = records.Scores(
        loss=loss,
        cross_entropy=float(keras.ops.mean(entropy)),
        accuracy=float(np.mean(probabilities.argmax(axis=1) == labels)),
        images=len(labels),
    )
    return scores, probabilities


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
    """Leave everything in ``folder``, the record last."""
    model.save(folder / MODEL_FILE)
    np.savez_compressed(folder / PREDICTIONS_FILE, **vars(predictions))
    with open(folder / HISTORY_FILE, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123
        writer = csv.DictWriter(file, fieldnames=list(records.Epoch.model_fields))
        writer.writeheader()
        writer.writerows(epoch.model_dump() for epoch in training.epochs)
    write_json(folder / TRAINING_FILE, training)
