"""A file inside the PDF. Apart from how it is made: who prints needs no more than this."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

KINDS = {".ipynb": "Source", ".toml": "Source", ".whl": "Source"}


@dataclass(frozen=True)
class Attached:
    """One file: ``path`` is where it belongs in a build folder, with slashes."""

    path: str
    content: bytes
    made: datetime

    @property
    def name(self) -> str:
        """The name in the PDF, where readers show no folders."""
        return self.path.replace("/", "--")

    @property
    def sha256(self) -> str:
        """Hash of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def relationship(self) -> str:
        """What the file is to the document, in PDF's words."""
        return KINDS.get(PurePosixPath(self.path).suffix, "Data")
