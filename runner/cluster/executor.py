"""Runs variants on an existing Dask cluster, behind the same ``Executor`` as this machine's processes.

``Client.get_executor()`` leaves the choice of the worker to Dask, which may put two variants on one worker
while another is idle. Here each goes to a worker of its own (or a GPU of its own), with all the threads of
it; a variant whose worker is lost goes to another; and workers with other versions get none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from runner.build_folder import KERNELS_LOG, PROGRESS_FILE
from runner.cluster.connection import CONNECT_SECONDS
from runner.cluster.crew import Crew, Seat
from runner.cluster.parcels import Delivery, Order, Said, make_order, publish
from runner.cluster.worker import run_order
from runner.errors import InputError, RunnerError, WorkersGone
from runner.execute.task import Outcome, Task, discard_work_folder, record_failure
from runner.files import write_text
from runner.gate import opened_to_append
from runner.machine.capacity import CELL_TIMEOUT_SECONDS
from runner.plan.variants import Plan
from runner.results.reasons import Reason, said

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as DaskFuture

FIRST_WORKER_SECONDS = 60
POLL_SECONDS = 1.0
CLOSE_SECONDS = 5
MOST_LOST = 3  # workers that a variant may lose before it counts as failed
MOST_ASKED = 5  # times that a result is asked for, each time with twice the patience


@dataclass(eq=False)
class Ticket:
    """A submitted task: its order, where it is, how many workers it lost, how often it was asked for."""

    task: Task
    order: Order | None = None
    result: Future[Outcome] = field(default_factory=Future)
    seat: Seat | None = None
    future: DaskFuture | None = None
    lost: int = 0
    asked: int = 0


def _seen_from_anywhere(source: str | None) -> str | None:
    """Where data are, for workers that run in other folders; what is not there is theirs to find."""
    if source is None or not Path(source).expanduser().exists():
        return source
    return str(Path(source).expanduser().absolute())


class ClusterExecutor(Executor):
    """Workers of a Dask cluster as an executor of tasks; also their capacity.

    Everything that happens to a ticket happens in one thread. If the cluster is lost, all that was
    submitted raises WorkersGone.
    """

    def __init__(
        self, client: Client, plan: Plan, say: Callable[[str], None], jobs: int | None, source: str | None
    ) -> None:
        self.timeout_seconds: int | None = CELL_TIMEOUT_SECONDS
        self.client, self.plan, self.say = client, plan, say
        self.address = client.scheduler.address  # a client that closed has no scheduler to ask
        self.crew = Crew(client, self._tell)
        self._most, self._source = jobs, _seen_from_anywhere(source)
        self._queue: list[Ticket] = []
        self._tickets: list[Ticket] = []
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._error: RunnerError | None = None
        self._topic = f"practica-{uuid4().hex}"
        self._wait_for_workers()
        client.subscribe_topic(self._topic, self._progress)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def jobs(self) -> int:
        """Variants that the cluster runs at once now, and no more than asked for."""
        return max(1, min(self.crew.slots, self._most or self.crew.slots))

    @property
    def share(self) -> int:
        """Threads of a worker: each runs one variant, and uses all of them for it."""
        return self.crew.threads

    @property
    def whole(self) -> int:
        """Threads of a worker."""
        return self.crew.threads

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task on the cluster; ``function`` is ``run_task``, which the workers have as well."""
        (task,) = args
        ticket = Ticket(task)
        ticket.result.set_running_or_notify_cancel()
        with self._lock:
            if self._error is not None:
                raise self._error
            self._queue.append(ticket)
        self._wake.set()
        return ticket.result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; the workers end what was not yet finished."""
        self._closing.set()
        self._wake.set()
        self._watcher.join(CLOSE_SECONDS)
        with suppress(Exception):  # whatever is wrong with a connection that is no longer needed
            self.client.close(timeout=CLOSE_SECONDS)

    def _tell(self, text: str) -> None:
        self.say(text)

    def _wait_for_workers(self) -> None:
        """Raises InputError if no worker that can be used is there, or comes within a minute."""
        deadline = monotonic() + FIRST_WORKER_SECONDS
        self.crew.look()
        while not self.crew.usable and not self.crew.refused and monotonic() < deadline:
            self._wake.wait(POLL_SECONDS)
            self.crew.look()
        if not self.crew.usable:
            raise InputError(
                self.crew.complaint(),
                where=self.address,
                hint="start workers with this package, its versions and its Python: see README",
            )

    def _watch(self) -> None:
        try:
            while not self._closing.is_set():
                self._wake.wait(POLL_SECONDS)
                self._wake.clear()
                self._step()
        except WorkersGone as error:
            self._give_up(error)
        except Exception as error:  # of Dask's many kinds: nothing may be left waiting for this thread
            self._give_up(self._lost(f"the Dask cluster can't be used any more: {error}"))

    def _lost(self, what: str) -> WorkersGone:
        hint = "what is finished is kept; run the same command to go on"
        return WorkersGone(what, where=self.address, hint=hint)

    def _give_up(self, error: RunnerError) -> None:
        if self._closing.is_set():
            return
        with self._lock:
            self._error = error
            for ticket in (*self._tickets, *self._queue):
                if not ticket.result.done():
                    ticket.result.set_exception(error)

    def _step(self) -> None:
        if self.client.status == "closed":
            raise self._lost("the Dask scheduler is gone")
        if self.client.status != "running":
            return  # connecting again, for at most the client's own timeout
        try:
            self.crew.look()
        except TimeoutError:
            raise self._lost("the Dask scheduler does not answer") from None
        except OSError:
            return  # the connection broke; its status tells in a moment
        if self.crew.deserted:
            raise self._lost(f"no worker is left; {self.crew.complaint()}")
        for ticket in list(self._tickets):
            self._follow(ticket)
        self._place()
        self._prepare()

    def _place(self) -> None:
        """Send what waits to workers that are free."""
        while self._queue:
            seat = self.crew.take()
            if seat is None:
                return
            with self._lock:
                ticket = self._queue.pop(0)
                self._tickets.append(ticket)
            ticket.seat = seat
            order = self._order(ticket)
            ticket.future = self.client.submit(
                run_order,
                replace(order, task=replace(order.task, threads=seat.worker.threads_each), gpu=seat.gpu),
                key=f"{order.task.name}-{uuid4().hex}",
                pure=False,
                workers=[seat.worker.address],
                resources={"GPU": 1} if seat.worker.gpus else None,
            )
            ticket.future.add_done_callback(lambda future: self._wake.set())

    def _prepare(self) -> None:
        """Make the orders of those that are next while all workers have something to do."""
        for ticket in self._queue[: self.crew.slots]:
            self._order(ticket)

    def _order(self, ticket: Ticket) -> Order:
        if ticket.order is None:
            ticket.order = make_order(self.plan, ticket.task, self._source, None, self._topic)
        return ticket.order

    def _follow(self, ticket: Ticket) -> None:
        """Take in what has become of a ticket."""
        assert ticket.future is not None
        assert ticket.seat is not None
        status = ticket.future.status
        if status == "finished":
            self._receive(ticket)
        elif status == "error":
            try:
                error = ticket.future.exception(timeout=CONNECT_SECONDS)
            except Exception as unreadable:  # an error that can't be had is one, too
                error = unreadable
            if type(error).__name__ == "KilledWorker":
                self._again(ticket, lost=True)
            else:
                self._fail(ticket, said(_line(error)))
        elif not self.crew.has(ticket.seat.worker):
            self._again(ticket, lost=True)
        elif status in ("cancelled", "lost"):  # the connection was lost, and is there again
            self.client.subscribe_topic(self._topic, self._progress)
            self._again(ticket, lost=False)

    def _receive(self, ticket: Ticket) -> None:
        assert ticket.future is not None
        assert ticket.seat is not None
        try:
            answer = ticket.future.result(timeout=CONNECT_SECONDS * 2**ticket.asked)
        except Exception as error:  # the worker that holds it may have died since: the next look tells
            ticket.asked += 1
            if ticket.asked == MOST_ASKED:
                self._fail(ticket, Reason.of("undelivered", error=_line(error)))
            return
        try:
            delivery = Delivery.from_bytes(answer)
        except RunnerError as error:
            self._fail(ticket, Reason.of("undelivered", error=error.what))
            return
        if delivery.outcome is None:
            self.crew.refuse(ticket.seat.worker, delivery.refused)
            self._again(ticket, lost=False)
            return
        with opened_to_append(ticket.task.build_dir / KERNELS_LOG, ticket.task.build_dir) as log:
            log.write(delivery.log)
        try:
            with self._lock:
                outcome = publish(delivery, ticket.task)
                self._end(ticket)
            ticket.result.set_result(outcome)
        except RunnerError as error:
            self._fail(ticket, said(error.what))
        except OSError as error:  # no room on the runner's disk, say
            self._end(ticket)
            ticket.result.set_exception(error)

    def _again(self, ticket: Ticket, lost: bool) -> None:
        """Run it on another worker, unless it has lost too many."""
        assert ticket.seat is not None
        ticket.lost += lost
        if ticket.lost >= MOST_LOST:
            self._fail(ticket, Reason.of("workers_lost", n=ticket.lost))
            return
        if lost:
            self.say(
                f"{ticket.task.name}: worker {ticket.seat.worker.address} was lost; it is run on another"
            )
        self._end(ticket)
        with self._lock:
            discard_work_folder(ticket.task)
            self._queue.insert(0, ticket)
        self._wake.set()

    def _fail(self, ticket: Ticket, reason: Reason) -> None:
        record_failure(ticket.task, reason)
        self._end(ticket)
        ticket.result.set_result(Outcome(ticket.task.name, reason, 0.0))

    def _end(self, ticket: Ticket) -> None:
        """The ticket has no worker any more."""
        assert ticket.seat is not None
        with self._lock:
            self._tickets.remove(ticket)
        self.crew.give_back(ticket.seat)
        if ticket.future is not None:
            ticket.future.release()  # a worker that still runs it sees that nobody waits
        ticket.seat = ticket.future = None
        ticket.asked = 0

    def _progress(self, event: tuple[float, Any]) -> None:
        """Write what a worker says where a local kernel would have written it."""
        with self._lock, suppress(KeyError, ValueError, TypeError, OSError, RunnerError):
            # Dask adds the worker's address.
            said = Said.model_validate({name: event[1][name] for name in Said.model_fields})
            for ticket in self._tickets:
                if ticket.task.name == said.variant:
                    write_text(self._progress_file(ticket), said.progress, ticket.task.build_dir)

    @staticmethod
    def _progress_file(ticket: Ticket) -> Path:
        return ticket.task.work_dir / PROGRESS_FILE


def _line(error: BaseException | None) -> str:
    """An error in one line; some have no words of their own."""
    return (f"{type(error).__name__}: {error}".splitlines() or [""])[0].removesuffix(": ")
