"""Checks what the program needs of this machine, and says what mends what is missing.

No code of the practice (notebooks, ``figures.py``) is run.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from runner import PROJECT_ROOT
from runner.commands.request import Request, open_plan
from runner.errors import RunnerError, from_system
from runner.packages import CONSTRAINTS, differences
from runner.plan.practice import data_sets_of, practice_of
from runner.plan.variants import TEMPLATES, Plan
from runner.report.printing.notices import NO_SUBSET, without_subset

PACKAGES = (
    "tensorflow", "keras", "numpy", "matplotlib", "scikit-learn", "jinja2", "weasyprint",
    "papermill", "ipykernel",
)  # fmt: skip
GIB = 2**30
NEEDED_BYTES = 2 * GIB


@dataclass(frozen=True)
class Finding:
    """One check: ``mend`` is empty when all is well."""

    name: str
    text: str
    mend: str = ""


def diagnose(request: Request) -> int:
    """Print every check; 0 if nothing needs mending, else 1."""
    checks: tuple[Callable[[Request], Finding], ...] = (
        check_python, check_packages, check_versions, check_libraries, check_fonts, check_kernel, check_data,
        check_disk, check_limits, check_gpu, check_plan, check_characters, check_templates, check_settings,
        check_page, check_notebook,
    )  # fmt: skip
    findings = [check(request) for check in checks]
    named: dict[str, str] = {}
    for finding in findings:
        if finding.mend and finding.text in named:
            print(f"      {finding.name:<17} see {named[finding.text]}")
            continue
        named[finding.text] = finding.name
        print(f"{'ok   ' if not finding.mend else 'MEND '} {finding.name:<17} {finding.text}")
        if finding.mend:
            print(f"      {'':<17} -> {finding.mend}")
    return 1 if any(finding.mend for finding in findings) else 0


def is_checkout() -> bool:
    """Whether this is the sources themselves, not a copy that was installed from a wheel."""
    return (PROJECT_ROOT / "pyproject.toml").is_file()


def install_again() -> str:
    """The command that brings what is missing of the program and the packages that it needs."""
    pip = f"{sys.executable} -m pip install"
    if is_checkout():
        return f"{pip} -c {PROJECT_ROOT / 'constraints.txt'} -e {PROJECT_ROOT}"
    return f"{pip} --force-reinstall WHEEL, the one that this was installed from"


def check_python(_: Request) -> Finding:
    """Python new enough, in a virtual environment or not."""
    found = ".".join(map(str, sys.version_info[:3]))
    mend = "" if (3, 11) <= sys.version_info < (3, 14) else "install Python 3.11, 3.12 or 3.13"
    return Finding("python", f"{found} at {sys.executable}", mend)


def check_packages(_: Request) -> Finding:
    """The packages are installed."""
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    mend = install_again() if missing else ""
    return Finding("packages", f"missing: {', '.join(missing)}" if missing else ", ".join(found), mend)


def check_versions(_: Request) -> Finding:
    """What is installed in another version than the tests ran with; that may be meant, so it is only told."""
    try:
        found = differences(CONSTRAINTS)
    except OSError as error:
        return Finding("versions", f"not known which were tried: {error}", install_again())
    if not found:
        return Finding("versions", "as the tests ran with")
    again = f"{sys.executable} -m pip install -c {CONSTRAINTS} {' '.join(each.name for each in found)}"
    listed = ", ".join(map(str, found))
    return Finding("versions", f"other than those tried (in brackets): {listed}; these again: {again}")


def check_libraries(_: Request) -> Finding:
    """Pango and friends, which WeasyPrint loads."""
    from runner.report.printing.pdf import load_weasyprint

    try:
        load_weasyprint()
    except RunnerError as error:
        return Finding("native libraries", error.what, error.hint or "see README")
    absent = f"; {NO_SUBSET.told}" if without_subset() else ""
    return Finding("native libraries", f"Pango and HarfBuzz load{absent}")


def check_templates(request: Request) -> Finding:
    """The folder of the practice's templates, and the figures that it brings."""
    from runner.figures.own import check_code
    from runner.plan.variants import templates_of
    from runner.report.html import check_templates

    try:
        folder = templates_of(request.plan_path)
        check_templates(folder)
        own = check_code(folder)
    except RunnerError as error:
        return Finding(
            "templates", error.what, f"edit {error.where}" + (f": {error.hint}" if error.hint else "")
        )
    brought = (
        ""
        if own is None
        else f"; figures.py, which is not run here, brings {own or 'some'} figures of its own"
    )
    return Finding("templates", f"{len(list(folder.rglob('*.html')))} templates in {folder}{brought}")


def check_fonts(_: Request) -> Finding:
    """The report's own fonts are beside the templates."""
    folder = TEMPLATES / "fonts"
    fonts = [p for p in folder.rglob("*") if p.suffix in {".otf", ".ttf"}]
    again = f"git checkout {folder}" if is_checkout() else install_again()
    return Finding("fonts", f"{len(fonts)} files in {folder}", "" if fonts else again)


def check_kernel(_: Request) -> Finding:
    """Notebooks run in this Python, whatever kernels are installed: only their library may be missing."""
    with suppress(PackageNotFoundError):
        return Finding("kernel", f"ipykernel {version('ipykernel')} in {sys.executable}")
    return Finding("kernel", "ipykernel is missing", f"{sys.executable} -m pip install ipykernel")


def check_settings(_: Request) -> Finding:
    """What is set in this account and, since it would change results, not heeded."""
    from runner.processes.isolation import set_aside

    return Finding("settings", f"set, and not heeded: {', '.join(set_aside()) or 'none'}")


def check_data(request: Request) -> Finding:
    """The data sets are at hand, or can be had; or nothing asks for any."""
    with suppress(RunnerError):  # a plan that can't be read is told of by its own check
        plan = open_plan(request)
        practice = practice_of(plan.practice)
        names = {name for v in plan.variants for name in data_sets_of(plan.practice, v.parameters)}
        if practice is None or not names:
            return Finding("data", "no entry of the plan reads a data set that its practice knows")
        return Finding("data", *practice.look_for(names, request.source))
    return Finding("data", "not known, as the plan can't be read")


def check_limits(_: Request) -> Finding:
    """What machine, container and ``ulimit`` leave; a run is tried with little, too, so it is only told."""
    from runner.machine.capacity import default_limits, warnings

    limits = default_limits(None)
    free = (limits.memory or 0) / GIB
    found = f"{limits.cores} cores, {free:.1f} GiB of memory free: {limits.jobs} variants side by side"
    return Finding("limits", "; ".join((found, *warnings(limits))))


def check_gpu(_: Request) -> Finding:
    """Whether a GPU that is there is used; the processor does, more slowly."""
    from runner.machine.gpus import unusable_gpu, visible_gpus

    return Finding("gpu", unusable_gpu() or f"{len(visible_gpus()) or 'none'} that TensorFlow can use")


def check_disk(request: Request) -> Finding:
    """Room for results and data."""
    folder = request.build_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    mend = "" if free >= NEEDED_BYTES else f"free {NEEDED_BYTES // GIB} GiB, or give --build-dir"
    return Finding("disk", f"{free / GIB:.1f} GiB free at {folder}", mend)


def check_plan(request: Request) -> Finding:
    """The experiments file can be read."""
    try:
        plan = open_plan(request)
    except RunnerError as error:
        faulty = (error.where or "").partition(": ")[0] or request.plan_path
        return Finding("experiments", str(error).replace("\n", " "), f"edit {faulty}")
    return Finding("experiments", f"{len(plan.variants)} entries in {request.plan_path.name}")


def check_characters(request: Request) -> Finding:
    """The report can print what the experiments file and earlier options say."""
    from runner.report.characters import refuse_unprintable

    try:
        refuse_unprintable(open_plan(request))
    except RunnerError as error:
        return Finding("characters", f"{error.where} {error.what}", error.hint or "")
    return Finding("characters", "the report's fonts have all those of title, names and labels")


def check_page(request: Request) -> Finding:
    """A page is printed as the report is; the practice's own figures.py is not run for it."""
    from runner.commands.rehearsal import rehearse_page

    def tried(plan: Plan, folder: Path) -> None:
        rehearse_page(plan, folder, again=True, own_code=False)

    return _tried(
        "page", request, tried, "printed with each typeface and sort of figure: PDF/A-3a and PDF/UA-1"
    )


def check_notebook(request: Request) -> Finding:
    """A notebook is run as variants are."""
    from runner.commands.rehearsal import LOG, rehearse_notebook
    from runner.processes.pool import closing, make_executor

    def tried(plan: Plan, folder: Path) -> None:
        executor = make_executor(1, folder / LOG)
        with closing(executor):
            rehearse_notebook(plan, folder, executor, 1, folder / LOG, again=True)

    return _tried("notebook", request, tried, "a kernel started, ran a cell, and its result was published")


def _tried(name: str, request: Request, tried: Callable[[Plan, Path], None], right: str) -> Finding:
    """How a trial went, where a run would take place; nothing stays of it."""
    from runner.commands.rehearsal import trial_folder
    from runner.report.characters import unprintable

    try:
        plan = open_plan(request)
    except RunnerError:
        return Finding(name, "not tried: see experiments")
    if unprintable(plan):
        return Finding(name, "not tried: see characters")
    try:
        with trial_folder(request.build_dir) as folder:
            if folder is None:
                return Finding(name, "not tried: a run is using the build folder")
            tried(plan, folder)
    except (RunnerError, OSError) as error:
        told = from_system(error) if isinstance(error, OSError) else error
        where = f"{told.where}: " if told.where else ""
        return Finding(name, f"{where}{told.what}", told.hint or "see README, Troubleshooting")
    return Finding(name, right)
