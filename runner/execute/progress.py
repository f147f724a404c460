"""What the user sees while variants run: a live display, or plain lines without a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.text import Text


@dataclass(frozen=True)
class State:
    """How far a variant is: ``share`` of its work (0 to 1), and what to say of it."""

    share: float
    text: str
    remaining_seconds: float | None


class Seen(BaseModel):
    """What a kernel tells of itself while it trains; in ``epochs`` from 0, and ``first`` was its first.

    It may come from a worker elsewhere. Metrics may be NaN: what diverges is shown so.
    """

    model_config = ConfigDict(frozen=True)

    epoch: Annotated[float, Field(ge=0)]
    epochs: Annotated[int, Field(ge=1)]
    first: Annotated[int, Field(ge=0)] | None = None
    metrics: dict[str, float] = {}


class Display(AbstractContextManager["Display"], Protocol):
    """Where the run tells what happens."""

    def say(self, text: str) -> None:
        """One line of news."""

    def start(self, name: str) -> None:
        """A variant begins."""

    def update(self, states: Mapping[str, State], done: int, total: int, left: float | None) -> None:
        """The running variants' states, how many are done, and seconds left for the whole."""

    def end(self, name: str, text: str) -> None:
        """A variant ended, with what came of it."""


def make_display() -> Display:
    """A live display if the output is a terminal, else plain lines."""
    return LiveDisplay() if sys.stderr.isatty() else PlainDisplay()


def duration(seconds: float | None) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``; ``--:--`` if unknown."""
    if seconds is None:
        return "--:--"
    minutes, rest = divmod(round(max(0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _TimeLeft(ProgressColumn):
    def render(self, task: object) -> Text:
        left = getattr(task, "fields", {}).get("left")
        return Text(duration(left), style="progress.remaining")


class LiveDisplay:
    """One bar a running variant and one for the whole."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<14}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[text]}", markup=False),
            _TimeLeft(),
            console=Console(stderr=True, markup=False, emoji=False),
        )
        self._total = self._progress.add_task("all", total=1.0, text="", left=None)
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def start(self, name: str) -> None:
        self._bars[name] = self._progress.add_task(name, total=1.0, text="starting", left=None)

    def update(self, states: Mapping[str, State], done: int, total: int, left: float | None) -> None:
        for name, state in states.items():
            if name in self._bars:
                self._progress.update(
                    self._bars[name],
                    completed=state.share,
                    text=state.text,
                    left=state.remaining_seconds,
                )
        whole = (done + sum(s.share for s in states.values())) / max(total, 1)
        self._progress.update(self._total, completed=whole, text=f"{done}/{total}", left=left)

    def end(self, name: str, text: str) -> None:
        if name in self._bars:
            self._progress.remove_task(self._bars.pop(name))
        self.say(f"{name}: {text}")


class PlainDisplay:
    """A line when something begins or ends, and every half minute in between."""

    INTERVAL = 30.0

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def start(self, name: str) -> None:
        self.say(f"{name}: started")

    def update(self, states: Mapping[str, State], done: int, total: int, left: float | None) -> None:
        if time.monotonic() - self._last < self.INTERVAL:
            return
        self._last = time.monotonic()
        running = "; ".join(
            f"{name} {state.text}, {duration(state.remaining_seconds)} left" for name, state in states.items()
        )
        self.say(f"{done}/{total} done, {duration(left)} left; {running}")

    def end(self, name: str, text: str) -> None:
        self.say(f"{name}: {text}")
