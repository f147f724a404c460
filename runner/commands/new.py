"""The ``new`` command: writes a small practice of one's own, which runs as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from runner import shipped
from runner.errors import InputError

STARTER = shipped("docs/starter")


def write_practice(folder: Path) -> None:
    """Write the practice into ``folder``, which must not be there yet or be empty; whole or not at all.

    Raises InputError for a folder that holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            "there is something already", where=str(folder), hint="give a folder that is not there"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made:
        copied = Path(made) / folder.name
        shutil.copytree(
            STARTER, copied, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copy
        )
        if folder.exists():
            folder.rmdir()
        os.replace(copied, folder)
    plan = folder / "experiments.toml"
    print(f"wrote {folder}: an experiments file, a notebook, and templates of three answers and a figure")
    print(f"  python -m runner all --plan {plan} --build-dir {folder / 'build'}")
