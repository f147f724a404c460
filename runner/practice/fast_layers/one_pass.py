"""Functions of numbers, in one pass over them in place of one for each operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import tensorflow as tf

_one_by_one = ContextVar("one_by_one", default=False)


def in_one_pass(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """``function`` of numbers, in one pass over them; as it is where TensorFlow has no compiler.

    One pass for each operation takes four times as long, and longer than a convolution in bfloat16.
    """
    return _compiled(function) if has_compiler() and not _one_by_one.get() else function


@contextmanager
def one_by_one() -> Iterator[None]:
    """Within it graphs show each operation, for those who count them."""
    token = _one_by_one.set(True)
    try:
        yield
    finally:
        _one_by_one.reset(token)


@cache
def _compiled(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    found: Callable[..., tf.Tensor] = tf.function(function, jit_compile=True, autograph=False)
    return found


@cache
def has_compiler() -> bool:
    """Whether this TensorFlow can compile functions for the device that it computes on.

    Not on every system, and for a GPU only where CUDA's own library of functions is found.
    """
    with tf.init_scope():
        try:
            _compiled(lambda x: tf.exp(tf.math.erf(x)))(tf.zeros(1))
        except tf.errors.OpError:
            return False
    return True
