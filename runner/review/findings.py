"""What two reports share, and whether what they say of themselves explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["copied", "suspicious", "explained"]
What = Literal[
    "file",
    "times",
    "validation predictions",
    "test predictions",
    "history",
    "losses",
    "likeness",
    "unequal predictions",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
WORDS: dict[What, str] = {
    "file": "the same file, byte by byte",
    "times": "the same start, or the same seconds of every epoch, to the last digit",
    "validation predictions": "the same validation predictions and losses, to the last digit",
    "test predictions": "the same test predictions and losses, to the last digit",
    "history": "the same curves, to the last digit",
    "losses": "the same loss, to the last digit, of single test images",
    "likeness": "losses of single test images more alike than those of independent trainings",
    "unequal predictions": "the same curves, yet other test predictions",
}


@dataclass(frozen=True)
class Shared:
    """One thing that two reports share, of the variants ``first`` and ``second``.

    ``differs`` are the settings that its digits hang on and that are not the same; with none, two trainings
    would give the same. ``count`` of ``cases`` images are equal, where only some are; ``likeness`` is the
    correlation of losses and ``usual`` the one up to which independent trainings go, ``agreement`` the share
    of images that both put into the same class.
    """

    what: What
    first: str = ""
    second: str = ""
    differs: tuple[str, ...] = ()
    count: int = 0
    cases: int = 0
    likeness: float = 0.0
    usual: float = 0.0
    agreement: float = 0.0

    @property
    def kind(self) -> Kind:
        """How it looks by itself."""
        if self.what in ("file", "times"):
            return "copied"
        if self.differs or self.what in ("losses", "likeness", "unequal predictions"):
            return "suspicious"
        return "explained"


@dataclass(frozen=True)
class Finding:
    """Two reports, by their files, and all that they share."""

    first: str
    second: str
    shared: tuple[Shared, ...]

    @property
    def kind(self) -> Kind:
        """The gravest of what they share."""
        return min((each.kind for each in self.shared), key=KINDS.index)

    @property
    def gravest(self) -> tuple[Together, ...]:
        """What they share of that kind, put together by what it is."""
        grave = [each for each in self.shared if each.kind == self.kind]
        found = dict.fromkeys(each.what for each in grave)
        return tuple(_together([each for each in grave if each.what == what]) for what in found)

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in words, a line each."""
        return tuple(map(_line, self.gravest))


@dataclass(frozen=True)
class Together:
    """The same thing shared by several variants: their ``names``, and the settings that differ in any.

    ``first`` stands for them with its numbers.
    """

    first: Shared
    names: tuple[str, ...]
    differs: tuple[str, ...]


def _together(shared: list[Shared]) -> Together:
    names = [each.first if each.first == each.second else f"{each.first} = {each.second}" for each in shared]
    differs = dict.fromkeys(name for each in shared for name in each.differs)
    return Together(shared[0], tuple(filter(None, names)), tuple(differs))


def _line(found: Together) -> str:
    first, names = found.first, named(found.names)
    of = f" ({names})" if names else ""
    if first.what == "losses":
        of = f" ({first.count} of {first.cases}, of {names})"
    if first.what == "likeness":
        of = (
            f" ({names}: correlation {first.likeness:.4f}, of independent ones up to {first.usual:.4f}; "
            f"the same class for {first.agreement:.1%} of the images)"
        )
    although = f", although {named(found.differs)} differ" if found.differs else ""
    return f"{WORDS[first.what]}{of}{although}"


def named(names: Sequence[str], shown: int = 4) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"
