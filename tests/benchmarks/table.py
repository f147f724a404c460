"""RESULTS.md, from the raw measurements and the reasons for what was missed."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.harness import Line
from tests.benchmarks.raw import Raw
from tests.benchmarks.rows import load_row

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
REASONS = HERE / "reasons.toml"  # why a target was missed, for people to write: [row] "what" = "why"
HEAD = """# Results

Written by `tox -e bench` from raw measurements; not to be edited. The sides of each comparison took turns
(A B A B ...), as whole processes where the user would feel it. Ratios are theirs over ours within a round
(above 1, ours is faster): median (least..most, number of rounds). Where they were measured stands below.

| row | what | target | measured | | note |
|---|---|---|---|---|---|
"""


def write_table(raws: Mapping[str, Raw], path: Path) -> None:
    """Write the table of every row that was measured."""
    measured = {name: raw for name, raw in raws.items() if raw.cases}
    if not measured:
        return
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8")) if REASONS.exists() else {}
    rows = [
        shown(name, raw, line, reasons.get(name, {}).get(line.what, ""))
        for name, raw in measured.items()
        for line in load_row(name).lines(raw)
    ]
    missing = (
        [f"Not measured: {', '.join(n for n in raws if n not in measured)}."]
        if len(measured) < len(raws)
        else []
    )
    text = HEAD + "\n".join(rows) + "\n\n" + "\n".join([*missing, *where_measured(measured)]) + "\n"
    path.write_text(text, encoding="utf-8")


def where_measured(measured: Mapping[str, Raw]) -> list[str]:
    """The machines, by letter, and for each row its days, the load before it, and its rounds on each."""
    machines = list(dict.fromkeys(machine for raw in measured.values() for machine in raw.machines))
    letters = dict(zip(machines, string.ascii_uppercase, strict=False))
    told = [f"- Machine {letter}: {machine}." for machine, letter in letters.items()]
    for name, raw in measured.items():
        rounds = ", ".join(f"{n} on {letters[machine]}" for machine, n in raw.machines.items())
        told.append(f"- {name}: {' to '.join(raw.days)}, load before {raw.load:.1f}, rounds: {rounds}")
    return told


def shown(name: str, raw: Raw, line: Line, reason: str) -> str:
    """One line of the table."""
    verdict = {True: "met", False: "**MISSED**", None: ""}[line.met]
    why = f"Reason: {reason or 'not yet known'}." if line.met is False else ""
    note = " ".join(part for part in (line.note, why) if part)
    return f"| {name} | {line.what} | {line.target} | {line.measured} | {verdict} | {note} |"
