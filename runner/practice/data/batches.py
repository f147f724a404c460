"""Reads the official batches. They are pickles, but no pickle is obeyed.

``pickletools`` takes the file apart; of its steps, only those that make up numbers, bytes, text, lists and
dictionaries are taken here, and of its calls only those that stand for arrays of bytes and whole numbers,
which are then made from their bytes. Nothing of the file's choice is imported, called, or used as an address.
"""

from __future__ import annotations

import math
import pickletools
from pickle import UnpicklingError
from typing import Any, NamedTuple

import numpy as np

from runner import limits

INTEGERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"}
BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
OLD_BYTES = {"STRING", "BINSTRING", "SHORT_BINSTRING"}  # text of Python 2, which are bytes
TEXT = {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
NO_STEPS = {"PROTO", "FRAME", "STOP"}
KEPT, PUT, GOT = "MEMOIZE", {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}
# What a pickle of an array calls, as it is called by one version or another of NumPy and of Python.
ARRAY, TYPE, EMPTY, FILLED, ENCODED = "array", "type", "empty", "filled", "encoded"
NAMES = {
    ("numpy", "ndarray"): ARRAY,
    ("numpy", "dtype"): TYPE,
    ("numpy.core.multiarray", "_reconstruct"): EMPTY,
    ("numpy._core.multiarray", "_reconstruct"): EMPTY,
    ("numpy.core.numeric", "_frombuffer"): FILLED,
    ("numpy._core.numeric", "_frombuffer"): FILLED,
    ("_codecs", "encode"): ENCODED,
}
TYPES = {"u1": "u1", "i8": "<i8"}


class Batch(NamedTuple):
    """Rows of 3072 bytes, (n, 3072) or a form of it, and labels (n,), both uint8."""

    rows: np.ndarray
    labels: np.ndarray


class _Name(NamedTuple):
    """Something that the pickle may call."""

    what: str


class _Type(NamedTuple):
    """A type of numbers: NumPy's name for it."""

    name: str


class _Array:
    """An array, empty until its bytes come."""

    def __init__(self) -> None:
        self.content: np.ndarray | None = None


def read_batch(name: str, content: bytes) -> Batch:
    """The batch in a file called ``name``.

    Raises UnpicklingError, ValueError or OverflowError for what is none, and for one that asks for anything
    else than arrays need.
    """
    try:
        batch = _Steps().take(content)
    except (IndexError, KeyError, TypeError, AttributeError) as error:
        raise UnpicklingError(f"{name} is no pickle that makes sense") from error
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise UnpicklingError(f"{name} is not a batch of CIFAR-10: it needs data and labels")
    return Batch(_rows(batch[b"data"], name), as_labels(batch[b"labels"]))


def as_labels(found: Any) -> np.ndarray:
    """A list of whole numbers, or an array of them, as uint8; raises ValueError or OverflowError."""
    if isinstance(found, _Array) and found.content is not None:
        found = found.content.tolist()
    if not isinstance(found, list) or not all(type(each) is int for each in found):
        raise ValueError("its labels are no list of whole numbers")
    return np.asarray(found, np.uint8)


def _rows(found: object, name: str) -> np.ndarray:
    if not isinstance(found, _Array) or found.content is None or found.content.dtype != np.uint8:
        raise UnpicklingError(f"the data of {name} is no array of bytes")
    return found.content


class _Steps:
    """The stack, the marks in it and the memory that a pickle works with."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}

    def take(self, content: bytes) -> Any:
        """Take all steps and return what is left."""
        for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
            if number >= limits.PICKLE_STEPS:
                raise UnpicklingError("it has more steps than any batch of CIFAR-10")
            self._value(opcode.name, argument)
        return self.stack.pop()

    def _value(self, step: str, argument: Any) -> None:
        """A step that puts something on the stack, or one of the others."""
        push = self.stack.append
        if step in INTEGERS or step in TEXT:
            push(argument)
        elif step in BYTES:
            push(bytes(argument))
        elif step in OLD_BYTES:
            push(argument.encode("latin-1"))
        elif step in CONSTANTS:
            push(CONSTANTS[step])
        elif step in GOT:
            push(self.memory[argument])
        elif step == "EMPTY_LIST":
            push([])
        elif step == "EMPTY_DICT":
            push({})
        elif step == "MARK":
            self.marks.append(len(self.stack))
        else:
            self._change(step, argument)

    def _change(self, step: str, argument: Any) -> None:
        """A step that works with what is on the stack."""
        if step == KEPT:
            self.memory[len(self.memory)] = self.stack[-1]
        elif step in PUT:
            self.memory[argument] = self.stack[-1]
        elif step in TUPLES:
            self.stack.append(tuple(self._last(TUPLES[step])))
        elif step == "TUPLE":
            self.stack.append(tuple(self._marked()))
        elif step == "LIST":
            self.stack.append(self._marked())
        elif step == "DICT":
            content, found = self._marked(), dict[Any, Any]()
            _set(found, content)
            self.stack.append(found)
        elif step in ("APPEND", "APPENDS"):
            content = self._last(1) if step == "APPEND" else self._marked()
            _of(self.stack[-1], list).extend(content)
        elif step in ("SETITEM", "SETITEMS"):
            content = self._last(2) if step == "SETITEM" else self._marked()
            _set(_of(self.stack[-1], dict), content)
        else:
            self._call(step, argument)

    def _call(self, step: str, argument: Any) -> None:
        """A step that names something, calls it, or completes what it made."""
        if step == "GLOBAL":
            self.stack.append(_named(*str(argument).split(" ", 1)))
        elif step == "STACK_GLOBAL":
            self.stack.append(_named(*self._last(2)))
        elif step == "REDUCE":
            called, arguments = self._last(2)
            self.stack.append(_made(_of(called, _Name).what, _of(arguments, tuple)))
        elif step == "BUILD":
            (state,) = self._last(1)
            _complete(self.stack[-1], _of(state, tuple))
        elif step not in NO_STEPS:
            raise UnpicklingError(f"the step {step} has no business in this file")

    def _last(self, count: int) -> list[Any]:
        """What was on top of the stack."""
        begin = len(self.stack) - count
        if begin < 0:
            raise IndexError(count)
        return self._from(begin)

    def _marked(self) -> list[Any]:
        """What was on the stack since the last mark."""
        return self._from(self.marks.pop())

    def _from(self, begin: int) -> list[Any]:
        found = self.stack[begin:]
        del self.stack[begin:]
        return found


def _of(found: Any, kind: type) -> Any:
    """The very thing, if it is of this kind; raises TypeError otherwise."""
    if type(found) is not kind:
        raise TypeError(kind.__name__)
    return found


def _set(target: dict[Any, Any], content: list[Any]) -> None:
    """Fill a dictionary; few keys, and text, so that no choice of them makes it slow."""
    for key, value in zip(content[::2], content[1::2], strict=True):
        if not isinstance(key, (bytes, str)) or len(target) >= limits.PICKLE_KEYS:
            raise UnpicklingError("a dictionary in it is none of a batch of CIFAR-10")
        target[key] = value


def _named(module: object, name: object = "") -> _Name:
    if not isinstance(module, str) or not isinstance(name, str) or (module, name) not in NAMES:
        shown = f"{module}.{name}".encode("unicode_escape").decode()[:80]
        raise UnpicklingError(f"{shown} has no business in this file")
    return _Name(NAMES[module, name])


def _made(what: str, arguments: tuple[Any, ...]) -> Any:
    """What a call gives."""
    if what == TYPE:
        return _type(arguments[0])
    if what == EMPTY:
        return _Array()
    if what == FILLED:
        content, kind, shape, order = arguments[:4]
        made = _Array()
        made.content = _array(shape, kind, order == "F", content)
        return made
    if what == ENCODED and arguments[1:] == ("latin1",):
        return _of(arguments[0], str).encode("latin-1")
    raise UnpicklingError(f"a call of {what} has no business in this file")


def _type(name: Any) -> _Type:
    name = name.decode("latin-1") if isinstance(name, bytes) else name
    if name not in TYPES:
        raise UnpicklingError("arrays of another type than u1 and i8 have no business in this file")
    return _Type(name)


def _complete(target: Any, state: tuple[Any, ...]) -> None:
    """Give an array its bytes. A type takes no state but that of a plain one, and changes nothing by it."""
    if isinstance(target, _Type):
        version, order, *fields = state[:5]
        order = order.decode("latin-1") if isinstance(order, bytes) else order
        if version != 3 or order not in ("|", "<") or fields != [None, None, None]:
            raise UnpicklingError("a type that is not plain has no business in this file")
        return
    _, shape, kind, fortran, content = state
    _of(target, _Array).content = _array(shape, kind, bool(fortran), content)


def _array(shape: Any, kind: Any, fortran: bool, content: Any) -> np.ndarray:
    """The array made of its bytes; raises UnpicklingError where they are not as many as its shape says."""
    if not all(
        type(length) is int and 0 <= length <= limits.PICKLE_LENGTH for length in _of(shape, tuple)[:5]
    ):
        raise UnpicklingError("an array in it has an impossible shape")
    dtype = np.dtype(TYPES[_of(kind, _Type).name])
    if len(shape) > 4 or math.prod(shape) * dtype.itemsize != len(_of(content, bytes)):
        raise UnpicklingError("an array in it has another length than it says")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")
