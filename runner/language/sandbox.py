"""What templates may do: read what they are given, and nothing else of Python, files or processes.

A practice's templates look like data, and ``verify`` renders those of whoever verifies. Jinja's own sandbox
keeps out names with underscores; but a path or an array that a record holds can write files, and pydantic's
records can load pickles. So an attribute counts only if the type that has it is one of those below.
"""

from __future__ import annotations

from typing import Any

from jinja2 import sandbox

# Packages whose types give templates nothing but values. ``runner`` has the facts that a report states.
PLAIN_TYPES = frozenset({"runner", "builtins", "datetime", "markupsafe", "jinja2", "nbformat", "nbconvert"})
ARRAY_VALUES = frozenset(
    {
        *("T", "all", "any", "argmax", "argmin", "argsort", "astype", "cumsum", "dtype", "item", "max"),
        *("mean", "min", "ndim", "prod", "ravel", "reshape", "round", "shape", "size", "sort", "std", "sum"),
        *("tolist", "var"),
    }
)  # of NumPy's arrays and scalars, whose other methods write files


class Sandbox(sandbox.ImmutableSandboxedEnvironment):
    """A Jinja environment whose templates can't reach what could run code, or write or read files."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may use ``obj.attr``."""
        if isinstance(obj, list) and attr == "append":  # how a template gathers what it shows further down
            return True
        return super().is_safe_attribute(obj, attr, value) and _is_plain(obj, attr)


def _is_plain(obj: Any, attr: str) -> bool:
    """Whether the type that has the attribute is one of those that give only values."""
    if isinstance(obj, type):  # its methods make objects, of files too
        return False
    kind = type(obj)
    owner = next((each for each in kind.__mro__ if attr in vars(each)), kind)
    package = owner.__module__.partition(".")[0]
    return package in PLAIN_TYPES or (package == "numpy" and attr in ARRAY_VALUES)
