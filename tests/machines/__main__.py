"""Types README's commands into bare machines, and writes the table of how they ended.

python -m tests.machines                          all machines, on each system
python -m tests.machines "not root" "Debian 12"   only these machines, only these systems
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tests.machines.cases import SHARED, SYSTEMS, Installed, Machine, Step, installing, machines
from tests.machines.roots import CHECKOUT, USER, Circumstances, Done, NotTried, make_root, missing_here, run

REPOSITORY = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("RESULTS.md")
ROW = re.compile(r"^(\| ([^|]+) \| (Debian \d+) \|.*)$", re.MULTILINE)  # of the table
SHOWN = 12  # lines of a command that ended otherwise


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    machine: Machine
    system: str
    fault: str
    seconds: float

    def __str__(self) -> str:
        how = self.fault or "as expected"
        cells = (self.machine.name, self.system, self.machine.expected, how, f"{self.seconds:.0f}")
        return f"| {' | '.join(cells)} |"


class Place:
    """The layers of one system, each made when it is first asked for."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "layers.log"
        self.layer = cache(self._layer)

    def layers(self, installed: Installed, shared: bool) -> list[Path]:
        """What such a machine consists of, the topmost first."""
        found = [self.bare()] if installed == "nothing" else [self.layer(installed), self.bare()]
        return [self.folder / SHARED, *found] if shared else found

    def bare(self) -> Path:
        """The root without anything, with the sources as a clone has them."""
        folder = self.folder / "bare"
        if not folder.exists():
            made = folder.with_name("bare.part")
            shutil.rmtree(made, ignore_errors=True)
            make_root(self.suite, made)
            copy_sources(made / CHECKOUT.lstrip("/"))
            subprocess.run(["chroot", made, "chown", "-R", f"{USER}:{USER}", CHECKOUT], check=True)
            made.rename(folder)
        return folder

    def _layer(self, installed: Installed) -> Path:
        folder = self.folder / installed
        if not folder.exists():
            made = folder.with_name(f"{installed}.part")
            shutil.rmtree(made, ignore_errors=True)
            done = run(installing(installed), [self.bare()], made, self.log, Circumstances(user=USER))
            if done.code != 0:
                raise NotTried(f"{installing(installed)}: exit {done.code}: {last_line(done)}")
            made.rename(folder)
        return folder


def copy_sources(target: Path) -> None:
    """The files that git knows or would add, as a fresh clone has them."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, target / name)


def try_machine(machine: Machine, place: Place) -> Row:
    """Type its commands one after another, up to the first that ends otherwise than it must."""
    upper, log = place.folder / machine.folder, place.folder / f"{machine.folder}.log"
    shutil.rmtree(upper, ignore_errors=True)
    log.unlink(missing_ok=True)
    seconds, fault = 0.0, ""
    try:
        layers = place.layers(machine.installed, machine.shares)
        for step in machine.steps:
            odd = replace(machine.circumstances, network=not step.offline)
            done = run(step.command, layers, upper, log, odd)
            seconds += done.seconds
            fault = "; ".join(faults(step, done, upper))
            if fault:
                say(f"{step.command}: exit {done.code}")
                say("\n".join(done.output.splitlines()[-SHOWN:]))
                break
    except NotTried as reason:
        fault = f"not tried: {reason}"
    return Row(machine, place.suite, fault, seconds)


def faults(step: Step, done: Done, upper: Path) -> Iterator[str]:
    """In what a command ended otherwise than it must."""
    if done.code != step.code:
        yield f"exit {done.code}, not {step.code}"
    yield from (f"does not say: {text}" for text in step.says if text not in done.output)
    for text in step.once:
        count = sum(text in line.lower() for line in done.output.splitlines())
        if count > 1:
            yield f"says {count} times: {text}"
    if "Traceback" in done.output:
        yield "a traceback"
    if step.refused and (upper / CHECKOUT.lstrip("/") / "build" / "results").exists():
        yield "trained all the same"


def last_line(done: Done) -> str:
    """What a command said last."""
    return (done.output.strip().splitlines() or [""])[-1]


def table(rows: Iterable[Row | str]) -> str:
    """All rows as Markdown."""
    head = ["| machine | system | expected | outcome | seconds |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(str, rows)])


def write_results(rows: list[Row], path: Path = RESULTS) -> None:
    """Put the rows into the table of results, in the place of those that were there of the same machines."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = {(name, system): line for line, name, system in ROW.findall(text)}
    lines |= {(row.machine.name, row.system): str(row) for row in rows}
    ordered = [(machine.name, system) for system in SYSTEMS for machine in machines()]
    kept = [lines[each] for each in ordered if each in lines]
    head = "# Bare machines\n\nBy `tox -e machines`: how README's commands ended, and how long they took.\n\n"
    path.write_text(head + table(kept) + "\n", encoding="utf-8")


def say(text: str) -> None:
    """News, on standard error."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """0 if every machine ended as expected, 1 if not, 2 if nothing can be tried here."""
    names = [machine.name for machine in machines()]
    parser = argparse.ArgumentParser(prog="python -m tests.machines", description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"of: {', '.join([*names, *SYSTEMS])}")
    parser.add_argument("--folder", type=Path, help="keep roots and logs here, and go on from what is there")
    given = parser.parse_args()
    if unknown := set(given.only) - {*names, *SYSTEMS}:
        parser.error(f"no such machine or system: {', '.join(sorted(unknown))}")
    if lacking := missing_here():
        parser.error(f"needs {', '.join(lacking)}: see tests/machines/README.md")
    chosen = [name for name in names if name in given.only] or names
    systems = [system for system in SYSTEMS if system in given.only] or list(SYSTEMS)
    with tempfile.TemporaryDirectory(prefix="machines-", ignore_cleanup_errors=True) as temporary:
        rows = try_all(chosen, systems, (given.folder or Path(temporary)).resolve())
    print(table(rows))
    write_results(rows)
    return 1 if any(row.fault for row in rows) else 0


def try_all(chosen: list[str], systems: list[str], folder: Path) -> list[Row]:
    """A row for each machine on each system."""
    rows = []
    for system in systems:
        place = Place(SYSTEMS[system], folder / SYSTEMS[system])
        wanted = [machine for machine in machines() if machine.name in chosen]
        lacking = any(machine.shares for machine in wanted) and not (place.folder / SHARED).exists()
        for machine in machines():
            if machine in wanted or (machine.folder == SHARED and lacking):
                row = replace(try_machine(machine, place), system=system)
                say(str(row))
                rows.append(row)
    return rows


if __name__ == "__main__":
    sys.exit(main())
