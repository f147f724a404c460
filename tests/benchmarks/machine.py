"""What the measurements were made on."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version

import psutil

from runner.machine.processor import processor

SHOWN = ("tensorflow", "keras", "numpy", "weasyprint", "papermill", "nbconvert")


@cache
def described() -> str:
    """Processor, cores, memory, system and versions, in words."""
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    system = f"{platform.system()} {platform.machine()}"
    versions = [f"{name} {version(name)}" for name in SHOWN]
    parts = [processor(), f"{os.cpu_count()} cores", memory, system, f"python {platform.python_version()}"]
    return ", ".join([*parts, *versions])
