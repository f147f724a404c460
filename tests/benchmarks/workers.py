"""Workers that train an epoch whenever they are told to, and the variants they train."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from runner import PROJECT_ROOT, practice
from runner.execute.task import kernel_environment
from runner.plan.variants import DEFAULT_PLAN, make_plan
from tests.benchmarks.harness import Side
from tests.benchmarks.processes import plain_environment
from tests.benchmarks.raw import Measurement

CORES = os.cpu_count() or 1
MOST_EPOCHS = 200  # of a fit that waits; more rounds than anyone wants
SEED = 2026


class Worker:
    """A process that trains one variant. It is warm (its first epoch is done) once ``settle`` returns."""

    def __init__(
        self,
        side: str,
        parameters: dict[str, Any],
        log: Path,
        threads: int = CORES,
        precision: str = "float32",
        **order: Any,
    ) -> None:
        settings = dict(practice.settings) | practice.precisions[precision]
        text = json.dumps({"parameters": parameters, "threads": threads, **order})
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.epoch_worker", side, text],
                cwd=PROJECT_ROOT,
                env=plain_environment(kernel_environment(threads, settings) if side == "ours" else None),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )

    def settle(self) -> None:
        """Wait for the warm-up."""
        self.answer()

    def ask(self) -> None:
        """Begin one epoch."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, float]:
        """What the epoch took, once it is over."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            end = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise SystemExit(f"not measured: a worker ended with {self.process.wait()}\n{end}")
        return dict(json.loads(line))

    def close(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


@contextmanager
def workers(made: Sequence[Worker]) -> Iterator[Sequence[Worker]]:
    """Workers, all warm, which end with the block: after their first epoch, one more, each alone."""
    try:
        for worker in made:
            worker.settle()
        for worker in made:
            worker.ask()
            worker.answer()
        yield made
    finally:
        for worker in made:
            worker.close()


def together(team: Sequence[Worker]) -> Side:
    """A side: all of the team train an epoch at once; the seconds are per epoch."""

    def epoch(number: int) -> Measurement:
        start = perf_counter()
        for worker in team:
            worker.ask()
        answers = [worker.answer() for worker in team]
        if len(team) == 1:
            return answers[0]
        return {"seconds": (perf_counter() - start) / len(team)}

    return epoch


def parameters(
    variant: str, images: int, epochs: int = MOST_EPOCHS, seed: int = SEED, plan: Path = DEFAULT_PLAN
) -> dict[str, Any]:
    """A variant of ``plan`` on so many images, a quarter of them for validation."""
    changed = {"train_limit": images, "epochs": epochs, "seed": seed}
    return dict(make_plan(plan, "full").get(variant).parameters) | changed
