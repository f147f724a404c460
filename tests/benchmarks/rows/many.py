"""Many variants of a notebook that does next to nothing: what is left is the machinery."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from runner.results.finished import read_result
from tests.benchmarks.harness import Bench, Case, Line, Sides
from tests.benchmarks.others import LOOP, Jobs, available, build, prepare
from tests.benchmarks.plain_notebooks import write_trivial
from tests.benchmarks.processes import run, runner
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.summary import median, ratios, spread

TITLE = "many variants"
FEW, MANY = 20, 200
THEIRS = 20  # of the others', whose time a variant does not depend on how many there are
FLAT, MEGABYTES = 1.2, 300
REPORT = """<!doctype html>
<html lang="es"><head><meta charset="utf-8"><title>{{ study.title }}</title></head><body>
<h1>{{ study.title }}</h1>
{% for section in answers %}
<section id="{{ section.id }}"><h2>{{ section.title }}</h2>{{ section.body }}</section>
{% endfor %}
</body></html>
"""
ANSWER = """{% set title = "Muchas" %}
<p>{{ measured(study.finished|length, "plan", "count")|integer }} variantes.</p>
"""


def cases(bench: Bench) -> Iterator[Case]:
    """Ours with few and with many, the others with few."""
    yield Case("variants", partial(opened, bench), dict.fromkeys(available(bench.tools), 2))


@contextmanager
def opened(bench: Bench) -> Iterator[Sides]:
    """From an empty folder each time, everything included."""
    few, many, theirs = (2, 4, 2) if bench.small else (FEW, MANY, THEIRS)
    jobs = trivial_jobs(bench.folder / "theirs", theirs)

    def other(tool: str, number: int) -> Measurement:
        prepare(jobs)
        return build(tool, jobs, bench.tools, bench.folder / f"{tool}.log") | {"variants": theirs}

    sides = {tool: partial(other, tool) for tool in (LOOP, *available(bench.tools))}
    yield {f"ours {count}": partial(ours, bench.folder, count) for count in (few, many)} | sides


def trivial_jobs(folder: Path, count: int) -> Jobs:
    """The notebook with ``count`` values of its parameter."""
    notebook = write_trivial(folder / "source" / "trivial.ipynb")
    names = {f"v-{n:03}": {"n": n} for n in range(count)}
    return Jobs(folder / "jobs", notebook, names, html=False)


def ours(folder: Path, count: int, number: int) -> Measurement:
    """``all`` of so many; also seconds per variant once the first has ended, and the report's."""
    plan, build_dir = write_plan(folder / f"plan-{count}", count), folder / f"build-{count}"
    shutil.rmtree(build_dir, ignore_errors=True)
    measured = run(runner("all", "--plan", plan, "--build-dir", build_dir), folder / f"ours-{count}.log")
    ends = sorted(read_result(path).result.finished for path in (build_dir / "results").glob("v-*"))
    steady = (ends[-1] - ends[0]).total_seconds() / (len(ends) - 1)
    return dict(measured) | {"variants": count, "steady_seconds": steady}


def write_plan(folder: Path, count: int) -> Path:
    """An experiments file with one notebook many times, and the smallest templates."""
    (folder / "templates" / "answers").mkdir(parents=True, exist_ok=True)
    write_trivial(folder / "trivial.ipynb")
    (folder / "templates" / "report.html").write_text(REPORT, encoding="utf-8")
    (folder / "templates" / "report.css").write_text("@page { size: A4 }\n", encoding="utf-8")
    (folder / "templates" / "answers" / "q01.html").write_text(ANSWER, encoding="utf-8")
    entries = [
        f'[notebooks.v-{n:03}]\nlabel = "variante {n}"\nquestions = [1]\nnotebook = "trivial.ipynb"\n'
        f"parameters = {{ n = {n} }}\n"
        for n in range(count)
    ]
    head = 'title = "Muchas"\ntemplates = "templates"\n[profiles.full]\ndraft = false\n'
    path = folder / "experiments.toml"
    path.write_text("\n".join([head, *entries, '[[handin]]\nnotebook = "v-000"\n']), encoding="utf-8")
    return path


def lines(raw: Raw) -> list[Line]:
    """Flatness and memory of ours, and seconds a variant against each tool's."""
    case = "variants"
    counts = sorted({int(s.split()[1]) for r in raw.rounds(case) for s in r if s.startswith("ours")})
    few, many = (f"ours {count}" for count in counts)
    grown = ratios(raw, case, many, few, "steady_seconds")
    steady = [1000 * value for value in raw.values(case, many, "steady_seconds")]
    peak = [max(r[few]["megabytes"], r[many]["megabytes"]) for r in raw.rounds(case)]
    small = median(raw.values(case, few, "megabytes"))
    found = [
        Line(
            f"time per variant, {counts[1]} over {counts[0]}",
            f"{FLAT}",
            spread(grown),
            median(grown) <= FLAT,
            f"from the first end to the last; {median(steady):.0f} ms a variant with {counts[1]}.",
        ),
        Line(
            "memory of the runner",
            f"{MEGABYTES} MB",
            spread(peak, 0, " MB"),
            median(peak) < MEGABYTES,
            f"largest, its own process, report included; {small:.0f} MB with {counts[0]}.",
        ),
    ]
    for tool in sorted({s for r in raw.rounds(case) for s in r if not s.startswith("ours")}):
        each = [
            (r[tool]["seconds"] / r[tool]["variants"]) / (r[many]["seconds"] / r[many]["variants"])
            for r in raw.rounds(case)
            if tool in r
        ]
        theirs = int(raw.values(case, tool, "variants")[0])
        note = f"whole time over variants; theirs measured with {theirs}, ours with {counts[1]}."
        found.append(Line(f"{tool} against ours", "", spread(each, unit="x"), None, note))
    return found
