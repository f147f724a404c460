"""Takes out of an executed notebook what is of this machine, and makes its pictures small."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from runner import __version__
from runner.figures.palette import with_palette

PICTURE = "image/png"
# TensorFlow's advice to itself, with the path of the installation, on three lines.
LIBRARY_ADVICE = re.compile(r"^WARNING:tensorflow:.*\n(?:Instructions for updating:\n.*\n)?", re.MULTILINE)


def clean_notebook(content: dict[str, Any]) -> None:
    """Clean a notebook (as JSON) in place; its results and its errors stay."""
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [o for o in map(clean_output, cell["outputs"]) if o is not None]
    entry = content["metadata"].get("papermill", {})
    for key in ("input_path", "output_path"):
        if entry.get(key):
            entry[key] = Path(entry[key]).name
    content["metadata"]["runner"] = {"version": __version__}


def clean_output(output: Any) -> Any:
    """The output without library logs, a picture of it with a palette; None if nothing else was in it."""
    if isinstance(picture := output.get("data", {}).get(PICTURE), str):
        output["data"][PICTURE] = with_palette(picture)
    if output["output_type"] != "stream":
        return output
    if output["name"] == "stderr":
        return None
    text = output["text"] if isinstance(output["text"], str) else "".join(output["text"])
    output["text"] = LIBRARY_ADVICE.sub("", text)
    return output if output["text"].strip() else None
