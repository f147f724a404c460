"""The other tools, driving the same notebooks: papermill in a loop, ploomber, Snakemake.

Each works in a folder of its own with a file of jobs: a notebook and its parameters by name. Their kernels
are this environment's, with nothing set that ours would set.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import run
from tests.benchmarks.raw import Measurement
from tests.benchmarks.workers import CORES

KERNEL = "bench"
LOOP = "papermill"
TOOLS = ("ploomber", "snakemake")


@dataclass(frozen=True)
class Jobs:
    """A notebook to be run with each of these parameters, in ``folder``; ``html`` asks for a page of each."""

    folder: Path
    notebook: Path
    parameters: Mapping[str, Mapping[str, Any]]
    html: bool = True


def available(tools: Path | None) -> tuple[str, ...]:
    """Those of the tools that are installed."""
    return tuple(name for name in TOOLS if program(tools, name) is not None)


def program(tools: Path | None, name: str) -> str | None:
    """Where a tool's program is."""
    return shutil.which(name, path=str(tools)) if tools else shutil.which(name)


def prepare(jobs: Jobs) -> None:
    """Write what every tool needs into the folder, which is emptied."""
    shutil.rmtree(jobs.folder, ignore_errors=True)
    (jobs.folder / "out").mkdir(parents=True)
    shutil.copy(jobs.notebook, jobs.folder / "plain.ipynb")
    for name, parameters in jobs.parameters.items():
        write(jobs.folder / "parameters" / f"{name}.json", parameters)
    write(jobs.folder / "share" / "kernels" / KERNEL / "kernel.json", kernelspec())
    write_snakefile(jobs)
    write_pipeline(jobs)


def kernelspec() -> dict[str, Any]:
    """The ordinary kernel of this environment, under a name that means the same to every tool."""
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {"argv": argv, "display_name": KERNEL, "language": "python"}


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def build(tool: str, jobs: Jobs, tools: Path | None, log: Path) -> Measurement:
    """Have a tool make everything that is not up to date."""
    words: dict[str, Sequence[str | Path]] = {
        LOOP: [sys.executable, "-m", "tests.benchmarks.plain_loop", jobs.folder, *(["--html"] * jobs.html)],
        "snakemake": [program(tools, "snakemake") or "", "--cores", str(CORES), "--quiet", "all"],
        "ploomber": [program(tools, "ploomber") or "", "build"],
    }
    cwd = {} if tool == LOOP else {"cwd": jobs.folder}
    env = {"JUPYTER_PATH": str(jobs.folder / "share"), "PLOOMBER_STATS_ENABLED": "false"}
    return run(words[tool], log, env=env, **cwd)


def write_snakefile(jobs: Jobs) -> None:
    """A rule for the notebooks and, if wanted, one for their pages."""
    last = "html" if jobs.html else "ipynb"
    execute = f"{sys.executable} -m papermill --no-progress-bar -k {KERNEL} -f {{input.parameters}}"
    text = f"""NAMES = {list(jobs.parameters)!r}
rule all:
    input: expand("out/{{name}}.{last}", name=NAMES)
rule notebook:
    input: notebook="plain.ipynb", parameters="parameters/{{name}}.json"
    output: "out/{{name}}.ipynb"
    shell: "{execute} {{input.notebook}} {{output}}"
rule page:
    input: "out/{{name}}.ipynb"
    output: "out/{{name}}.html"
    shell: "{sys.executable} -m nbconvert --to html {{input}}"
"""
    (jobs.folder / "Snakefile").write_text(text, encoding="utf-8")


def write_pipeline(jobs: Jobs) -> None:
    """Ploomber's tasks, which it runs ``CORES`` at once; it makes the pages itself."""
    last = "html" if jobs.html else "ipynb"
    tasks = [
        {
            "name": name,
            "source": "plain.ipynb",
            "product": {"nb": f"out/{name}.{last}"},
            "params": dict(parameters),
            "papermill_params": {"kernel_name": KERNEL},
            "static_analysis": "disable",
        }
        for name, parameters in jobs.parameters.items()
    ]
    executor = {"dotted_path": "ploomber.executors.Parallel", "processes": CORES}
    meta = {"extract_upstream": False}
    write(jobs.folder / "pipeline.yaml", {"meta": meta, "executor": executor, "tasks": tasks})
