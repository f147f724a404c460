"""One fork server for all the workers of a run: its imports cost seconds, and memory, once.

The first worker that needs one starts it, and tells the others where it is. It lives as long as any of them,
for each holds an end of the pipe that says so. multiprocessing shares a server only with what came from it;
what it would have to know for that is set here.
"""

from __future__ import annotations

import os
import stat
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from multiprocessing.resource_tracker import ensure_running as ensure_tracker
from typing import Any, NamedTuple

LOCK_SECONDS = 10.0  # a worker that was killed with the lock lets the others have servers of their own

_shared: list[SharedServer] = []  # that of the pool whose worker this process is


class Offer(NamedTuple):
    """A server: its socket, and a process that holds an end of its pipe, which is this descriptor there."""

    address: str
    process: int
    descriptor: int
    key: bytes | None


class SharedServer:
    """What the workers of a pool are given: a place where one of them says which server there is."""

    def __init__(self, context: BaseContext) -> None:
        self._lock, self._place = context.Lock(), context.SimpleQueue()

    def join(self) -> None:
        """Take the server that another worker started, or start one and offer it; once a process."""
        server: Any = forkserver._forkserver
        if server._forkserver_alive_fd is not None or not self._lock.acquire(timeout=LOCK_SECONDS):
            return
        try:
            if self._place.empty() or not _take(server, self._place.get()):
                server.ensure_running()
            self._place.put(_offer(server))
        finally:
            self._lock.release()


def share(server: SharedServer | None) -> None:
    """Have this process, a worker, use the fork server that other workers use."""
    _shared[:] = [server] if server is not None else []


def join() -> None:
    """Have the server that is shared ready to be asked, if one is; to be called before it is."""
    for server in _shared:
        server.join()


def leave() -> bool:
    """Have a process that took another's server start its own the next time; whether it had taken one."""
    server: Any = forkserver._forkserver
    if "ensure_running" not in vars(server):
        return False
    del server.ensure_running
    os.close(server._forkserver_alive_fd)
    server._forkserver_address = server._forkserver_alive_fd = None
    return True


def _offer(server: Any) -> Offer:
    """What others need to know of a server that runs."""
    key = getattr(server, "_forkserver_authkey", None)  # from Python 3.14 on
    return Offer(server._forkserver_address, os.getpid(), server._forkserver_alive_fd, key)


def _take(server: Any, offer: Offer) -> bool:
    """Use the server that is offered; False if who offers it is gone."""
    try:
        alive = os.open(f"/proc/{offer.process}/fd/{offer.descriptor}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    if not stat.S_ISFIFO(os.fstat(alive).st_mode):
        os.close(alive)
        return False
    server._forkserver_address, server._forkserver_alive_fd = offer.address, alive
    if offer.key is not None:
        server._forkserver_authkey = offer.key
    server.ensure_running = ensure_tracker  # it would start another, as this process is no parent of it
    return True
