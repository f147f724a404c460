"""Epochs trained again for many tests: by the program's own code, in one process that keeps TensorFlow."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

from runner.errors import RunnerError
from runner.plan.practice import Again, Link
from runner.practice.states.again import asked_for, read_again, train_again
from tests.program import HANG_SECONDS

LOOP = """
import json, sys
from pathlib import Path
from runner.errors import RunnerError
from runner.practice.states.again import main
for line in sys.stdin:
    try:
        main(*map(Path, json.loads(line)))
        print("", flush=True)
    except RunnerError as error:
        print(error.what, flush=True)
"""


class Replays:
    """A ``Replay`` that trains each link once; ``otherwise`` needs other settings, so another process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self.done: dict[str, Again | RunnerError] = {}

    def __call__(self, link: Link, otherwise: bool) -> Again:
        state = hashlib.sha256(link.state.read_bytes()).hexdigest() if link.state else ""
        asked = json.dumps([dict(link.values), link.epoch, state, link.threads, link.precision, otherwise])
        if asked not in self.done:
            self.done[asked] = self._train(link, otherwise)
        found = self.done[asked]
        if isinstance(found, RunnerError):
            raise found
        return found

    def _train(self, link: Link, otherwise: bool) -> Again | RunnerError:
        if otherwise:
            return train_again(link, True)
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", LOOP],
                env=os.environ | dict(link.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        given, left = (self.folder / f"{len(self.done)}{end}" for end in (".json", ".npz"))
        given.write_text(asked_for(link, link.threads), encoding="utf-8")
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([str(given), str(left)]) + "\n")
        self.process.stdin.flush()
        patience = Timer(HANG_SECONDS, self.process.kill)
        patience.start()
        answer = self.process.stdout.readline()
        patience.cancel()
        assert answer, f"the process that trains again ended, or took longer than {HANG_SECONDS} s"
        return RunnerError(answer.strip()) if answer.strip() else read_again(left)

    def end(self) -> None:
        """Let the process end."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate(timeout=HANG_SECONDS)
