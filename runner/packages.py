"""Installed packages: the lock file of a run, the versions that the tests ran with, and what is otherwise.

The lock file is written when something runs and only read later: a report made again elsewhere attaches the
same one.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runner import __version__, shipped
from runner.build_folder import PACKAGES_FILE
from runner.files import write_text

MADE_WITH = (
    "weasyprint", "matplotlib", "jinja2", "numpy", "scipy", "statsmodels", "scikit-learn", "babel", "rocrate",
)  # fmt: skip
CONSTRAINTS = shipped("constraints.txt")


@dataclass(frozen=True)
class Difference:
    """A package that is installed in another version than the one that was tried."""

    name: str
    installed: str
    tried: str

    def __str__(self) -> str:
        return f"{self.name} {self.installed} ({self.tried})"


def constraints(path: Path = CONSTRAINTS) -> Iterator[Requirement]:
    """Every line of the file, those for other systems and Pythons too."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield Requirement(line)


def tried(path: Path = CONSTRAINTS) -> dict[str, str]:
    """Version by name, of what is meant for this system and this Python."""
    here = (each for each in constraints(path) if each.marker is None or each.marker.evaluate())
    return {canonicalize_name(each.name): next(iter(each.specifier)).version for each in here}


def installed() -> dict[str, str]:
    """Version by name of all that this Python can import; the first found counts, as it does there."""
    found: dict[str, str] = {}
    for each in distributions():
        if each.metadata["Name"]:
            found.setdefault(canonicalize_name(each.metadata["Name"]), each.version)
    return found


def differences(path: Path = CONSTRAINTS) -> list[Difference]:
    """What is installed in another version; what is not installed at all is no difference."""
    have = installed()
    return [
        Difference(name, have[name], version)
        for name, version in tried(path).items()
        if name in have and have[name] != version
    ]


def lock_text() -> str:
    """One line ``name==version`` a package, sorted; nothing of the machine but Python's version."""
    lines = [f"{name}=={version}" for name, version in sorted(installed().items())]
    return "\n".join([f"# Python {platform.python_version()}", *lines]) + "\n"


def write_lock(build_dir: Path) -> None:
    """Keep the versions of this environment in the build folder, whole or not at all."""
    write_text(build_dir / PACKAGES_FILE, lock_text(), build_dir)


def made_with(more: Sequence[str] = ()) -> dict[str, str]:
    """Versions of what decides numbers and looks of the report."""
    return {"runner": __version__} | {name: version(name) for name in (*MADE_WITH, *more)}
