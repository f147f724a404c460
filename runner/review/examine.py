"""Reads and checks one report in a process of its own, within the limits of ``verify``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from runner.errors import InputError, RunnerError
from runner.plan.variants import templates_of
from runner.processes.helper import Helper, HelperEnded
from runner.processes.limits import Limits
from runner.review.reading import read_hand_in
from runner.review.records import HandIn
from runner.verify.checks import Check, checks_of, open_ours, prepare
from runner.verify.command import LIMITS

Outcome = Literal["verified", "records agree", "not compared in full", "not verified", "not read"]


@dataclass(frozen=True)
class Examined:
    """A report of the class: what was read of it, None if nothing, and what its checks found."""

    file: str
    outcome: Outcome
    faults: tuple[str, ...] = ()
    hand_in: HandIn | None = None


def look_at(
    pdf: Path, name: str, plan_path: Path, rendered: bool, with_claims: bool = False
) -> Iterator[HandIn | Check]:
    """What is compared of a report, then its checks; called in the other process.

    Raises InputError for what is no report of this practice. A manifest that can't be read is left to the
    checks, unless claims are asked for.
    """
    templates = templates_of(plan_path)
    parcel = open_ours(pdf, templates)
    try:
        yield read_hand_in(parcel, name, templates, with_claims)
    except RunnerError:
        if with_claims:
            raise
    if not with_claims:
        yield from checks_of(parcel, templates, rendered)


class Examiner:
    """Looks at reports, each in another process; several threads may share it.

    ``plan_path`` is the experiments file of their practice, ``rendered`` whether each is made again.
    """

    def __init__(self, plan_path: Path, rendered: bool, limits: Limits = LIMITS) -> None:
        self._plan, self._rendered, self._limits = plan_path.absolute(), rendered, limits
        self._running: set[Helper] = set()
        self._ended = False
        self._lock = Lock()

    def end(self) -> None:
        """Let go of what is being looked at, and begin nothing more."""
        with self._lock:
            self._ended = True
            for helper in self._running:
                helper.end()

    def examined(self, pdf: Path, name: str) -> Examined:
        """The report, whatever it is: what can't be read is an outcome, too."""
        try:
            found = list(self._looked_at(pdf, name, False))
        except (RunnerError, OSError, MemoryError, ImportError) as error:
            said = error.what if isinstance(error, RunnerError) else str(error) or type(error).__name__
            return Examined(name, "not read", (said,))
        hand_in = next((each for each in found if isinstance(each, HandIn)), None)
        checks = [each for each in found if isinstance(each, Check)]
        faults = tuple(f"{check.name}: {fault}" for check in checks for fault in check.faults)
        unlike = tuple(f"{check.name}: {fault}" for check in checks for fault in check.open)
        return Examined(name, self._outcome(faults, unlike), faults or unlike, hand_in)

    def _outcome(self, faults: tuple[str, ...], unlike: tuple[str, ...]) -> Outcome:
        if faults:
            return "not verified"
        if not self._rendered:
            return "records agree"
        return "not compared in full" if unlike else "verified"

    def hand_in(self, pdf: Path, name: str) -> HandIn:
        """A report with its claims; raises InputError for what can't be read."""
        for each in self._looked_at(pdf, name, True):
            if isinstance(each, HandIn):
                return each
        raise InputError("no report of this program", where=name)

    def _looked_at(self, pdf: Path, name: str, with_claims: bool) -> Iterator[HandIn | Check]:
        try:
            with Helper(prepare, self._limits) as helper:
                with self._lock:
                    if self._ended:
                        return
                    self._running.add(helper)
                try:
                    yield from helper.call(
                        look_at, pdf.absolute(), name, self._plan, self._rendered, with_claims
                    )
                finally:
                    with self._lock:
                        self._running.discard(helper)
        except HelperEnded as error:
            why = "takes longer" if error.late else "needs more memory, or breaks the program that does it"
            raise InputError(f"to read it {why}: the limits are {self._limits}", where=name) from error
