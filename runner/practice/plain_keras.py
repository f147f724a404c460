"""A training of this practice written out as plain Keras: the source text of a notebook's cells.

The text has this model's layers with their numbers, and no parameter that is switched off. What it defines is
the network that ``model.build_model`` makes, compiled and fed as ``training`` does it, but of Keras's own
layers and optimizers; ``agreement`` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.practice import fast_layers, precision, training
from runner.practice.fast_layers import (
    activation,
    convolution,
    excitation,
    normalisation,
    one_pass,
    passing,
)
from runner.practice.optimizers import fused_adam, muon
from runner.practice.parameters import CHANNELS, CLASSES, IMAGE_SIDE, WHITENING_SIDE, Parameters

CHANGES_NO_DIGIT = True  # of a training: see code_closure
OPTIMIZERS = {
    "adam": ("Adam", ("beta_1", "beta_2", "epsilon")),
    "adamw": ("AdamW", ("beta_1", "beta_2", "epsilon")),
    "muon": ("Muon", ("momentum", "kernel_rate", "bias_rate")),
    "rmsprop": ("RMSprop", ("rho", "epsilon")),
    "sgd": ("SGD", ("momentum", "nesterov")),
}


@dataclass(frozen=True)
class PlainCode:
    """The cells, each a text; ``weights`` is a remark where the first weights are Keras's own."""

    model: str
    weights: str
    compiling: str
    fitting: str


def plain_code(p: Parameters, variant: str) -> PlainCode:
    """The cells of the training of ``variant`` with ``p``.

    They expect byte images ``x_train`` (n, 32, 32, 3) and ``x_validation``, their integer labels ``y_train``
    and ``y_validation``, and ``results``, the folder of the trained models; they leave ``model``.
    """
    return PlainCode(
        model=_text(_model(p, variant)),
        weights=_text(_weights(p)),
        compiling=_text(_compiling(p)),
        fitting=_text(_fitting(p, variant)),
    )


def stand_ins(p: Parameters) -> tuple[Any, ...]:
    """What the program, in a training with ``p``, has in place of Keras's own: classes and functions."""
    found: list[Any] = [passing.Uncast, precision.training_numbers]
    found += [fast_layers.Conv2D, convolution.convolved, convolution.kernel_gradient]
    found += [fast_layers.MaxPooling2D, fast_layers.Activation]
    if p.batch_norm:
        found += [fast_layers.BatchNormalization, normalisation.normalised]
    else:
        found.append(fast_layers.Bias)
    if p.activation == "gelu":
        found += [activation.gelu, activation.gelu_values, activation.gelu_gradient, one_pass.in_one_pass]
    if p.squeeze_ratio:
        found += [fast_layers.Scaling, excitation.scaled, excitation.product]
    if p.head == "flatten":
        found.append(fast_layers.Flatten)
    if p.dense:
        found.append(fast_layers.Dense)
    if p.optimizer in ("adam", "adamw"):
        found.append(fused_adam.OneOperation)
    if p.optimizer == "muon":
        found += [muon.Muon, muon.orthogonal]
    return tuple(found)


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines)


def _model(p: Parameters, variant: str) -> Iterator[str]:
    yield "import keras"
    yield "from keras import layers"
    yield ""
    if p.squeeze_ratio:
        yield ""
        yield from _excitation(p)
        yield ""
        yield ""
    yield f"keras.utils.set_random_seed({p.seed})  # los mismos pesos iniciales en cada ejecución"
    yield "model = keras.Sequential("
    yield "    ["
    yield f'        keras.Input(({IMAGE_SIDE}, {IMAGE_SIDE}, {CHANNELS}), name="imagen"),'
    yield from (f"        {line}" for line in _layers(p))
    yield "    ],"
    yield f'    name="{variant.replace("-", "_")}",'
    yield ")"
    yield "model.summary()"


def _layers(p: Parameters) -> Iterator[str]:
    """One line a layer, with a comment before each block."""
    sides = _sides(p)
    if p.stem_filters:
        yield from _stem(p)
    for block, width in enumerate(p.widths, start=1):
        yield f"# bloque {block}"
        pooled = 1 if p.pool_after == "first" else p.convs_per_block
        for number in range(1, p.convs_per_block + 1):
            pool = f"pool{block}" if number == pooled else ""
            yield from _convolution(p, width, f"conv{block}_{number}", pool)
        if p.squeeze_ratio:
            shape = f"({sides[block - 1]}, {sides[block - 1]}, {width})"
            yield f'excitation({shape}, {p.squeezed(width)}, "excitacion{block}"),'
        if p.dropout:
            yield f'layers.Dropout({p.dropout}, name="dropout{block}"),'
    yield "# clasificación"
    if p.head == "global-max":
        yield 'layers.GlobalMaxPooling2D(name="max_global"),'
    else:
        yield 'layers.Flatten(name="flatten"),'
    for number, units in enumerate(p.dense, start=1):
        yield f'layers.Dense({units}, activation="{p.activation}", name="dense{number}"),'
        if p.dropout:
            yield f'layers.Dropout({p.dropout}, name="dropout_dense{number}"),'
    if p.output_scale != 1:
        yield f'layers.Rescaling({p.output_scale}, name="escala"),'
    yield f'layers.Dense({CLASSES}, activation="softmax", name="salida"),'


def _sides(p: Parameters) -> list[int]:
    """Of the maps that each block gives."""
    side = IMAGE_SIDE - (WHITENING_SIDE - 1 if p.stem_filters and p.stem == "whitening" else 0)
    return [side // 2 ** (block + 1) for block in range(len(p.widths))]


def _excitation(p: Parameters) -> Iterator[str]:
    yield "def excitation(shape, units, name):"
    yield '    """Cada mapa, por un número de 0 a 2 que depende de las medias de todos; al principio, 1."""'
    yield "    maps = keras.Input(shape)"
    yield "    scale = layers.GlobalAveragePooling2D()(maps)"
    yield f'    scale = layers.Dense(units, activation="{p.activation}", name=f"{{name}}_1")(scale)'
    yield "    scale = layers.Dense("
    yield '        shape[-1], activation="sigmoid", kernel_initializer="zeros", name=f"{name}_2"'
    yield "    )(scale)"
    yield "    scale = layers.Reshape((1, 1, shape[-1]))(layers.Rescaling(2.0)(scale))"
    yield "    return keras.Model(maps, layers.Multiply()([maps, scale]), name=name)"


def _stem(p: Parameters) -> Iterator[str]:
    if p.stem == "learned":
        yield "# primera convolución"
        yield from _convolution(p, p.stem_filters, "conv0", "")
        return
    yield "# primera convolución: filtros fijos, calculados de las imágenes (blanqueo)"
    trained = "" if p.stem_bias else "use_bias=False, trainable=False, "
    yield f'layers.Conv2D({p.stem_filters}, {WHITENING_SIDE}, {trained}name="conv0"),'
    yield f'layers.Activation("{p.activation}", name="conv0_{p.activation}"),'


def _convolution(p: Parameters, width: int, name: str, pool: str) -> Iterator[str]:
    """Convolution, max-pooling where ``pool`` names one, normalisation and activation.

    Only ReLU is written within the convolution, as one does: it may come before a max-pooling as well as
    after it, and the sign of a convolution's output tells whether it was activated.
    """
    begin, end = f'layers.Conv2D({width}, {p.kernel_size}, padding="same", ', f'name="{name}"),'
    pooling = [f'layers.MaxPooling2D(2, name="{pool}"),'] if pool else []
    activation = f'layers.Activation("{p.activation}", name="{name}_{p.activation}"),'
    if p.batch_norm:
        yield f"{begin}use_bias=False, {end}"
        yield from pooling
        yield f'layers.BatchNormalization(momentum=0.9, name="{name}_bn"),'
        yield activation
    elif p.activation == "relu":
        yield f'{begin}activation="relu", {end}'
        yield from pooling
    else:
        yield begin + end
        yield from pooling
        yield activation


def _weights(p: Parameters) -> Iterator[str]:
    if p.stem != "whitening" and p.conv_init != "identity":
        yield "# los de Keras: Glorot uniforme en los filtros y pesos, y cero en los sesgos"
        return
    if p.stem == "whitening":
        yield "from runner.practice.model import whiten"
    if p.conv_init == "identity":
        yield "from runner.practice.model import start_as_identity"
    yield ""
    if p.stem == "whitening":
        yield f'whiten(model, x_train[:{training.WHITENING_IMAGES}].astype("float32") / 127.5 - 1)'
    if p.stem_bias:
        yield 'model.get_layer("conv0").kernel.trainable = False  # el sesgo sí se entrena'
    if p.conv_init == "identity":
        yield "start_as_identity(model)"


def _compiling(p: Parameters) -> Iterator[str]:
    if p.optimizer == "muon":  # Keras's own of this name takes another step, and leaves kernels out
        yield "from runner.practice.optimizers.muon import Muon"
        yield ""
    steps = p.epochs * training.steps_per_epoch(p.train_images, p.batch_size)
    rate = training.learning_rate(p, steps)
    if isinstance(rate, float):
        shown = _figure(rate)
    else:
        shown, form = "rate", rate.get_config()
        yield f"# la tasa sube durante {form['warmup_steps']} actualizaciones y baja después hasta cero"
        yield "rate = keras.optimizers.schedules.CosineDecay("
        yield f"    initial_learning_rate={_figure(form['initial_learning_rate'])},"
        yield f"    warmup_target={_figure(form['warmup_target'])},"
        yield f"    warmup_steps={form['warmup_steps']},"
        yield f"    decay_steps={form['decay_steps']},"
        yield ")"
    name, constants = OPTIMIZERS[p.optimizer]
    form = training.make_optimizer(p, steps).get_config()
    given = [f"learning_rate={shown}", *(f"{each}={_figure(form[each])}" for each in constants)]
    if p.weight_decay:
        given.append(f"weight_decay={_figure(p.weight_decay)}")
    module = "" if p.optimizer == "muon" else "keras.optimizers."
    yield f"optimizer = {module}{name}({', '.join(given)})"
    if p.weight_decay:
        yield 'optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])'
    yield "model.compile("
    yield "    optimizer=optimizer,"
    yield f"    loss=keras.losses.{_loss(p)},"
    yield '    metrics=["accuracy"],'
    yield ")"


def _loss(p: Parameters) -> str:
    if p.loss == "categorical_focal_crossentropy":
        form = training.make_loss(p).get_config()
        return f"CategoricalFocalCrossentropy(alpha={form['alpha']}, gamma={form['gamma']})"
    smoothing = f"label_smoothing={_figure(p.label_smoothing)}" if p.label_smoothing else ""
    return f"CategoricalCrossentropy({smoothing})"


def _figure(value: float | bool) -> str:
    """A number as one would type it."""
    return repr(value if isinstance(value, bool) else float(f"{value:.12g}"))


def _fitting(p: Parameters, variant: str) -> Iterator[str]:
    yield "import tensorflow as tf"
    yield ""
    yield f'weights = results / "{variant}" / "model.keras"  # los pesos ya entrenados'
    yield "TRAIN = not weights.is_file()  # si no están, o con True, se entrena aquí"
    yield ""
    yield f"train_images, train_labels = tf.constant(x_train), tf.one_hot(y_train, {CLASSES})"
    yield ""
    yield ""
    yield "def scaled(images):"
    yield '    """Los bytes 0 a 255 de las imágenes, como números de -1 a 1."""'
    yield "    return tf.cast(images, tf.float32) / 127.5 - 1.0"
    yield ""
    yield ""
    if p.augmentation != "none":
        yield from _augmentation(p)
        yield ""
        yield ""
    yield from _batches(p)
    yield ""
    yield ""
    yield from _fit(p)


def _augmentation(p: Parameters) -> Iterator[str]:
    shifted = p.augmentation == "flip-shift"
    what = "Refleja cada imagen en una de cada dos épocas"
    yield "def augmented(batch, places, epoch):"
    yield f'    """{what}{", y la desplaza hasta dos píxeles" if shifted else ""}."""'
    yield "    flip = (tf.cast(places, tf.int64) + epoch) % 2 == 0"
    flipped = "tf.where(flip[:, None, None, None], tf.reverse(batch, axis=[2]), batch)"
    if not shifted:
        yield f"    return {flipped}"
        return
    last = IMAGE_SIDE - 1
    yield f"    batch = {flipped}"
    yield f"    seed = tf.stack([{p.seed} + epoch * 1_000_003, tf.cast(places[0], tf.int64)])"
    yield "    moves = tf.random.stateless_uniform((tf.shape(batch)[0], 2), seed, -2, 3, dtype=tf.int32)"
    yield f"    pixels = tf.abs(tf.range({IMAGE_SIDE}) + moves[:, :, None])"
    yield f"    pixels = tf.where(pixels > {last}, {2 * last} - pixels, pixels)  # el borde, reflejado"
    yield "    batch = tf.gather(batch, pixels[:, 0], axis=1, batch_dims=1)"
    yield "    return tf.gather(batch, pixels[:, 1], axis=2, batch_dims=1)"


def _batches(p: Parameters) -> Iterator[str]:
    batch = "scaled(tf.gather(train_images, i))"
    if p.augmentation != "none":
        batch = f"augmented({batch}, i, epoch)"
    yield "def batches(epoch):"
    yield '    """Los lotes de una época: todas las imágenes, en un orden nuevo."""'
    yield f'    seed = tf.stack([tf.constant({p.seed}, "int64"), epoch])'
    yield "    order = tf.random.experimental.stateless_shuffle(tf.range(len(x_train)), seed=seed)"
    yield f"    places = tf.data.Dataset.from_tensor_slices(order).batch({p.batch_size})"
    yield f"    return places.map(lambda i: ({batch}, tf.gather(train_labels, i)))"


def _fit(p: Parameters) -> Iterator[str]:
    yield "if TRAIN:"
    yield "    history = model.fit("
    yield f"        tf.data.Dataset.range({p.epochs}).flat_map(batches),"
    yield f"        epochs={p.epochs},"
    yield f"        steps_per_epoch={training.steps_per_epoch(p.train_images, p.batch_size)},"
    yield f"        validation_data=(scaled(x_validation), tf.one_hot(y_validation, {CLASSES})),"
    yield f"        validation_batch_size={training.EVALUATION_BATCH},"
    yield "        shuffle=False,  # el orden ya es aleatorio en los lotes"
    yield "    )"
    yield "    model.save(weights)"
    yield "else:"
    yield "    model.set_weights(keras.models.load_model(weights).get_weights())"
