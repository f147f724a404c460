"""A fuzzer that follows the branches of one reader: ``python -m tests.faults.fuzz NAME SECONDS FOLDER``.

What it comes upon stays in the folder as its corpus, and a fault as ``crash-...``. The modules ``FOLLOWED``
are instrumented; of what is C, only the outcome is seen.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

FOLLOWED = ["runner.files", "runner.plan", "runner.results", "runner.verify", "pypdf"]


def main(name: str, seconds: str, folder: str) -> None:
    with atheris.instrument_imports(include=FOLLOWED, exclude=["pypdf._codecs"]):
        from tests.readers import READERS, tried
    reader = READERS[name]
    corpus = Path(folder)
    (corpus / "good").write_bytes(reader.good())
    assert tried(reader, reader.good()) == ""  # what it has to import is there then
    words = [sys.argv[0], f"-max_total_time={seconds}", "-rss_limit_mb=4096", "-timeout=60", "-max_len=20000"]
    words += ["-verbosity=0", f"-artifact_prefix={folder}/", folder]
    atheris.Setup(words, lambda content: tried(reader, content))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
