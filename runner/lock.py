"""The lock file: every installed package with its version, as it was where the variants were executed.

It is written when something runs and only read later: a report made again elsewhere attaches the same one.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

from runner.constraints import installed

PACKAGES_FILE = "requirements.lock"


def lock_text() -> str:
    """One line ``name==version`` a package, sorted; nothing of the machine but Python's version."""
    lines = [f"{name}=={version}" for name, version in sorted(installed().items())]
    return "\n".join([f"# Python {platform.python_version()}", *lines]) + "\n"


def write_lock(build_dir: Path) -> None:
    """Keep the versions of this environment in the build folder, whole or not at all."""
    temporary = build_dir / f".{PACKAGES_FILE}"
    temporary.write_text(lock_text(), encoding="utf-8")
    os.replace(temporary, build_dir / PACKAGES_FILE)
