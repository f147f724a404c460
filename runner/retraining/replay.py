"""``verify --replay``: an epoch of a report, drawn at random, trained again and held against its record."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.commands.request import say
from runner.errors import InputError, RunnerError
from runner.execute.task import kernel_environment, practice_settings
from runner.machine.bfloat16 import lack_of_bfloat16
from runner.plain_text import plain
from runner.plan.practice import Again, Link, Replay, data_sets_of, practice_of, replay_of
from runner.processes.limits import Limits
from runner.results.chain import read_state, state_sha256
from runner.results.records import Result
from runner.retraining.agreement import MARGIN, elsewhere, too_far, unlike
from runner.retraining.replayable import Replayable, replayable
from runner.verify.checks import prepare
from runner.verify.command import LIMITS, asked_of, first_faults

NAMED = re.compile(r"(?P<variant>[^:]+):(?P<epoch>[1-9][0-9]{0,5})")
PROVED = "came out as its record says; that shows nothing of the other epochs"
INVENTED = ", nor how the state came about that it begins with"


@dataclass(frozen=True)
class Replayed:
    """What training an epoch again showed: in words if all agrees, else each fault."""

    agrees: str
    faults: tuple[str, ...] = ()


def replay(pdf: Path, plan_path: Path, wanted: str, source: str | None, limits: Limits = LIMITS) -> int:
    """Train the ``wanted`` epoch (VARIANT:EPOCH; empty: any) of the report again; 0 if it agrees, else 1.

    Raises InputError if nothing can be trained again, or not the wanted one; the data come from ``source``,
    the cache, or wherever the practice finds them.
    """
    with TemporaryDirectory(prefix="replay-") as temporary:
        folder = Path(temporary).resolve()
        there = list(asked_of(replayable, pdf, limits, prepare, plan_path.absolute(), folder))
        asked = chosen(there, wanted)
        before = "from the seed" if asked.state is None else "from the attached state before it"
        epoch = asked.found.training.epochs[asked.epoch - 1]
        seconds = epoch.train_seconds + epoch.validation_seconds
        count = len(asked.chain.links)
        drawn = "" if wanted else f" (drawn at random among {len(there)})"
        told = (
            f"{asked.variant}, epoch {asked.epoch} of {count}{drawn}, {before}; it took {seconds:.0f} s there"
        )
        print(plain(f"{'replay':<12} {told}"), flush=True)
        found = trained_again(asked, source)
    if found.faults:
        print(plain(f"{'replay':<12} {len(found.faults)} FAULT{'S' if len(found.faults) > 1 else ''}"))
        for fault in first_faults(found.faults):
            print(plain(f"  {fault}"))
        print(plain(f"NOT REPLAYED: {asked.name} of {pdf} did not come out as its record says"))
        return 1
    print(plain(f"{'replay':<12} ok: {found.agrees}"))
    print(plain(f"replayed: {asked.name} of {pdf} {PROVED}{INVENTED if asked.state is not None else ''}"))
    return 0


def chosen(there: Sequence[Replayable], wanted: str) -> Replayable:
    """The ``wanted`` epoch, or one at random; raises InputError, with what there is, for any other."""
    if not there:
        raise InputError("no training with a whole chain of states", where="--replay")
    if not wanted:
        return secrets.choice(there)
    name, epoch = parts_of(wanted)
    for each in there:
        if each.name == wanted:
            return each
    of_variant = [each for each in there if each.variant == name]
    if not of_variant:
        names = ", ".join(dict.fromkeys(each.variant for each in there))
        raise InputError(f"no training '{name}' to replay; there are: {names}", where="--replay")
    epochs = ", ".join(each.name for each in of_variant)
    what = f"no state is attached that epoch {epoch} of {name} begins with"
    hint = f"of it, {epochs} can be replayed; 'reproduce' trains all its epochs"
    raise InputError(what, where="--replay", hint=hint)


def parts_of(wanted: str) -> tuple[str, str]:
    """The names of variant and epoch in VARIANT:EPOCH; raises InputError for what is of another form."""
    named = NAMED.fullmatch(wanted)
    if named is None:
        hint = "without a name, an epoch is drawn at random"
        raise InputError(f"'{wanted}' is not VARIANT:EPOCH, such as baseline:2", where="--replay", hint=hint)
    return named["variant"], named["epoch"]


def trained_again(asked: Replayable, source: str | None) -> Replayed:
    """Train it again here, with the data from ``source`` or wherever they are found, and compare.

    Raises InputError for what is lacking here.
    """
    if asked.state is not None:
        state = read_state(asked.found.folder, asked.epoch - 1)
        if state_sha256(state) != asked.chain.before(asked.epoch):
            return Replayed("", ("the attached state is not the one whose hash is in the chain",))
    replay_it = replay_of(asked.practice)
    assert replay_it is not None
    refuse_what_is_lacking(asked.found.result, asked.practice, source, "--replay")
    return compared(asked, replay_it)


def compared(asked: Replayable, replay_it: Replay) -> Replayed:
    """Train it again, once more if this place is another, and say how that agrees with the record."""
    link = link_of(asked)
    try:
        again = replay_it(link, False)
        differing = elsewhere(asked, again)
        if not differing:
            same = "every bit is the same: the states, the curves" + (", the predictions" * _predicts(asked))
            return Replayed(f"{same} (same processor, threads, versions)", tuple(unlike(asked, again)))
        say(f"elsewhere: {'; '.join(differing)}: trained once more, rounding otherwise, to measure how far")
        return _within(asked, again, replay_it(link, True))
    except InputError:
        raise
    except RunnerError as error:
        return Replayed("", (f"can't be trained again: {error.what}",))


def _within(asked: Replayable, again: Again, other: Again) -> Replayed:
    tolerance, faults = too_far(asked, again, other)
    measured = f"{MARGIN} times what two roundings of it differ by here: {tolerance}"
    return Replayed(f"within the tolerance, {measured} (another place: not to the bit)", faults)


def _predicts(asked: Replayable) -> bool:
    best = asked.found.training.best
    return asked.epoch in (len(asked.chain.links), best.epoch if best else 0)


def link_of(asked: Replayable) -> Link:
    """The epoch as its practice is asked to train it."""
    result = asked.found.result
    threads = asked.found.training.environment.threads
    settings = practice_settings(asked.practice, result.precision)
    environment = kernel_environment(threads, settings)
    values = result.parameters
    return Link(values, asked.epoch, asked.state, threads, result.precision, environment)


def refuse_what_is_lacking(result: Result, practice: str, source: str | None, where: str) -> None:
    """Raise InputError for data, or instructions of the processor, that are not here; data may be fetched."""
    if result.precision == "bfloat16" and (lack := lack_of_bfloat16()):
        raise InputError(f"{result.variant} was trained in bfloat16, and {lack}", where=where)
    found = practice_of(practice)
    for name in data_sets_of(practice, result.parameters):
        assert found is not None
        found.obtain(name, source, say)
