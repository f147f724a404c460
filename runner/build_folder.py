"""A build folder: what is where in it, what may not be in it, and one run at a time.

All other modules take names and places from here. Whatever a run finds in the folder may come from somebody
else: it is read, written and removed by ``gate`` and ``files`` with the folder as root.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runner import __version__, made
from runner.errors import InputError, RunnerError
from runner.files import read_json, remove, write_json
from runner.gate import Kind, Strange, kind, names_in, read_bytes, remove_file
from runner.locks import in_place_of, locked

CHANGES_NO_DIGIT = True  # of a training: see code_closure

REPORT_FILE = "report.pdf"
SUMMARY_FILE = "report.json"
CRATE_FILE = "report.crate.zip"
FORMER = (
    "practica5.ipynb",
    "practica5.html",
    "entrega.eml",
)  # of earlier versions, whatever the practice
FORMER_RECEIPT = "entrega.json"
RUN_FILE = "run.json"
DAMAGED = f"{RUN_FILE}.damaged"  # and further ones with a number
PACKAGES_FILE = "requirements.lock"
PROGRAM_FILE = f"practica_runner-{__version__}-py3-none-any.whl"  # the program, for who has only the report
PLAN_FOLDER, EXPERIMENTS = "plan", "experiments.toml"  # of an unpacked report: the experiments and notebooks
AWAITED_FILE = "awaited.json"
CALIBRATION_FILE = "calibration.json"
MADE_FROM_FILE = "made_from.json"
HASHES_FILE = "hashes.json"
KERNELS_LOG = "kernels.log"  # what kernels and those who start them have to say
LOCK_FILE = ".lock"
HOLDER_FILE = ".lock.json"
TRIED = ".rehearsal"  # begins the names of what is tried before a run, beside what is made
STAMP = f"{TRIED}.json"  # of what was tried
MOST_LETTERS = 500  # of what is told of who holds the folder
TRASH = ".removed-"  # begins the name of the folder where all is moved before any of it is gone

WORK, RESULTS, NOTEBOOKS, CHECKPOINTS, FIGURES = FOLDERS = (
    "work", "results", "notebooks", "checkpoints", "figures",
)  # fmt: skip
EXECUTED = "notebook.ipynb"  # in the work folder of a variant
PROGRESS_FILE = "progress.json"  # there, too: how far it is
RESULT_FILE = "result.json"  # in that of a result: its presence means success
FAILURE_FILE = "failure.json"
PREDICTIONS_FILE = "predictions.npz"
BEST_EPOCH_FILE = "best_epoch.npz"  # predictions of an earlier epoch, where the validation loss was lowest
VALUES_FILE = "values.json"
HISTORY_FILE = "history.csv"
MODEL_FILE = "model.keras"
TRAINING_FILE = "training.json"  # written by the kernel, folded into result.json
CHAIN_FILE = "chain.json"  # hashes of the training's state after each epoch
STATE = re.compile(r"state-[0-9]{1,6}\.npz")  # the state itself after an epoch
SEAL_FILE = ".sha256.json"  # hidden: it is of this folder, and does not travel with the report
LEFT_BEFORE = (
    RESULT_FILE, PREDICTIONS_FILE, BEST_EPOCH_FILE, VALUES_FILE, "scores.npz", HISTORY_FILE, MODEL_FILE,
    "filters.npz", "maps.npz", "mistakes.npz", "reconstruction.npz",
)  # fmt: skip  # what this practice leaves; the seal of a later result says what else
ATTEMPT_FILE = "attempt.json"  # in that of an attempt's checkpoints
SECONDS_FILE = "seconds.json"
CHECKPOINT_FILE = "checkpoint.json"
LINKS_FILE = "links.json"  # there, too: the chain so far
FIGURES_FILE = "figures.json"  # in that of the figures: what they were drawn from
CHOICES_FILE = ".choices.json"  # in that of all results
INDEX_FILE = ".index.json"  # there, too

FILES = (
    REPORT_FILE, SUMMARY_FILE, CRATE_FILE, *FORMER, RUN_FILE, PACKAGES_FILE, PROGRAM_FILE, AWAITED_FILE,
    CALIBRATION_FILE,
    KERNELS_LOG, MADE_FROM_FILE, HASHES_FILE, STAMP,
)  # fmt: skip
MADE = (*FILES, *FOLDERS)
EPOCH = re.compile(r"epoch-[0-9]+\.npz")
ATTEMPT_FILES = {ATTEMPT_FILE, SECONDS_FILE, CHECKPOINT_FILE, LINKS_FILE}
HALF = re.compile(r"\..+\.[0-9a-f]+\.tmp")  # what a process that was killed was writing
FURTHER_DAMAGED = re.compile(rf"{re.escape(DAMAGED)}(-[0-9]+)?")
EMPTIED = re.compile(rf"{re.escape(TRASH)}[0-9]+")


@dataclass(frozen=True)
class Outputs:
    """Names of what is handed in, which the experiments file gives: of the notebook, and of the message."""

    notebook: str = "notebook"
    message: str = "delivery"

    @property
    def handin(self) -> str:
        """The notebook to hand in."""
        return f"{self.notebook}.ipynb"

    @property
    def page(self) -> str:
        """The same as a page."""
        return f"{self.notebook}.html"

    @property
    def rendered(self) -> tuple[str, ...]:
        """All that a rendering makes."""
        return REPORT_FILE, SUMMARY_FILE, CRATE_FILE, self.handin, self.page

    @property
    def draft(self) -> str:
        """The message."""
        return f"{self.message}.eml"

    @property
    def receipt(self) -> str:
        """What was sent; it stays, as nobody else knows."""
        return f"{self.message}.json"


def result_folder(build_dir: Path, name: str) -> Path:
    """Where the variant's record and all that it measured is."""
    return build_dir / RESULTS / name


def notebook_of(build_dir: Path, name: str) -> Path:
    """The variant's executed notebook."""
    return build_dir / NOTEBOOKS / f"{name}.ipynb"


def failed_notebook_of(build_dir: Path, name: str) -> Path:
    """The notebook of a variant that failed, as far as it got."""
    return build_dir / NOTEBOOKS / f"{name}.failed.ipynb"


def work_folder(build_dir: Path, name: str) -> Path:
    """Where the variant lives until it is finished."""
    return build_dir / WORK / name


def checkpoint_folder(build_dir: Path, name: str) -> Path:
    """Where its kernel keeps what another attempt can go on from."""
    return build_dir / CHECKPOINTS / name


def state_file(epoch: int) -> str:
    """The name of the file that holds a training's state after an epoch (from 1)."""
    return f"state-{epoch}.npz"


def root_of(folder: Path) -> Path:
    """The build folder of a variant's folder, which is always in one of ``FOLDERS``."""
    return folder.parents[1]


def is_of_attempt(name: str) -> bool:
    """Whether this is the name of a file that an attempt keeps among its checkpoints."""
    return name in ATTEMPT_FILES or any(each.fullmatch(name) for each in (EPOCH, STATE, HALF))


def made_there(build_dir: Path) -> set[str]:
    """What the program made, as its list says; without one, of an earlier version, what has its names."""
    return made.recorded(build_dir) if made.is_kept(build_dir) else set(_by_name(build_dir))


def _by_name(build_dir: Path) -> Iterator[str]:
    """What only the program makes, as far as names and what is beside them tell."""
    there = names_in(build_dir)
    of_its_name = {*FILES, *FOLDERS}
    for name in there:
        if name in of_its_name or FURTHER_DAMAGED.fullmatch(name) or EMPTIED.fullmatch(name):
            yield name
    marks = {
        RESULTS: {RESULT_FILE, FAILURE_FILE, SEAL_FILE},
        CHECKPOINTS: ATTEMPT_FILES,
        WORK: {EXECUTED, PROGRESS_FILE, SEAL_FILE},
    }
    for folder in (name for name in FOLDERS if there.get(name) == "folder"):
        for name, found in names_in(build_dir / folder, build_dir).items():
            path, own = build_dir / folder / name, False
            if folder == NOTEBOOKS:
                variant = name.removesuffix(".ipynb").removesuffix(".failed")
                beside = names_in(result_folder(build_dir, variant), build_dir)
                own = variant != name and not marks[RESULTS].isdisjoint(beside)
            elif folder == FIGURES:
                own = name == FIGURES_FILE or name in _figures(build_dir)
            else:
                inside = names_in(path, build_dir) if found == "folder" else ()
                own = name in (CHOICES_FILE, INDEX_FILE) or not marks[folder].isdisjoint(inside)
            if own:
                yield f"{folder}/{name}"


def _figures(build_dir: Path) -> set[str]:
    """Names of the figures that were drawn, as their own list says."""
    try:
        listed = read_json(read_bytes(build_dir / FIGURES / FIGURES_FILE, build_dir))["figures"]
        return {Path(str(each["path"])).name for each in listed.values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Strange):
        return set()


def refuse_strange(build_dir: Path) -> None:
    """Raise Strange for a link, pipe or device in a place of the program's: before anything is read or done.

    Two levels are looked at: the program's names in the folder itself, and all that is in its folders. What
    lies deeper, or has another name, is refused when it is used.
    """
    names = (*MADE, FORMER_RECEIPT, LOCK_FILE, in_place_of(Path(LOCK_FILE)).name, HOLDER_FILE, made.LIST_FILE)
    there = names_in(build_dir)
    for name in names:
        _refuse(build_dir / name, there.get(name), build_dir)
    for folder in FOLDERS:
        if there.get(folder) == "folder":
            for name, found in names_in(build_dir / folder, build_dir).items():
                _refuse(build_dir / folder / name, found, build_dir)


def _refuse(path: Path, found: Kind | None, build_dir: Path) -> None:
    if found == "strange":
        read_bytes(path, build_dir)  # which tells what it is
        raise Strange(path, "no file")


@contextmanager
def held(build_dir: Path, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the build folder; if another run does, wait for it, or raise InputError saying which.

    What a run that was killed left half-written there is removed. Raises Strange as ``refuse_strange`` does,
    and at the end RunnerError if somebody took the lock away.
    """
    build_dir.mkdir(parents=True, exist_ok=True)
    refuse_strange(build_dir)

    def busy() -> None:
        if not wait:
            raise InputError(
                f"another run is using this build folder: {holder(build_dir)}",
                where=str(build_dir),
                hint="its report.pdf is made again whenever a variant ends; to do more, wait for the run "
                "to end (--wait does), or give another --build-dir",
            ) from None
        say(f"waiting for another run in {build_dir}: {holder(build_dir)}")

    with locked(build_dir / LOCK_FILE, busy, say):
        try:
            sweep(build_dir)
            _tidy_list(build_dir)
            write_json(build_dir / HOLDER_FILE, _myself())
            lock = _identity(build_dir / LOCK_FILE)
            yield
            if _identity(build_dir / LOCK_FILE) != lock:
                what = "removed while this run held it: another run may have written into the folder, too"
                hint = "run the same command again, alone: what is finished and whole is kept"
                raise RunnerError(what, where=str(build_dir / LOCK_FILE), hint=hint)
        finally:
            if made.is_kept(build_dir):
                with suppress(OSError, Strange):
                    _tidy_list(build_dir)  # now, so that a run with nothing to do finds nothing to tidy
            remove_file(build_dir / HOLDER_FILE)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells the file from another of its name; None if there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _tidy_list(build_dir: Path) -> None:
    """Keep of the list what is there, each once; without one, begin it with what an earlier version made."""
    names = made_there(build_dir)
    here = {name for name in names if kind(build_dir / name, build_dir) is not None}
    if here or names:
        made.write_list(build_dir, here)


def sweep(build_dir: Path) -> None:
    """Remove what processes that were killed left half-written or tried; for who holds the folder."""
    for folder in (build_dir, *(build_dir / name for name in FOLDERS)):
        for name in names_in(folder, build_dir):
            tried = name.startswith((f"{TRIED}.", f"{TRIED}-")) and name != STAMP
            if tried or HALF.fullmatch(name):
                remove(folder / name, build_dir)


def holder(build_dir: Path) -> str:
    """Who holds the folder, in a line; it may be only just beginning, and not have said so."""
    try:
        found = read_json(read_bytes(build_dir / HOLDER_FILE))
        text = f"process {found['pid']} on {found['host']} since {found['since']}: {found['command']}"
        return "".join(letter if letter.isprintable() else "?" for letter in text[:MOST_LETTERS])
    except (OSError, ValueError, KeyError, TypeError, Strange):
        return "it does not say which"


def _myself() -> dict[str, str | int]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        "command": shlex.join(["python", "-m", "runner", *sys.argv[1:]]),
    }
