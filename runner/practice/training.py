"""Training of one variant: batches, compilation, timing and progress."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from runner.files import write_text
from runner.practice.model import start_as_identity, whiten
from runner.practice.optimizers import fused_adam, muon
from runner.practice.parameters import CLASSES, Parameters

WHITENING_IMAGES = 2000  # more give the same filters, to what can be seen of them
EVALUATION_BATCH = 500  # changes no result, and is much faster than evaluating in batches of 4
STEPS_PER_CALL_IMAGES = 2048  # images between two returns to Python: saves overhead in small batches

# For functions without a branch on a tensor, which need no converting: it takes a third of a second.
as_it_is = tf.autograph.experimental.do_not_convert


def prepare(p: Parameters, threads: int) -> None:
    """Seed every generator, and pin TensorFlow to its share of the processor.

    Must run before TensorFlow computes anything; ``threads`` is the number of cores to use.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(p.seed)


def normalise(images: tf.Tensor) -> tf.Tensor:
    """Bytes 0..255 to floats -1..1, any shape."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def epoch_order(n: int, seed: int, epoch: tf.Tensor | int) -> tf.Tensor:
    """Permutation of ``n`` images drawn from (seed, epoch): a new one every epoch.

    ``fit(shuffle=True)`` after ``set_random_seed`` repeats one order in all epochs.
    """
    pair = tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)])
    return tf.random.experimental.stateless_shuffle(tf.range(n), seed=pair)


def training_batches(
    images: np.ndarray, labels: np.ndarray, p: Parameters, first_epoch: int = 0
) -> tf.data.Dataset:
    """All the epochs' batches in a row: float images (b, 32, 32, 3) and one-hot labels (b, 10).

    ``images`` are bytes (n, 32, 32, 3), ``labels`` integers (n,). The last batch of an epoch may be
    smaller. Everything random is a function of (seed, epoch, place in the order).
    """
    x, y = tf.constant(images), tf.one_hot(labels, CLASSES)
    n = len(images)

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.data.Dataset.from_tensor_slices(epoch_order(n, p.seed, epoch))

        def batch(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            picked = normalise(tf.gather(x, index))
            return augment(picked, index, epoch, p), tf.gather(y, index)

        return order.batch(p.batch_size).map(as_it_is(batch))

    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    epochs = tf.data.Dataset.range(first_epoch, p.epochs)
    return epochs.flat_map(as_it_is(epoch_batches)).prefetch(4).with_options(options)


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Batches that ``n`` images make, the last one maybe smaller."""
    return math.ceil(n / batch_size)


def steps_per_call(steps: int, batch_size: int) -> int:
    """Updates per call of the compiled training function: a divisor of the ``steps`` of an epoch.

    Keras always runs whole calls, so any other number would carry an epoch over its end.
    """
    most = max(1, STEPS_PER_CALL_IMAGES // batch_size)
    return max(n for n in range(1, min(most, steps) + 1) if steps % n == 0)


def augment(images: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor, p: Parameters) -> tf.Tensor:
    """Mirror every image in every other epoch, and shift it by up to two pixels.

    ``images`` (b, 32, 32, 3), ``index`` their places (b,). Alternating flip: Jordan 2024,
    arXiv:2404.00498; the first epoch's half is drawn by the parity of the image's place.
    """
    if p.augmentation == "none":
        return images
    mirrored = tf.reverse(images, axis=[2])
    flip = (tf.cast(index, tf.int64) + epoch) % 2 == 0
    images = tf.where(flip[:, None, None, None], mirrored, images)
    return shift(images, index, epoch, p.seed) if p.augmentation == "flip-shift" else images


def shift(images: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor, seed: int, reach: int = 2) -> tf.Tensor:
    """Move each image by -reach..reach pixels in both directions, the border reflected."""
    first = tf.cast(index[0], tf.int64)
    pair = tf.stack([seed + epoch * 1_000_003, first])
    moves = tf.random.stateless_uniform((tf.shape(images)[0], 2), pair, -reach, reach + 1, dtype=tf.int32)
    side = images.shape[1]
    place = tf.abs(tf.range(side)[None, :, None] + moves[:, None, :])
    place = tf.where(place >= side, 2 * (side - 1) - place, place)
    images = tf.gather(images, place[:, :, 0], axis=1, batch_dims=1)
    return tf.gather(images, place[:, :, 1], axis=2, batch_dims=1)


def evaluation_batches(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    """Images and one-hot labels in their own order, in large batches, without augmentation."""
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread sleeps up to as long as the pass took before it lets go
    pairs = tf.data.Dataset.from_tensor_slices((images, tf.one_hot(labels, CLASSES)))
    batches = pairs.batch(EVALUATION_BATCH).map(as_it_is(lambda x, y: (normalise(x), y)))
    return batches.prefetch(2).with_options(options)


def learning_rate(p: Parameters, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Constant rate, or one cycle: 0.2 to 1 of the peak over 23 % of all steps, then down to nothing."""
    peak = p.peak_learning_rate
    if p.schedule == "constant":
        return peak
    warmup = max(1, round(0.23 * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.2 * peak, max(1, steps - warmup), warmup_target=peak, warmup_steps=warmup
    )


def make_optimizer(p: Parameters, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer for a run of ``steps`` updates in all; biases and scales do not decay."""
    rate, decay = learning_rate(p, steps), p.weight_decay or None
    if p.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, p.momentum, nesterov=p.momentum > 0, weight_decay=decay)
    elif p.optimizer == "muon":
        turning = p.kernel_rate / p.peak_learning_rate
        optimizer = muon.Muon(rate, p.momentum, turning, p.bias_rate, weight_decay=decay)
    else:
        kinds = {
            "adam": fused_adam.Adam,
            "adamw": fused_adam.AdamW,
            "rmsprop": keras.optimizers.RMSprop,
        }
        optimizer = kinds[p.optimizer](rate, weight_decay=decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(p: Parameters) -> keras.losses.Loss:
    """The loss that is minimised."""
    if p.loss == "categorical_focal_crossentropy":
        return keras.losses.CategoricalFocalCrossentropy()
    return keras.losses.CategoricalCrossentropy(label_smoothing=p.label_smoothing)


def initialise(model: keras.Model, p: Parameters, images: np.ndarray) -> None:
    """Give the convolutions the first weights that ``p`` asks for; ``images`` are bytes (n, 32, 32, 3)."""
    if p.stem == "whitening":
        whiten(model, normalise(images[:WHITENING_IMAGES]).numpy())
    if p.conv_init == "identity":
        start_as_identity(model)


def compile_model(model: keras.Model, p: Parameters, n_train: int) -> None:
    """Loss, optimizer, accuracy, and the plain cross-entropy by which all variants are compared."""
    steps = steps_per_epoch(n_train, p.batch_size)
    model.compile(
        optimizer=make_optimizer(p, steps * p.epochs),
        loss=make_loss(p),
        metrics=["accuracy", keras.metrics.CategoricalCrossentropy(name="cross_entropy")],
        steps_per_execution=steps_per_call(steps, p.batch_size),
    )


class EpochClock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Seconds of training and of validation of each epoch, apart.

    Keras's epoch includes validation: training ends where the first validation batch begins. ``traced``
    are the epochs (from 0) that include the building of the graph: the first, and the first after each
    interruption; ``restored`` is how many were trained before the last of these.
    """

    def __init__(self) -> None:
        super().__init__()
        self.training: list[float] = []
        self.validation: list[float] = []
        self.learning_rates: list[float] = []
        self.traced: list[int] = []
        self.restored = 0
        self._start = self._validation_start = 0.0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self.traced.append(len(self.training))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._start, self._validation_start = time.perf_counter(), 0.0

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self._validation_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        end = time.perf_counter()
        split = self._validation_start or end
        self.training.append(split - self._start)
        self.validation.append(end - split)
        rate = self.model.optimizer.learning_rate
        self.learning_rates.append(float(keras.ops.convert_to_numpy(rate)))


class ProgressFile(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Tells the runner, through a small file, how far the training is."""

    def __init__(self, path: Path | None, steps: int, epochs: int, interval: float = 1.0) -> None:
        super().__init__()
        self.path, self.steps, self.epochs, self.interval = path, steps, epochs, interval
        self._epoch, self._last = 0, 0.0
        self._first: int | None = None

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._epoch = epoch
        if self._first is None:
            self._first = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if time.monotonic() - self._last >= self.interval:
            self._write((batch + 1) / self.steps, logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._write(1.0, logs)

    def _write(self, share: float, logs: Mapping[str, float] | None) -> None:
        self._last = time.monotonic()
        if self.path is None:
            return
        metrics = {k: float(v) for k, v in (logs or {}).items() if math.isfinite(float(v))}
        done = self._epoch + min(share, 1.0)
        state = {"epoch": done, "first": self._first, "epochs": self.epochs, "metrics": metrics}
        with suppress(OSError):  # a full disk costs the news, not the training
            write_text(self.path, json.dumps(state))
