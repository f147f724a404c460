"""The workers of a Dask cluster that can be used: those with this program's versions, and which are free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner.cluster.worker import describe

if TYPE_CHECKING:
    from distributed import Client

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 30
DESERTED_SECONDS = 120  # without any worker, until the run is given up
Process = tuple[str, str]  # address, and the local folder, which is another after a restart


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
        seen = {(a, str(w["local_directory"])): w for a, w in identity["workers"].items()}
        self.usable = {p: w for p, w in self.usable.items() if p in seen}
        self.refused = {p: r for p, r in self.refused.items() if p in seen}
        known = self.usable.keys() | self.refused.keys()
        new = {p: w for p, w in seen.items() if p not in known and w["status"] == "running"}
        if new:
            self._admit(new)
        self._looked = monotonic()
        self._alone_since = None if self.usable else self._alone_since or self._looked

    def _admit(self, new: Mapping[Process, Mapping[str, Any]]) -> None:
        answers = self.client.run(describe, workers=[p[0] for p in new], on_error="return")
        for process, info in new.items():
            answer = answers.get(process[0])
            if answer is None or isinstance(answer, OSError | TimeoutError):
                continue  # it went away meanwhile; if not, it is asked again
            problem = explain(answer)
            if problem:
                self._refuse(process, problem)
            else:
                gpus = int(info["resources"].get("GPU", 0))
                self.usable = self.usable | {process: Worker(process, int(info["nthreads"]), gpus)}

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


def explain(answer: Mapping[str, str] | BaseException) -> str:
    """What makes a worker unlike this program, from its answer; empty if nothing does."""
    if isinstance(answer, ModuleNotFoundError):
        return f"this package is not installed there ({answer})"
    if isinstance(answer, BaseException):
        return f"{type(answer).__name__}: {answer}".splitlines()[0]
    return differences(describe(), answer)


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
