"""Pictures of notebooks with a palette of colours: a third of the bytes, and the same to the eye.

Matplotlib writes four bytes a pixel; what it draws has a few hundred colours. The report carries all
executed notebooks, and is to fit into a message.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

CHANGES_NO_DIGIT = True  # of a training: see code_closure
COLOURS = 256
VISIBLE = 4.0  # levels of 255: with a larger mean difference, a picture stays as it was
MOST_PIXELS = 50_000_000  # larger ones stay as they are


def with_palette(picture: str) -> str:
    """A PNG (base64) with few colours instead; the same text where that is not smaller, or would be seen.

    Pictures that can't be read or are partly transparent stay as they are as well.
    """
    try:
        content = base64.b64decode(picture)
        smaller = _smaller(content)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # as Pillow tells of damage
        return picture
    return base64.b64encode(smaller).decode() if len(smaller) < len(content) else picture


def _smaller(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=["PNG"]) as found:
        many = found.width * found.height > MOST_PIXELS or getattr(found, "n_frames", 1) > 1
        if many or found.mode == "P":
            return content
        if found.convert("RGBA").getchannel("A").getextrema() != (255, 255):
            return content
        whole = found.convert("RGB")
        few = whole.quantize(COLOURS, dither=Image.Dither.NONE)
        change = np.abs(np.asarray(few.convert("RGB"), np.int16) - np.asarray(whole, np.int16))
        if change.mean() > VISIBLE:
            return content
        buffer = io.BytesIO()
        few.save(buffer, "png", optimize=True, dpi=found.info.get("dpi"))
    return buffer.getvalue()
