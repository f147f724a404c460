"""The convolutional network of this practice, in plain Keras."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from runner.parameters import CHANNELS, CLASSES, IMAGE_SIDE, WHITENING_SIDE, Parameters

WHITENING_FLOOR = 5e-4  # added to the variances, so that the faintest directions are not blown up


def build_model(p: Parameters, name: str = "cnn") -> keras.Model:
    """Network for float images of shape (32, 32, 3) with softmax output of shape (10,)."""
    image = keras.Input((IMAGE_SIDE, IMAGE_SIDE, CHANNELS), name="imagen")
    x = image
    if p.stem_filters:
        x = whitening(x, p) if p.stem == "whitening" else convolution(x, p.stem_filters, p, name="conv0")
    for block, width in enumerate(p.widths, start=1):
        x = convolutional_block(x, width, p, block)
    if p.head == "global-max":
        x = layers.GlobalMaxPooling2D(name="max_global")(x)
    else:
        x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(p.dense, start=1):
        x = layers.Dense(units, activation=p.activation, name=f"dense{number}")(x)
        if p.dropout:
            x = layers.Dropout(p.dropout, name=f"dropout_dense{number}")(x)
    if p.output_scale != 1:
        x = layers.Rescaling(p.output_scale, name="escala")(x)
    output = layers.Dense(CLASSES, activation="softmax", name="salida")(x)
    return keras.Model(image, output, name=name.replace("-", "_"))


def convolutional_block(x: keras.KerasTensor, width: int, p: Parameters, block: int) -> keras.KerasTensor:
    """``convs_per_block`` convolutions and one 2x2 max-pooling, which halves the image."""
    pooled = 1 if p.pool_after == "first" else p.convs_per_block
    for number in range(1, p.convs_per_block + 1):
        pool = f"pool{block}" if number == pooled else None
        x = convolution(x, width, p, name=f"conv{block}_{number}", pool=pool)
    if p.dropout:
        x = layers.Dropout(p.dropout, name=f"dropout{block}")(x)
    return x


def convolution(
    x: keras.KerasTensor, width: int, p: Parameters, name: str, pool: str | None = None
) -> keras.KerasTensor:
    """Convolution, optional max-pooling, optional batch normalisation, activation.

    Pooling before a monotone activation gives the same values as after it, at a quarter of the cost.
    """
    x = layers.Conv2D(width, p.kernel_size, padding="same", use_bias=not p.batch_norm, name=name)(x)
    if pool:
        x = layers.MaxPooling2D(2, name=pool)(x)
    if p.batch_norm:
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.Activation(p.activation, name=f"{name}_{p.activation}")(x)


def whitening(x: keras.KerasTensor, p: Parameters) -> keras.KerasTensor:
    """A first convolution that is not trained: ``whiten`` gives it its weights. No border is added."""
    side = WHITENING_SIDE
    x = layers.Conv2D(p.stem_filters, side, use_bias=False, trainable=False, name="conv0")(x)
    return layers.Activation(p.activation, name=f"conv0_{p.activation}")(x)


def whiten(model: keras.Model, images: np.ndarray) -> None:
    """Set the first convolution's kernel to the filters that whiten the patches of ``images``.

    ``images`` are floats (n, side, side, channels). Half the filters are the leading principal directions
    of the patches under the kernel, each over the root of its mean square; the others are their opposites.
    Whitening as a first layer: Page 2019, "How to train your ResNet"; Jordan 2024, arXiv:2404.00498.
    """
    layer = model.get_layer("conv0")
    height, width, channels, filters = layer.kernel.shape
    patches = np.lib.stride_tricks.sliding_window_view(images, (height, width), axis=(1, 2))
    flat = np.moveaxis(patches, 3, -1).reshape(-1, height * width * channels).astype(np.float64)
    variances, directions = np.linalg.eigh(flat.T @ flat / len(flat))  # in ascending order
    leading = (directions / np.sqrt(variances + WHITENING_FLOOR))[:, : -1 - filters // 2 : -1]
    kernel = np.concatenate([leading, -leading], axis=1).reshape(height, width, channels, filters)
    layer.kernel.assign(kernel.astype(np.float32))


def start_as_identity(model: keras.Model) -> None:
    """Let the blocks' convolutions begin by passing on what they get, as far as their filters go.

    As many filters as a convolution has input channels copy one channel each; the others stay random.
    Zagoruyko and Komodakis 2017, arXiv:1706.00388.
    """
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D) and layer.name != "conv0":
            kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
            height, width, *ways = kernel.shape
            copied = np.arange(min(ways))
            kernel[..., copied] = 0
            kernel[height // 2, width // 2, copied, copied] = 1
            layer.kernel.assign(kernel)
