"""Executed notebooks keep their results and lose this machine's paths."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from runner.execute.cleaning import clean_notebook

ADVICE = "WARNING:tensorflow:From /home/me/x.py:1: old is deprecated.\nInstructions for updating:\nUse new.\n"


def test_logs_and_paths_go_results_and_errors_stay() -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": "/home/me/x.py: UserWarning"},
        {"output_type": "stream", "name": "stdout", "text": ADVICE},
        {"output_type": "stream", "name": "stdout", "text": [ADVICE, "exactitud 0.7\n"]},
        error,
    ]
    content = {
        "cells": [{"cell_type": "code", "outputs": outputs}, {"cell_type": "markdown"}],
        "metadata": {"papermill": {"input_path": "/home/me/a.ipynb", "output_path": None}},
    }
    clean_notebook(content)
    assert content["cells"][0]["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "exactitud 0.7\n"},
        error,
    ]
    assert "/home" not in str(content)


def test_pictures_get_a_palette_and_nothing_else_is_touched() -> None:
    buffer = io.BytesIO()
    shades = np.random.default_rng(0).integers(0, 3, (90, 90, 3)).astype(np.uint8) * 100  # 27 colours
    Image.fromarray(shades).save(buffer, "png")
    large = base64.b64encode(buffer.getvalue()).decode()
    data = {"image/png": large, "text/plain": "<Figure>"}
    content = {
        "cells": [{"cell_type": "code", "outputs": [{"output_type": "display_data", "data": data}]}],
        "metadata": {},
    }
    clean_notebook(content)
    assert len(data["image/png"]) < len(large) and data["text/plain"] == "<Figure>"
