"""Compiled templates of earlier reports, kept in the user's cache folder: they save a quarter of a second a report.

What Jinja compiles depends on more than the template's text: texts are translated and constants filtered
on the way. So what was kept also counts as outdated when the locale, a catalogue or this package changes.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from runner import data, i18n


class CompiledTemplates(jinja2.FileSystemBytecodeCache):
    """Jinja's own cache of files, one for each template and locale, which is never in a report's way."""

    def __init__(self, templates_dir: Path) -> None:
        folder = data.cache_file("cifar10").parent / "templates"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(str(folder))
        self._surroundings = surroundings(templates_dir)

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Hash of name and locale: another folder's template takes the place of this one."""
        return super().get_cache_key(f"{name} {i18n.current()}")

    def get_source_checksum(self, source: str) -> str:
        """Hash of the template and of all else that counts."""
        return super().get_source_checksum(source + self._surroundings)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what was kept, if it is whole."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # reading a damaged file raises nearly anything
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, where that is possible."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def surroundings(templates_dir: Path) -> str:
    """Hash of what a compiled template depends on beside its source; files go by size and time of change."""
    language = i18n.current().partition("_")[0]
    files = [*sorted(Path(__file__).parent.glob("*.py")), *i18n.catalogue_files(language)]
    states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr((jinja2.__version__, str(templates_dir), states)).encode()).hexdigest()
