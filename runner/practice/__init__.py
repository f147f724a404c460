"""The practice in hand, *CNN para clasificación multi-class*: its network, training and measurements.

This file is its door (``runner.plan.practice.Practice``), and light: TensorFlow is imported elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from runner.plan.practice import Again, Link
from runner.practice import costs
from runner.practice.data import sets
from runner.practice.parameters import Parameters

CHANGES_NO_DIGIT = True  # of a training: see code_closure
__all__ = ["costs"]

parameters = Parameters
packages = ("tensorflow", "keras", "numpy")
# What the notebook of question 8 calls the pictures that went down and up again.
PICTURES = ("entrada", "relleno y recorte", "«same» y recorte", "tamaños anotados")
settings = {"TF_ENABLE_ONEDNN_OPTS": "1"}
BFLOAT16 = "RUNNER_BFLOAT16"  # 1: the kernel trains in it (see precision.py)
precisions = {"float32": {BFLOAT16: "0"}, "bfloat16": {BFLOAT16: "1"}}
preloaded = ("runner.practice.preloaded",)


def refusal(values: Mapping[str, object], draft: bool) -> str:
    """A batch that can't be filled would be another one than the report says.

    A draft, which has fewer images than what it is a draft of, is let pass.
    """
    p = _checked(values)
    if draft or p.batch_size <= p.train_images:
        return ""
    what = f"batch_size: {p.batch_size} is more than the {p.train_images} images to train with"
    return f"{what}; allowed here: 1 to {p.train_images}"


def derived(values: Mapping[str, object]) -> dict[str, object]:
    """The learning rate at its highest, as the batch size scales it, and the filters of each block."""
    p = _checked(values)
    return {"peak_learning_rate": p.peak_learning_rate, "widths": p.widths}


def data_sets(values: Mapping[str, object]) -> tuple[str, ...]:
    """The data set, if it is one of this practice; a notebook may mean another by the name."""
    name = sets.known(values)
    return () if name is None else (name,)


def fingerprint(name: str) -> str:
    """Hash of the data set's arrays."""
    return sets.fingerprint(name)


def obtain(name: str, source: str | None, say: Callable[[str], None]) -> None:
    """Have the data set in the cache, or in scikit-learn."""
    from runner.practice.data import sources

    sources.ensure(name, source, say)


def look_for(names: Iterable[str], source: str | None) -> tuple[str, str]:
    """Where the data sets are, or will come from."""
    from runner.practice.data import sources

    return sources.look_for(set(names), source)


def replay(link: Link, otherwise: bool = False) -> Again:
    """One epoch trained again, in a process of its own."""
    from runner.practice.states.again import train_again

    return train_again(link, otherwise)


def texts() -> Iterator[tuple[str, str]]:
    """Words of tables, names of classes, and what a notebook calls its pictures."""
    from runner.practice import tables

    yield from ((text, "words") for text in (*tables.WORDS.values(), *tables.EPOCHS.values()))
    yield from ((title, "tables.py") for _, title in tables.METRICS)
    yield from ((name, "resolution.ipynb") for name in PICTURES)
    yield from ((name, "data.py") for name in (*sets.CIFAR10_CLASSES, "dígitos de scikit-learn"))


def _checked(values: Mapping[str, object]) -> Parameters:
    return Parameters.model_validate_json(json.dumps(dict(values)))
