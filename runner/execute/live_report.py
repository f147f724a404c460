"""The report while the run goes on: rendered whenever a variant ends, by a process that gives way to all.

One rendering at a time; what ends meanwhile is in the next. Nothing is rendered beside a variant that
must have the machine to itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import psutil

from runner.build_folder import KERNELS_LOG, REPORT_FILE, sweep
from runner.errors import RunnerError, from_system
from runner.plan.variants import Plan
from runner.processes.pool import out_of_reach, settle

TERMINATED = 143
FIRST_NICENESS = 5  # of the first rendering, which is small: something to look at after a minute
NICENESS = 15  # a rendering gets some 3 % of a core that a kernel uses as well: some minutes, and it ends
FIRST_SECONDS = 20.0  # a run that ends sooner has its report at its end, with nothing taken from kernels
GRACE_SECONDS = 5.0
AUTOGROUP = Path("/proc/self/autogroup")

Render = Callable[[Plan, Path], None]


class LiveReport:
    """Renders in the background when asked to. Leaving the block ends a rendering that still runs.

    Where there is no report yet, the first one hurries: somebody may want to see that there is one.
    ``render`` is a module's function; ``say`` is told of the first failure only. ``paused``:
    nothing is rendered before ``resume``. Nor is anything in the first ``after`` seconds.
    """

    def __init__(
        self,
        plan: Plan,
        build_dir: Path,
        render: Render,
        say: Callable[[str], None],
        paused: bool = False,
        after: float = 0.0,
    ) -> None:
        self._plan, self._build_dir, self._render, self._say = plan, build_dir, render, say
        self._news = threading.Condition()
        self._wanted = self._closed = self._complained = False
        self._paused, self._after = paused, after
        self._niceness = FIRST_NICENESS if not (build_dir / REPORT_FILE).exists() else NICENESS
        self._process: BaseProcess | None = None
        self._stopped: BaseProcess | None = None  # the last one that was told to end: its words mean nothing
        self._thread = threading.Thread(target=self._serve, name="live-report", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if self._niceness == FIRST_NICENESS:
            self.want()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._stop()
        self._thread.join()
        sweep(self._build_dir)

    def want(self) -> None:
        """Have the report rendered: now, or after the rendering that runs."""
        with self._news:
            self._wanted = True
            self._news.notify_all()

    def pause(self) -> None:
        """Give up a rendering that runs, and begin none until ``resume``."""
        with self._news:
            self._paused = True
            self._wanted = self._wanted or self._process is not None
        self._stop()

    def resume(self) -> None:
        """Render again from now on."""
        with self._news:
            self._paused = False
            self._news.notify_all()

    def _serve(self) -> None:
        context = get_context("spawn")
        with self._news:
            self._news.wait_for(lambda: self._closed, self._after)
        while True:
            with self._news:
                self._news.wait_for(lambda: self._closed or (self._wanted and not self._paused))
                if self._closed:
                    return
                self._wanted = False
                receiver, sender = context.Pipe(duplex=False)
                arguments = (self._render, self._plan, self._build_dir, sender, self._niceness)
                self._niceness = NICENESS
                process = context.Process(target=render_in_background, args=arguments, daemon=True)
                with out_of_reach():
                    process.start()
                self._process = process
            sender.close()
            process.join()
            with self._news:
                self._process = None
                stopped = self._stopped is process
                self._news.notify_all()
            if stopped:
                receiver.close()
            else:
                self._report(receiver, process.exitcode or 0)

    def _report(self, receiver: Connection, code: int) -> None:
        """Say, once, why a rendering failed."""
        reason = f"the process ended with {code}" if code else ""
        with receiver, suppress(EOFError, OSError):
            reason = str(receiver.recv())
        if reason and code not in (TERMINATED, -signal.SIGTERM) and not (self._complained or self._closed):
            self._complained = True
            self._say(f"the report could not be rendered while variants run: {reason}")

    def _stop(self) -> None:
        """End the rendering that runs, if one does, and wait for its end."""
        with self._news:
            process = self._process
            if process is None:
                return
            self._stopped = process
            process.terminate()
            if not self._news.wait_for(lambda: self._process is not process, GRACE_SECONDS):
                process.kill()
                self._news.wait_for(lambda: self._process is not process, GRACE_SECONDS)


def render_in_background(
    render: Render, plan: Plan, build_dir: Path, sender: Connection, niceness: int
) -> None:
    """Be the process that renders; ``sender`` gets the reason if it fails."""
    settle(build_dir / KERNELS_LOG)
    signal.signal(signal.SIGTERM, _end)  # as an exception, so that half-written files are removed
    give_way(niceness)
    try:
        render(plan, build_dir)
    except RunnerError as error:
        sender.send(str(error))
    except OSError as error:
        sender.send(str(from_system(error)))
    except Exception as error:  # a fault of ours must not pass silently either
        sender.send(f"{type(error).__name__}: {error}")


def _end(signum: int, frame: FrameType | None) -> None:
    sys.exit(TERMINATED)


def give_way(niceness: int) -> None:
    """Let the other processes have most of the processor (Unix's niceness; on Windows one step lower).

    Linux shares it between sessions first, and kernels have sessions of their own: so has this process
    from now on, and what it starts, and that session is nice too.
    """
    if os.name == "nt":
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        return
    os.nice(niceness)
    with suppress(OSError):  # no such file, or not ours to write: then niceness alone has to do
        os.setsid()
        AUTOGROUP.write_text(f"{niceness}\n", encoding="ascii")
