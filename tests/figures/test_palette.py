"""Pictures of notebooks lose bytes, and nothing that can be seen."""

from __future__ import annotations

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from runner.figures import palette


def as_text(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "png", dpi=(110, 110))
    return base64.b64encode(buffer.getvalue()).decode()


def read(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.fixture
def plot() -> str:
    figure, axes = plt.subplots(figsize=(4, 2))
    axes.plot([0, 1, 2], [0, 1, 4], label="una curva")
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_plot_loses_half_its_bytes_and_looks_alike(plot: str) -> None:
    small = palette.with_palette(plot)
    assert len(small) < 0.5 * len(plot)
    before, after = read(plot).convert("RGB"), read(small).convert("RGB")
    assert before.size == after.size
    change = np.abs(np.asarray(before, int) - np.asarray(after, int))
    assert change.mean() < 0.5
    assert read(small).info["dpi"] == read(plot).info["dpi"]
    assert palette.with_palette(small) == small


@pytest.mark.parametrize("kind", ["noise", "transparent", "no PNG", "no base64", "cut", "grey", "huge"])
def test_others_stay_as_they_are(kind: str, plot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    shade = np.dstack([noise * 0, np.full((40, 40), 99, np.uint8)])
    text = {
        "noise": lambda: as_text(Image.fromarray(noise)),  # 256 colours would be seen
        "transparent": lambda: as_text(Image.fromarray(shade)),
        "no PNG": lambda: base64.b64encode(b"GIF89a and more").decode(),
        "no base64": lambda: "ñ",
        "cut": lambda: plot[: len(plot) // 8 * 4],
        "grey": lambda: as_text(Image.fromarray(noise[..., 0])),  # has no more colours than that
        "huge": lambda: plot,
    }[kind]()
    if kind == "huge":
        monkeypatch.setattr(palette, "MOST_PIXELS", 1000)
    assert palette.with_palette(text) == text
