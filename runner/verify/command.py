"""The ``verify`` command: works a report out again from what is attached to it, and compares.

Nothing but the PDF is read, and this program's own code and templates, or those of the practice that is
given: not the build folder that the report was made in. No TensorFlow is needed. The PDF may be anybody's:
another process reads it, which gets only so much memory and time, and its words are escaped for the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from runner.commands.foreign_code import say_whose_code
from runner.errors import InputError
from runner.limits import VERIFY_MEMORY, VERIFY_SECONDS
from runner.plain_text import plain
from runner.plan.variants import DEFAULT_PLAN, templates_of
from runner.processes.helper import Helper, HelperEnded
from runner.processes.limits import Limits
from runner.verify.checks import SHOWN, SIGNATURE, Check, checks, prepare
from runner.verify.signatures import read_authorities

T = TypeVar("T")
LIMITS = Limits(memory=VERIFY_MEMORY, seconds=VERIFY_SECONDS)
PROVED = "is consistent with what is attached to it, as this program works it out"
OTHER_VERSIONS, NO_SIGNATURE = (
    "it was made by other versions than those here",
    "who signed it can't be checked here",
)
NOT_PROVED = "that shows neither who made it, nor that a training took place"


def verify(
    pdf: Path, plan_path: Path = DEFAULT_PLAN, limits: Limits = LIMITS, trust: Path | None = None
) -> int:
    """Compare the report with its attachments and print what agrees; 0 if all does, else 1.

    The templates are those of ``plan_path``, as the report does not bring its own; ``trust`` is a
    file of those whose word on a signer's name is taken. Raises InputError if
    ``pdf`` is no PDF, its practice another, or more than the ``limits`` would be needed to read it.
    """
    failed, unknown = False, dict[str, None]()
    trusted = read_authorities(trust) if trust is not None else ()
    if plan_path != DEFAULT_PLAN:
        say_whose_code(plan_path, templates_of(plan_path), notebooks=False)
    for check in asked_of(checks, pdf, limits, prepare, plan_path.absolute(), trusted):
        for line in check_lines(check):
            print(plain(line), flush=True)
        failed = failed or bool(check.faults)
        if check.open:
            unknown[NO_SIGNATURE if check.name == SIGNATURE else OTHER_VERSIONS] = None
    if failed:
        last = f"NOT VERIFIED: {pdf}"
    elif unknown:
        last = f"NOT COMPARED IN FULL: {pdf}: {' and '.join(unknown)}"
    else:
        last = f"verified: all of {pdf} {PROVED}; {NOT_PROVED}"
    print(plain(last), flush=True)  # whatever comes next may be an error, on another stream
    return 1 if failed or unknown else 0


def asked_of(
    function: Callable[..., Iterator[T]],
    pdf: Path,
    limits: Limits,
    prepare: Callable[[], object],
    *arguments: Any,
) -> Iterator[T]:
    """What ``function``, called with ``pdf`` and the arguments in another process, yields, as it comes.

    Raises InputError if that needs more than the ``limits``, and what the function raises.
    """
    try:
        with Helper(prepare, limits) as helper:
            yield from helper.call(function, pdf.absolute(), *arguments)
    except HelperEnded as error:
        why = "takes longer" if error.late else "needs more memory, or breaks the program that does it"
        raise InputError(f"to read it {why}: the limits are {limits}", where=str(pdf)) from error
    except (MemoryError, ImportError) as error:  # the program itself, in very little memory
        raise InputError(f"to read it needs more memory: the limits are {limits}", where=str(pdf)) from error


def check_lines(check: Check) -> Iterator[str]:
    """One line if all agrees, else one for each fault."""
    found = check.faults or check.open
    if not found:
        yield f"{check.name:<12} {'told' if check.told else 'ok'}: {check.agrees}"
        return
    kind = "FAULT" if check.faults else "NOT COMPARED"
    why = "" if check.name == SIGNATURE else ", as the versions are others"
    count = f"{len(found)} {kind}S" if check.faults else f"{kind}{why}"
    yield f"{check.name:<12} {count if len(found) > 1 or check.open else kind}"
    yield from (f"  {each}" for each in first_faults(found))


def first_faults(faults: Iterable[str]) -> Iterator[str]:
    """The faults that are shown, and how many more there are."""
    faults = tuple(faults)
    yield from faults[:SHOWN]
    if len(faults) > SHOWN:
        yield f"... and {len(faults) - SHOWN} more"
