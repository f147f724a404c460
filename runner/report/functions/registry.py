"""What templates may call: functions and filters, each registered by a decorator where it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Kind = Literal["function", "filter"]
Call = TypeVar("Call", bound=Callable[..., Any])
MARK = "template_calls"


@dataclass(frozen=True)
class Registration:
    """One name that templates call.

    ``texts`` are the positions of its arguments, as a template writes them, that are texts for readers; the
    strings of all others name things.
    """

    name: str
    kind: Kind
    texts: tuple[int, ...]


_registered: dict[str, Registration] = {}


def template_function(*, texts: tuple[int, ...] = ()) -> Callable[[Call], Call]:
    """Register a function, or a method of an object given to ``functions``, by its own name."""
    return _register("function", texts)


def template_filter(*, texts: tuple[int, ...] = ()) -> Callable[[Call], Call]:
    """Register a filter, or a method of an object given to ``filters``, by its own name."""
    return _register("filter", texts)


def functions(*owners: object) -> dict[str, Callable[..., Any]]:
    """The functions that objects have, or are, by the name templates use."""
    return _by_name(owners, "function")


def filters(*owners: object) -> dict[str, Callable[..., Any]]:
    """The filters that objects have, or are, by the name templates use."""
    return _by_name(owners, "filter")


def registered(name: str) -> Registration | None:
    """What is registered by a name, of the modules that are imported."""
    return _registered.get(name)


def _register(kind: Kind, texts: tuple[int, ...]) -> Callable[[Call], Call]:
    def mark(call: Call) -> Call:
        registration = Registration(call.__name__, kind, texts)
        known = _registered.setdefault(call.__name__, registration)
        assert known.texts == texts, f"two calls '{call.__name__}' that differ in their texts"
        setattr(call, MARK, (*getattr(call, MARK, ()), registration))
        return call

    return mark


def _by_name(owners: Sequence[object], kind: Kind) -> dict[str, Callable[..., Any]]:
    """The calls of all owners; two of one name would hide one another."""
    found: dict[str, Callable[..., Any]] = {}
    for owner in owners:
        for name, call in _calls(owner, kind):
            assert name not in found, f"two owners have a {kind} '{name}'"
            found[name] = call
    return found


def _calls(owner: Any, kind: Kind) -> Iterator[tuple[str, Callable[..., Any]]]:
    if hasattr(owner, MARK):
        yield from ((r.name, owner) for r in getattr(owner, MARK) if r.kind == kind)
        return
    for member in (getattr(type(owner), name) for name in dir(type(owner))):
        yield from ((r.name, getattr(owner, r.name)) for r in getattr(member, MARK, ()) if r.kind == kind)
