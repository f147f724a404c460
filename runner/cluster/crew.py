"""The workers of a Dask cluster that can be used: those with this program's versions, and which are free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from runner.cluster.worker import versions
from runner.errors import RunnerError

if TYPE_CHECKING:
    from distributed import Client

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 30
LINE = 200  # letters that are told of a worker's words
DESERTED_SECONDS = 120  # without any worker, until the run is given up
# What a worker is asked. Python's own ``eval`` is there, too, where this package or Python is another.
QUESTION = f"__import__({versions.__module__!r}, fromlist=['describe']).describe()"
VERSIONS = TypeAdapter(dict[str, str])
Process = tuple[str, str]  # address, and the local folder, which is another after a restart


class Seen(BaseModel):
    """What a scheduler says of a worker, as far as it is used here."""

    local_directory: str
    status: str
    nthreads: Annotated[int, Field(ge=1)]
    resources: dict[str, float]


@dataclass
class Worker:
    """A worker as the runner sees it. ``gpus`` is the resource GPU that it declares."""

    process: Process
    threads: int
    gpus: int
    taken: set[int] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.process[0]

    @property
    def slots(self) -> int:
        """Variants at once: one, or one for each GPU, as far as there are threads."""
        return max(1, min(self.gpus, self.threads))

    @property
    def threads_each(self) -> int:
        """Threads of each kernel."""
        return max(1, self.threads // self.slots)


@dataclass(frozen=True)
class Seat:
    """Room for one variant on a worker."""

    worker: Worker
    number: int

    @property
    def gpu(self) -> int | None:
        """Which of the worker's GPUs is the variant's, if it has any."""
        return self.number if self.worker.gpus else None


class Crew:
    """Workers by process; ``refused`` maps those that can't be used to the reason.

    One thread looks, takes and gives back; the sums may be read from others.
    """

    def __init__(self, client: Client, say: Callable[[str], None]) -> None:
        self.client, self.say = client, say
        self.usable: dict[Process, Worker] = {}
        self.refused: dict[Process, str] = {}
        self._looked = -LOOK_SECONDS
        self._alone_since: float | None = None

    def look(self) -> None:
        """See who came and who went, unless that was just done.

        Raises TimeoutError if the scheduler doesn't answer, OSError if it is gone.
        """
        if monotonic() - self._looked < LOOK_SECONDS:
            return
        identity = self.client.sync(self.client.scheduler.identity, callback_timeout=ANSWER_SECONDS)
        seen = {(address, each.local_directory): each for address, each in _seen(identity).items()}
        self.usable = {p: w for p, w in self.usable.items() if p in seen}
        self.refused = {p: r for p, r in self.refused.items() if p in seen}
        known = self.usable.keys() | self.refused.keys()
        new = {p: w for p, w in seen.items() if p not in known and w.status == "running"}
        if new:
            self._admit(new)
        self._looked = monotonic()
        self._alone_since = None if self.usable else self._alone_since or self._looked

    def _admit(self, new: Mapping[Process, Seen]) -> None:
        answers = self._ask([process[0] for process in new])
        for process, info in new.items():
            answer = answers.get(process[0])
            if not isinstance(answer, Mapping):
                continue  # it went away meanwhile; if not, it is asked again
            problem = explain(answer)
            if problem:
                self._refuse(process, problem)
            else:
                gpus = int(info.resources.get("GPU", 0))
                self.usable = self.usable | {process: Worker(process, info.nthreads, gpus)}

    def _ask(self, addresses: Sequence[str]) -> Mapping[str, object]:
        """The workers' answers to ``QUESTION``, or what they raised in words.

        ``Client.run`` would unpickle what they raise.
        """
        from distributed.protocol.pickle import dumps

        message = {"op": "run", "function": dumps(eval), "args": dumps((QUESTION,)), "wait": True}
        ask = self.client.scheduler.broadcast
        try:
            answers = self.client.sync(
                ask, msg=message, workers=addresses, on_error="ignore", callback_timeout=ANSWER_SECONDS
            )
        except (TypeError, ValueError) as error:  # one of them has answered with more than plain values
            if len(addresses) == 1:
                return {addresses[0]: {"status": "error", "exception_text": str(error)}}
            return {address: answer for each in addresses for address, answer in self._ask([each]).items()}
        return answers if isinstance(answers, Mapping) else {}

    def _refuse(self, process: Process, reason: str) -> None:
        self.refused = self.refused | {process: reason}
        self.say(f"worker {process[0]} is not used: {reason}")

    def refuse(self, worker: Worker, reason: str) -> None:
        """Give it nothing more to do."""
        self.usable = {p: w for p, w in self.usable.items() if p != worker.process}
        self._refuse(worker.process, reason)

    def complaint(self) -> str:
        """Why there is nobody to do the work."""
        if not self.refused:
            return "the scheduler has no workers"
        reasons = "\n  ".join(f"{process[0]}: {reason}" for process, reason in self.refused.items())
        return f"none of the workers can be used:\n  {reasons}"

    @property
    def chosen(self) -> list[Worker]:
        """Who is used: those with GPUs if any has one, since others would give other digits."""
        workers = list(self.usable.values())
        return [w for w in workers if w.gpus] or workers

    @property
    def slots(self) -> int:
        """Variants at once, all workers together."""
        return sum(worker.slots for worker in self.chosen)

    @property
    def threads(self) -> int:
        """Threads of a kernel on the smallest worker."""
        return min((worker.threads_each for worker in self.chosen), default=1)

    @property
    def deserted(self) -> bool:
        """Whether nobody has been there for too long."""
        return self._alone_since is not None and monotonic() - self._alone_since > DESERTED_SECONDS

    def has(self, worker: Worker) -> bool:
        """Whether the worker is still there, in the same process."""
        return worker.process in self.usable or worker.process in self.refused

    def take(self) -> Seat | None:
        """A free seat, of these the one with most threads; None if there is none."""
        free = [w for w in self.chosen if len(w.taken) < w.slots]
        if not free:
            return None
        worker = max(free, key=lambda w: w.threads_each)
        number = min(set(range(worker.slots)) - worker.taken)
        worker.taken.add(number)
        return Seat(worker, number)

    def give_back(self, seat: Seat) -> None:
        """The variant there has ended."""
        seat.worker.taken.discard(seat.number)


def _seen(identity: object) -> dict[str, Seen]:
    """The workers by address; raises RunnerError for what no scheduler says."""
    try:
        return TypeAdapter(dict[str, Seen]).validate_python(dict(identity)["workers"])  # type: ignore[call-overload]
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        raise RunnerError(f"what the scheduler says of its workers can't be read: {_line(error)}") from error


def explain(answer: Mapping[str, object]) -> str:
    """What makes a worker unlike this program, from its answer; empty if nothing does."""
    if answer.get("status") != "OK":
        said = _line(answer.get("exception_text"))
        lacking = said.startswith("ModuleNotFoundError")
        return f"this package is not installed there ({said})" if lacking else f"it can't be asked: {said}"
    try:
        there = VERSIONS.validate_json(answer.get("result"))  # type: ignore[arg-type]  # whatever it is
    except ValidationError as error:
        return f"its answer can't be read: {_line(error)}"
    return differences(versions(), there)


def _line(said: object) -> str:
    """The first line of a peer's words, without control characters, not too long."""
    text = (str(said).splitlines() or [""])[0]
    return "".join(c if c.isprintable() else " " for c in text)[:LINE]


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Versions that differ, with both; of this package, the files that differ."""
    names = sorted(n for n in here.keys() | there.keys() if here.get(n) != there.get(n))
    files = [name for name in names if name.startswith("runner/")]
    found = [
        f"{name} {there.get(name, 'missing')} there, {here.get(name, 'missing')} here"
        for name in names
        if name not in files
    ]
    if files:
        found.append(f"the code differs in {', '.join(files)}")
    return "; ".join(found)
