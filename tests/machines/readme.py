"""The commands of README.md, read from it and not typed again."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
ROW = re.compile(r"^\| Debian, Ubuntu \| `([^`]+)` \|$", re.MULTILINE)
FASTER = re.compile(r"prints faster.* `sudo apt-get install (\S+)`")
BLOCK = re.compile(r"^    (\S.*)$", re.MULTILINE)


def first_command() -> str:
    """What does everything on a fresh machine."""
    return _starting("python3 -m venv", "-m runner all")


def install_line() -> str:
    """What installs on Debian what pip can't."""
    (found,) = ROW.findall(_text())
    return found


def faster_package() -> str:
    """What is not everywhere, and lets the report print faster."""
    (found,) = FASTER.findall(_text())
    return found


def without(line: str, *packages: str) -> str:
    """An install line with some packages left out, as somebody has them who read no README."""
    words = line.split(" ")
    assert set(packages) <= set(words), f"{packages} are not all in: {line}"
    return " ".join(word for word in words if word not in packages)


def report_command() -> str:
    """What puts names on the cover, with their accents."""
    return _starting("python -m runner report --name")


def example_commands() -> tuple[str, str]:
    """What runs the second practice, and verifies its report."""
    return (
        _starting("python -m runner all --plan docs/example"),
        _starting("python -m runner verify --plan docs/example"),
    )


def _starting(start: str, also: str = "") -> str:
    found = [line for line in BLOCK.findall(_text()) if line.startswith(start) and also in line]
    assert len(found) == 1, f"README.md has {len(found)} commands that start with: {start}"
    return found[0]


def _text() -> str:
    return README.read_text(encoding="utf-8")
