"""The fonts that pages are printed with: those of the style sheets, else this program's own, never others.

What a machine or an account has would give other pages there: other letters of the same name are taken
first, and a ``sans-serif`` is whatever is at hand. fontconfig, which WeasyPrint asks, is told of ours only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from runner.figures.typefaces import FONTS, faces_of
from runner.processes.isolation import folder

FILE = "FONTCONFIG_FILE"
GENERIC = {"serif": "Source Serif Pro", "sans-serif": "Source Sans Pro", "monospace": "DejaVu Sans Mono"}
CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir>{fonts}</dir>
<cachedir>{cache}</cachedir>
{aliases}
<match target="pattern"><edit name="family" mode="append_last"><string>{last}</string></edit></match>
<selectfont><rejectfont>{brought}</rejectfont></selectfont>
</fontconfig>
"""


@contextmanager
def no_other_fonts(styles: Sequence[Path] = ()) -> Iterator[None]:
    """A block in which fontconfig, when it is set up, hears of no other fonts than ours.

    Of a family that one of the ``styles`` brings, ours stay out as well.
    """
    before = os.environ.get(FILE)
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8", delete=False) as file:
        file.write(configuration(styles))
    os.environ[FILE] = file.name
    try:
        yield
    finally:
        os.environ.pop(FILE)
        if before is not None:
            os.environ[FILE] = before
        Path(file.name).unlink(missing_ok=True)


def configuration(styles: Sequence[Path]) -> str:
    """What fontconfig is told."""
    brought = "".join(
        f'<pattern><patelt name="family"><string>{escape(family)}</string></patelt></pattern>'
        for family in sorted({face.family for face in faces_of(styles)})
    )
    aliases = "\n".join(
        f'<alias binding="same"><family>{name}</family><prefer><family>{family}</family></prefer></alias>'
        for name, family in GENERIC.items()
    )
    return CONFIGURATION.format(
        fonts=escape(str(FONTS)),
        cache=escape(str(folder() / "fontconfig")),
        aliases=aliases,
        last=GENERIC["serif"],
        brought=brought,
    )
