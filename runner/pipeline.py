"""The commands' stages: plan, data, execution, report. What the command line calls."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from filelock import FileLock, Timeout

from runner import PROJECT_ROOT
from runner.errors import InputError, RunnerError
from runner.plan import DEFAULT_PLAN, Plan, Variant, make_plan, with_author
from runner.results import read_result, write_json

TEMPLATES = PROJECT_ROOT / "templates"
MADE = (
    "report.pdf", "practica5.ipynb", "run.json", "kernels.log", "results", "notebooks", "figures", "work",
)  # fmt: skip
RUN_FILE = "run.json"


@dataclass(frozen=True)
class Request:
    """What the user asked for. ``profile`` None: that of the build folder, else full."""

    build_dir: Path = Path("build")
    plan_path: Path = DEFAULT_PLAN
    profile: str | None = None
    names: tuple[str, ...] = ()
    course: str = ""
    group: str = ""
    date: str = ""
    source: str | None = None
    jobs: int | None = None
    force: bool = False
    scheduler: str | None = None


def say(text: str) -> None:
    """News for the user, on standard error."""
    print(text, file=sys.stderr, flush=True)


def load_plan(request: Request) -> Plan:
    """The plan of the request; raises InputError for a bad experiments file.

    Profile and author not given are those of the last run in the build folder.
    """
    noted = read_note(request.build_dir)
    profile = request.profile or str(noted.get("profile", "full"))
    plan = make_plan(request.plan_path.resolve(), profile)
    given = {
        "names": request.names,
        "course": request.course,
        "group": request.group,
        "date": request.date,
    }
    written = asdict(plan.author)
    before = noted.get("author") or {}
    author = {key: value or written[key] or before.get(key) for key, value in given.items()}
    return with_author(plan, **author | {"names": tuple(author["names"] or ())})


def read_note(build_dir: Path) -> dict[str, Any]:
    """What the last run in the build folder was told; empty if there was none."""
    try:
        noted = json.loads((build_dir / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def remember(plan: Plan, build_dir: Path) -> None:
    """Keep profile and author for the commands to come; unchanged, the file stays as it is."""
    note = json.loads(json.dumps({"profile": plan.profile, "author": asdict(plan.author)}))
    if note != read_note(build_dir):
        write_json(build_dir / RUN_FILE, note)


def run_everything(request: Request, only: Sequence[str] = ()) -> int:
    """Run what is not up to date (or ``only`` these), then write notebook and report.

    Returns 0, or 1 if a variant failed.
    """
    from runner.report_pdf import load_weasyprint
    from runner.state import Workspace

    plan = load_plan(request)
    for name in only:
        plan.get(name)
    load_weasyprint()  # before an hour of training, not after it
    build_dir = request.build_dir.resolve()
    with locked(build_dir):
        refuse_other_profile(plan, build_dir, request.force)
        remember(plan, build_dir)
        workspace = Workspace(plan, build_dir)
        todo = select(workspace, request, only)
        failed: dict[str, str] = {}
        if todo:
            failed = run_variants(workspace, todo, request)
        else:
            say("every variant is up to date")
        make_outputs(plan, build_dir, fresh=bool(todo))
    for name, reason in failed.items():
        say(f"failed: {name}: {reason}")
    return 1 if failed else 0


def run_variants(workspace: Any, todo: Sequence[Variant], request: Request) -> dict[str, str]:
    """Run them on this machine or, with a scheduler, on its cluster; those that failed, with reasons."""
    from runner.progress import make_display
    from runner.schedule import Schedule, default_limits

    if request.scheduler is None:
        obtain_data(todo, request.source)
        limits = default_limits(request.jobs)
        say(f"{len(todo)} variants to run, {min(limits.jobs, len(todo))} side by side")
        with make_display() as display:
            return Schedule(workspace, todo, limits, display).run()

    from runner.cluster import ClusterExecutor, connect

    client = connect(request.scheduler)
    cluster = ClusterExecutor(client, workspace.plan, say, request.jobs, request.source)
    say(f"{len(todo)} variants to run, {min(cluster.jobs, len(todo))} side by side on {request.scheduler}")
    with make_display() as display:
        cluster.say = display.say
        return Schedule(workspace, todo, cluster, display, lambda: cluster).run()


def select(workspace: Any, request: Request, only: Sequence[str]) -> list[Variant]:
    """The variants to run; raises InputError when one of ``only`` lacks what it needs."""
    states = workspace.states()
    if not only:
        return [s.variant for s in states if request.force or s.status != "done"]
    chosen = [s.variant for s in states if s.variant.name in only]
    for variant in chosen:
        lacking = [n for n in variant.needs if n not in workspace.finished and n not in only]
        if lacking:
            hint = f"python -m runner run {' '.join(lacking)} {variant.name}"
            raise InputError(f"'{variant.name}' needs {', '.join(lacking)}", hint=hint)
    return chosen


def refuse_other_profile(plan: Plan, build_dir: Path, force: bool) -> None:
    """Raise InputError rather than overwrite the results of another profile."""
    if force:
        return
    for variant in plan.variants:
        try:
            profile = read_result(build_dir / "results" / variant.name).result.profile
        except RunnerError:
            continue
        if profile != plan.profile:
            raise InputError(
                f"the build folder holds results of profile '{profile}', not '{plan.profile}'",
                where=str(build_dir),
                hint=f"use another folder (--build-dir build-{plan.profile}), or --force to overwrite them",
            )


def obtain_data(variants: Sequence[Variant], source: str | None) -> None:
    """Have every data set of the variants at hand before anything starts."""
    from runner import sources

    names = {str(v.parameters["dataset"]) for v in variants if "dataset" in v.parameters}
    for name in sorted(names):
        sources.ensure(name, source, say)


def make_outputs(plan: Plan, build_dir: Path, fresh: bool) -> None:
    """Write the notebook to hand in and the report, unless both are newer than all they show."""
    made = [build_dir / "report.pdf", build_dir / "practica5.ipynb"]
    if not fresh and all(path.exists() for path in made):
        oldest = min(path.stat().st_mtime for path in made)
        if newest(plan, build_dir) < oldest:
            say(f"{made[0]} is up to date")
            return
    render(plan, build_dir)


def newest(plan: Plan, build_dir: Path) -> float:
    """Time of the last change to anything that the report shows."""
    paths = [plan.path, build_dir / RUN_FILE, *(build_dir / "results").glob("*/*.json")]
    paths += (p for p in TEMPLATES.rglob("*") if p.is_file())
    paths += (PROJECT_ROOT / "runner").glob("*.py")
    return max(p.stat().st_mtime for p in paths)


def render(plan: Plan, build_dir: Path) -> None:
    """Load what is there and write notebook and report."""
    from runner import report
    from runner.handin import write_handin
    from runner.loading import load_study

    start = perf_counter()
    study = load_study(plan, build_dir)
    handin = write_handin(study, plan.handin, build_dir, build_dir / "practica5.ipynb")
    pdf = report.render(study, plan, build_dir, TEMPLATES)
    say(f"wrote {pdf} and {handin} in {perf_counter() - start:.1f} s")


def render_only(request: Request) -> int:
    """The ``report`` command."""
    from runner.report_pdf import load_weasyprint

    plan = load_plan(request)
    load_weasyprint()
    if not request.build_dir.is_dir():
        raise InputError("no such folder", where=str(request.build_dir), hint="run 'all' first")
    build_dir = request.build_dir.resolve()
    with locked(build_dir):
        remember(plan, build_dir)
        render(plan, build_dir)
    return 0


@contextmanager
def locked(build_dir: Path) -> Iterator[None]:
    """Hold the build folder; raises InputError if another run does.

    The system frees the lock of a process that died.
    """
    build_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(build_dir / ".lock", timeout=0):
            yield
    except Timeout:
        raise InputError(
            "another run is using this build folder",
            where=str(build_dir),
            hint="wait for it to end, or give another --build-dir",
        ) from None


def clean_build(request: Request, yes: bool) -> int:
    """Remove what the runner made in the build folder, and the folder if nothing else is in it."""
    import click

    build_dir = request.build_dir
    there = [build_dir / name for name in MADE if (build_dir / name).exists()]
    if not there:
        say(f"nothing to remove in {build_dir}")
        return 0
    if not yes:
        click.confirm(f"Remove {', '.join(p.name for p in there)} from {build_dir}?", abort=True)
    with locked(build_dir):
        for path in there:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (build_dir / ".lock").unlink(missing_ok=True)
    if not any(build_dir.iterdir()):
        build_dir.rmdir()
    return 0
