"""Training in bfloat16: which numbers the layers of a network compute in.

Weights, loss, statistics and the optimizer stay in float32; in the steps of a training, convolutions, their
gradients and the products of dense layers are in bfloat16, and so are the maps from one to the next. What is
evaluated, within the training and after it, is computed in float32, so that curves and tables agree, and the
same weights give the same predictions everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from runner.practice import BFLOAT16 as VARIABLE

FLOAT32, BFLOAT16 = "float32", "bfloat16"  # TensorFlow's names of them
_asked = ContextVar("asked", default=True)


def is_bfloat16() -> bool:
    """Whether this kernel was asked to train in bfloat16."""
    return os.environ.get(VARIABLE) == "1"


def training_numbers(training: bool | None) -> str:
    """What a layer computes in; ``training`` is what Keras tells it, true only in a training's steps."""
    return BFLOAT16 if training and is_bfloat16() and _asked.get() else FLOAT32


@contextmanager
def in_float32() -> Iterator[None]:
    """A block whose training steps are computed in float32 too."""
    token = _asked.set(False)
    try:
        yield
    finally:
        _asked.reset(token)
