"""One small report, made once: what altered and damaged ones are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import StreamObject

from runner.verify.parcel import Parcel, open_report
from tests.small_report import make_practice, make_small

Change = Callable[[PdfWriter], object]


@dataclass(frozen=True)
class Small:
    """The report, the experiments file of its practice, and the folder of both."""

    plan: Path
    pdf: Path

    @cached_property
    def parcel(self) -> Parcel:
        """The report, opened."""
        return open_report(self.pdf)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    folder = tmp_path_factory.mktemp("small")
    plan = make_practice(folder / "practice")
    return Small(plan, make_small(plan, folder / "build"))


@pytest.fixture
def altered(small: Small, tmp_path: Path) -> Callable[[Change], Path]:
    """The small report after a change, alone in a folder."""

    def alter(change: Change) -> Path:
        writer = PdfWriter(clone_from=small.pdf)
        writer.pdf_header = "%PDF-1.7"
        change(writer)
        writer.write(tmp_path / "altered.pdf")
        return tmp_path / "altered.pdf"

    return alter


def attached_streams(root: Any) -> dict[str, StreamObject]:
    """The files in a PDF, by name, to be changed."""
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    pairs = zip(names[::2], names[1::2], strict=True)
    return {str(name): file.get_object()["/EF"]["/F"].get_object() for name, file in pairs}


def replaced(**contents: bytes) -> Change:
    """Have attachments hold something else; ``_`` in a name is for ``.`` and ``__`` for ``--``."""
    named = {name.replace("__", "--").replace("_", "."): content for name, content in contents.items()}

    def change(writer: PdfWriter) -> None:
        streams = attached_streams(writer.root_object)
        for name, content in named.items():
            streams[name].set_data(content)

    return change
