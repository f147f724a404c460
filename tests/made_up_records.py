"""Parts of made-up records that tell no story: machine, data set, layers, times, notebook values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.results.records import DataSummary, Environment, Layer, ModelSummary, Timing

TRAIN_IMAGES = 3600
CLASSES = ("avión", "automóvil", "pájaro", "gato", "ciervo", "perro", "rana", "caballo", "barco", "camión")


def timing(seconds: float, parameters: Mapping[str, Any]) -> Timing:
    """Times of a run whose epochs take ``seconds``."""
    return Timing(
        first_epoch_seconds=1.4 * seconds,
        epoch_seconds=seconds,
        train_seconds=(parameters["epochs"] + 0.4) * seconds,
        validation_seconds=1.0 * parameters["epochs"],
        images_per_second=TRAIN_IMAGES / seconds,
    )


def data_summary(images: tuple[int, int]) -> DataSummary:
    """The data set's record."""
    validation, test = images
    return DataSummary(
        name="cifar10",
        label="CIFAR-10",
        class_names=CLASSES,
        sha256=dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), "47af8b02" * 8),
        train_images=TRAIN_IMAGES,
        validation_images=validation,
        test_images=test,
    )


DETERMINISM: dict[str, Any] = {
    "batches": 58,
    "threads": 1,
    "compared": 542_000,
    "different": 0,
    "identical": True,
    "same_batches": True,
    "largest_metric": 0.0,
    "largest_probability": 0.0,
    "largest_weight": 0.0,
    "fit_orders": [[3, 1, 4, 2], [3, 1, 4, 2]],
}
ENVIRONMENT = Environment(
    python="3.11.9",
    tensorflow="2.21.0",
    keras="3.15.1",
    numpy="2.4.6",
    system="Linux 6.1 x86_64",
    processor="made up",
    cores=2,
    threads=1,
    onednn=True,
    gpus=(),
)


def model_summary(parameters: Mapping[str, Any]) -> ModelSummary:
    """Layers as the practice's network has them, without the activations."""
    side, channels, flops = 32, 3, 0
    layers = [_layer("imagen", "InputLayer", (side, side, channels))]
    stem = [("conv0", parameters["stem_filters"], False)] if parameters["stem_filters"] else []
    blocks = [
        (f"conv{block}_{number}", width * parameters["filters_scale"], number == 1)
        for block, width in enumerate(parameters["filters"], start=1)
        for number in range(1, parameters["convs_per_block"] + 1)
    ]
    for name, width, pooled in stem + blocks:
        if name == "conv0" and parameters["stem"] == "whitening":
            side -= 1
        weights = parameters["kernel_size"] ** 2 * channels * width
        flops += 2 * weights * side**2
        layers.append(_layer(name, "Conv2D", (side, side, width), weights + width))
        channels = width
        if pooled:
            side //= 2
            layers.append(_layer(name.replace("conv", "pool"), "MaxPooling2D", (side, side, width)))
    features = channels if parameters["head"] == "global-max" else side**2 * channels
    for number, units in enumerate((*parameters["dense"], len(CLASSES)), start=1):
        layers.append(_layer(f"dense{number}", "Dense", (units,), features * units + units))
        flops, features = flops + 2 * features * units, units
    total = sum(layer.parameters for layer in layers)
    return ModelSummary(
        layers=tuple(layers), parameters=total, trainable_parameters=total, flops_per_image=flops
    )


def _layer(name: str, kind: str, shape: tuple[int, ...], parameters: int = 0) -> Layer:
    return Layer(name=name, kind=kind, output_shape=shape, parameters=parameters)


def _way(name: str, slug: str, sizes: list[int], parameters: int, words: tuple[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "slug": slug,
        "sizes": sizes,
        "parameters": parameters,
        "learned": parameters > 0,
        "advantage": words[0],
        "drawback": words[1],
    }


# As the notebook of question 8 says it.
PADDING = (
    "Es lo más sencillo y conserva las cuatro reducciones exactas.",
    "Calcula sobre píxeles inventados, que se notan en los bordes.",
)
RESIZING = (
    "No añade pesos, y los tamaños se anotan para la entrada que haya.",
    "La interpolación no aprende, y al reducir se pierden filas y columnas.",
)
TRANSPOSING = (
    "La ampliación se aprende y cada tamaño se recupera con exactitud.",
    "Añade pesos, puede dejar un patrón de tablero y fija el tamaño de entrada.",
)
DOWN_UP = [28, 14, 7, 4, 2, 4, 7, 14, 28]


RESOLUTION = {
    "ways": [
        _way("relleno hasta 32 y recorte", "pad", [28, 32, 16, 8, 4, 2, 4, 8, 16, 32, 28], 0, PADDING),
        _way("tamaños anotados", "resize", DOWN_UP, 0, RESIZING),
        _way("convoluciones traspuestas", "transposed", DOWN_UP, 25_000, TRANSPOSING),
    ],
    "naive_sizes": [28, 14, 7, 3, 1, 2, 4, 8, 16, 32],
    "reconstruction": ["entrada", "relleno y recorte", "«same» y recorte", "tamaños anotados"],
}


BEST_MODEL = {
    "first_layer": "conv0",
    "last_conv_layer": "conv3_2",
    "dense_layer": "salida",
    "base_layer": "conv1_1",
    "second_layer": "conv1_1",
    "first_maps_shape": [32, 32, 24],
    "last_maps_shape": [4, 4, 192],
    "speaking": [7, 31, 120],
    "mistakes": [
        {
            "index": 9 + n,
            "label": CLASSES[n],
            "prediction": CLASSES[(n + 3) % 10],
            "probability": 0.4 + 0.05 * n,
        }
        for n in range(10)
    ],
    "sample_index": 17,
    "sample_label": "caballo",
    "sample_prediction": "caballo",
    "test_accuracy": 0.9,
}
