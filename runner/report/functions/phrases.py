"""What templates may say of a reading: rows of ``phrases/*.toml``, chosen by what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from runner.analysis import ladder, pictures, readings
from runner.errors import RunnerError
from runner.language.phrases import phrase
from runner.report.functions.facts import Facts
from runner.report.functions.registry import template_function


class Phrases:
    """The functions of the templates that read results into facts, and say them."""

    def __init__(self, facts: Facts, templates: Path) -> None:
        self.facts, self.templates = facts, templates

    @template_function()
    def say(self, topic: str, part: str, facts: Mapping[str, str], **slots: Any) -> Markup:
        """The sentence of a topic's part for these facts; what is put into its slots is escaped."""
        text = phrase(self.templates, topic, part, facts)
        try:
            return Markup(text).format(**slots)
        except (LookupError, ValueError) as error:
            raise RunnerError(f"can't be filled in: {text}", where=f"{topic}: {part}") from error

    @template_function()
    def light_filters(self, kernel: np.ndarray) -> np.ndarray:
        """Which filters (k, k, 3, n) answer to light rather than to colour, (n,)."""
        return pictures.light_filters(kernel)

    @template_function()
    def even_filters(self, kernel: np.ndarray) -> np.ndarray:
        """Which filters (k, k, 3, n) answer to how bright a place is, (n,)."""
        return pictures.even_filters(kernel)

    @template_function()
    def read_overfitting(self, name: str) -> readings.Overfitting:
        """What the three losses of a variant say."""
        return readings.overfitting(self.facts.study, name)

    @template_function()
    def read_batches(self) -> readings.Batches:
        """What the batch size did."""
        return readings.batches(self.facts.study, self.facts.compared)

    @template_function()
    def read_doubled(self, name: str, reference: str) -> readings.Doubled:
        """What the double of something did."""
        return readings.doubled(self.facts.study, name, reference, self.facts.compared)

    @template_function()
    def read_ladder(self) -> ladder.Ladder:
        """What each step from the baseline to the best model did."""
        return ladder.ladder(self.facts.study)
