"""Executed notebooks keep their results and lose this machine's paths."""

from __future__ import annotations

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
