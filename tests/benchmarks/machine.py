"""What the measurements were made on."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil

SHOWN = ("tensorflow", "keras", "numpy", "weasyprint", "papermill", "nbconvert")


@cache
def described() -> str:
    """Processor, cores, memory, system and versions, in words."""
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    system = f"{platform.system()} {platform.machine()}"
    versions = [f"{name} {version(name)}" for name in SHOWN]
    parts = [processor(), f"{os.cpu_count()} cores", memory, system, f"python {platform.python_version()}"]
    return ", ".join([*parts, *versions])


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()
