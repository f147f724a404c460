"""The same models as idiomatic plain Keras, as a tutorial would have them: the other side of the comparison.

Nothing of the runner is imported; the plain notebook is made of these functions' source.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers


def build_model(p: dict) -> keras.Model:
    """The network: convolutions with their activation, max-pooling after each block, dense layers.

    All initial weights are Keras's own: others take as long.
    """
    model = keras.Sequential([keras.Input((32, 32, 3))])
    if p["augmentation"] != "none":
        model.add(layers.RandomFlip("horizontal"))
    if p["augmentation"] == "flip-shift":
        model.add(layers.RandomTranslation(2 / 32, 2 / 32, fill_mode="reflect"))

    def convolution(width: int) -> None:
        if p["batch_norm"]:
            model.add(layers.Conv2D(width, p["kernel_size"], padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation(p["activation"]))
        else:
            model.add(layers.Conv2D(width, p["kernel_size"], padding="same", activation=p["activation"]))

    if p["stem_filters"] and p["stem"] == "whitening":
        model.add(layers.Conv2D(p["stem_filters"], 2, use_bias=False, trainable=False))
        model.add(layers.Activation(p["activation"]))
    elif p["stem_filters"]:
        convolution(p["stem_filters"])
    for width in p["filters"]:
        for number in range(p["convs_per_block"]):
            convolution(width * p["filters_scale"])
            if number == (0 if p["pool_after"] == "first" else p["convs_per_block"] - 1):
                model.add(layers.MaxPooling2D(2))
        if p["dropout"]:
            model.add(layers.Dropout(p["dropout"]))
    model.add(layers.GlobalMaxPooling2D() if p["head"] == "global-max" else layers.Flatten())
    for units in p["dense"]:
        model.add(layers.Dense(units, activation=p["activation"]))
    if p["output_scale"] != 1:
        model.add(layers.Rescaling(p["output_scale"]))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def compile_model(model: keras.Model, p: dict, steps: int) -> None:
    """Loss, optimizer and accuracy; ``steps`` are the updates of the whole training."""
    rate = p["learning_rate"] * (
        p["batch_size"] / p["learning_rate_batch"] if p["learning_rate_batch"] else 1
    )
    if p["schedule"] == "one-cycle":
        warmup = max(1, round(0.23 * steps))
        rate = keras.optimizers.schedules.CosineDecay(
            0.2 * rate, max(1, steps - warmup), warmup_target=rate, warmup_steps=warmup
        )
    decay = p["weight_decay"] or None
    if p["optimizer"] == "sgd":
        optimizer = keras.optimizers.SGD(rate, p["momentum"], nesterov=p["momentum"] > 0, weight_decay=decay)
    else:
        kind = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}[p["optimizer"]]
        optimizer = getattr(keras.optimizers, kind)(rate, weight_decay=decay)
    if p["loss"] == "categorical_focal_crossentropy":
        loss = keras.losses.CategoricalFocalCrossentropy()
    else:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=p["label_smoothing"])
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def load_data(path: str, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Float images and one-hot labels: training and validation together, and test."""
    data = np.load(path)
    x_train, y_train = data["x_train"], data["y_train"]
    if limit:
        x_train, y_train = x_train[:limit], y_train[:limit]
    x_train = x_train.astype("float32") / 127.5 - 1
    x_test = data["x_test"].astype("float32") / 127.5 - 1
    one_hot = keras.utils.to_categorical
    return x_train, one_hot(y_train, 10), x_test, one_hot(data["y_test"], 10)
