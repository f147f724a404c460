"""Layers that pass numbers on as they come, in float32 or bfloat16."""

from __future__ import annotations

from typing import Any

import keras


class Uncast(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """A layer whose inputs Keras leaves in the numbers that they come in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **({"autocast": False} | options))


class MaxPooling2D(Uncast, keras.layers.MaxPooling2D):  # type: ignore[misc]
    """Keras's own, which passes on bfloat16."""


class Flatten(Uncast, keras.layers.Flatten):  # type: ignore[misc]
    """Keras's own, which passes on bfloat16."""
