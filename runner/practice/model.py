"""The convolutional network of this practice, in Keras."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from runner.practice import fast_layers
from runner.practice.parameters import CHANNELS, CLASSES, IMAGE_SIDE, WHITENING_SIDE, Parameters

WHITENING_PARTS = 40  # all the patches at once would be a hundred times the images
WHITENING_FLOOR = 5e-4  # added to the variances, so that the faintest directions are not blown up


def build_model(p: Parameters, name: str = "cnn", standard: bool = False) -> keras.Model:
    """Network for float images of shape (32, 32, 3) with softmax output of shape (10,).

    ``standard`` is for the same network of Keras's own layers only, which take longer.
    """
    own = layers if standard else fast_layers
    image = keras.Input((IMAGE_SIDE, IMAGE_SIDE, CHANNELS), name="imagen")
    x = image
    if p.stem_filters and p.stem == "whitening":
        x = whitening(x, p, standard)
    elif p.stem_filters:
        x = convolution(x, p.stem_filters, p, "conv0", standard=standard)
    for block, width in enumerate(p.widths, start=1):
        x = convolutional_block(x, width, p, block, standard)
    if p.head == "global-max":
        x = layers.GlobalMaxPooling2D(name="max_global")(x)
    else:
        x = own.Flatten(name="flatten")(x)
    for number, units in enumerate(p.dense, start=1):
        x = own.Dense(units, activation=p.activation, name=f"dense{number}")(x)
        if p.dropout:
            x = layers.Dropout(p.dropout, name=f"dropout_dense{number}")(x)
    if p.output_scale != 1:
        x = layers.Rescaling(p.output_scale, name="escala")(x)
    output = layers.Dense(CLASSES, activation="softmax", name="salida")(x)
    return keras.Model(image, output, name=name.replace("-", "_"))


def standard_model(model: keras.Model, p: Parameters) -> keras.Model:
    """The same network with the same weights for those who have Keras alone; it is not compiled."""
    standard = build_model(p, model.name, standard=True)
    standard.set_weights(model.get_weights())
    return standard


def convolutional_block(
    x: keras.KerasTensor, width: int, p: Parameters, block: int, standard: bool = False
) -> keras.KerasTensor:
    """``convs_per_block`` convolutions and one 2x2 max-pooling, which halves the image."""
    pooled = 1 if p.pool_after == "first" else p.convs_per_block
    for number in range(1, p.convs_per_block + 1):
        pool = f"pool{block}" if number == pooled else None
        x = convolution(x, width, p, f"conv{block}_{number}", pool, standard)
    if p.squeeze_ratio:
        x = excitation(x, p, f"excitacion{block}", standard)
    if p.dropout:
        x = layers.Dropout(p.dropout, name=f"dropout{block}")(x)
    return x


def convolution(
    x: keras.KerasTensor,
    width: int,
    p: Parameters,
    name: str,
    pool: str | None = None,
    standard: bool = False,
) -> keras.KerasTensor:
    """Convolution, optional max-pooling, bias or batch normalisation, activation.

    Pooling before the bias and a monotone activation gives the same values as after them, at a quarter of
    the cost.
    """
    own = layers if standard else fast_layers
    late_bias = bool(pool) and not p.batch_norm and not standard
    early_bias = not p.batch_norm and not late_bias
    x = own.Conv2D(width, p.kernel_size, padding="same", use_bias=early_bias, name=name)(x)
    if pool:
        x = own.MaxPooling2D(2, name=pool)(x)
    if late_bias:
        x = fast_layers.Bias(name=f"{name}_sesgo")(x)
    if p.batch_norm:
        x = own.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return activation(x, p, name, standard)


def excitation(x: keras.KerasTensor, p: Parameters, name: str, standard: bool) -> keras.KerasTensor:
    """Each map times a number from 0 to 2 that follows from the means of all maps; at first 1.

    Squeeze and excitation: Hu and others 2018, arXiv:1709.01507; there the number is half of this one.
    """
    maps = keras.Input(x.shape[1:])
    width = x.shape[-1]
    scale = layers.GlobalAveragePooling2D()(maps)
    scale = layers.Dense(p.squeezed(width), p.activation, name=f"{name}_1")(scale)
    scale = layers.Dense(width, "sigmoid", kernel_initializer="zeros", name=f"{name}_2")(scale)
    scale = layers.Reshape((1, 1, width))(layers.Rescaling(2.0)(scale))
    if standard:
        return keras.Model(maps, layers.Multiply()([maps, scale]), name=name)(x)
    return fast_layers.Scaling(name=f"{name}_mapas")([x, keras.Model(maps, scale, name=name)(x)])


def activation(x: keras.KerasTensor, p: Parameters, name: str, standard: bool) -> keras.KerasTensor:
    """The activation that ``p`` names, of what the convolution ``name`` gave."""
    own = layers if standard else fast_layers
    return own.Activation(p.activation, name=f"{name}_{p.activation}")(x)


def whitening(x: keras.KerasTensor, p: Parameters, standard: bool) -> keras.KerasTensor:
    """A first convolution whose filters are not trained: ``whiten`` sets them. No border is added."""
    own = layers if standard else fast_layers
    layer = own.Conv2D(
        p.stem_filters, WHITENING_SIDE, use_bias=p.stem_bias, trainable=p.stem_bias, name="conv0"
    )
    x = layer(x)
    layer.kernel.trainable = False
    return activation(x, p, "conv0", standard)


def whiten(model: keras.Model, images: np.ndarray) -> None:
    """Set the first convolution's kernel to the filters that whiten the patches of ``images``.

    ``images`` are floats (n, side, side, channels). Half the filters are the leading principal directions
    of the patches under the kernel, each over the root of its mean square; the others are their opposites.
    Whitening as a first layer: Page 2019, "How to train your ResNet"; Jordan 2024, arXiv:2404.00498.
    """
    layer = model.get_layer("conv0")
    height, width, channels, filters = layer.kernel.shape
    squares = np.zeros((height * width * channels,) * 2)
    for part in np.array_split(images, WHITENING_PARTS):
        patches = np.lib.stride_tricks.sliding_window_view(part, (height, width), axis=(1, 2))
        flat = np.moveaxis(patches, 3, -1).reshape(-1, len(squares)).astype(np.float64)
        squares += flat.T @ flat
    count = len(images) * (images.shape[1] - height + 1) * (images.shape[2] - width + 1)
    variances, directions = np.linalg.eigh(squares / count)  # in ascending order
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
