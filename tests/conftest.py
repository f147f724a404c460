"""What every test starts from."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from runner import PROJECT_ROOT
from runner.analysis.loading import load_study
from runner.machine.capacity import BYTES_PER_KERNEL, free_memory, usable_cores
from runner.plan.records import Author
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, make_plan
from runner.processes.isolation import is_setting
from runner.report.render import render
from runner.results.study import Study
from tests.parcels import LABEL, SCRIPT, make_build
from tests.program import Command, run_program
from tests.tiny_plan import notebook, run, variant, write_plan

# A background shell hands down an ignored SIGINT, nohup a SIGHUP; programs that tests end must hear them.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGHUP", "SIGTERM", "SIGQUIT"):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

# What Python heeds at its start, which tox sets too: the program would start again without, in each test.
for name in [name for name in os.environ if name.startswith("PYTHON") and is_setting(name)]:
    del os.environ[name]

# The same examples each time, however long a slow machine takes for one.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores, for tests often wait; each may need two kernels' memory."""
    return max(1, min(3 * usable_cores() // 2, free_memory() // (2 * BYTES_PER_KERNEL)))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    here, user = tmp_path.stat().st_dev, os.getuid() if hasattr(os, "getuid") else 0
    for place in map(Path, ("/dev/shm", f"/run/user/{user}", Path.cwd(), Path.home(), "/var/tmp")):
        if place.is_dir() and place.stat().st_dev != here and os.access(place, os.W_OK):
            folder = Path(tempfile.mkdtemp(dir=place))
            yield folder
            shutil.rmtree(folder)
            return
    pytest.skip("this machine has one file system only")


@pytest.fixture
def mount() -> Iterator[Callable[[Path], Path]]:
    """Makes a folder another file system."""
    mounted: list[Path] = []

    def make(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        program = shutil.which("mount")
        command = [program or "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
        if program is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here (that needs root)")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def runner() -> Command:
    """The program."""
    return run_program


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished smoke run, in a folder whose name has a space and an accent."""
    folder = tmp_path_factory.mktemp("práctica 5") / "build"
    done = run_program("all", "--profile", "smoke", "--build-dir", str(folder), "--name", "Ana <b>Ñúñez</b>")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a complete study, beside a whole notebook; what is printed in it might be markup."""
    build = tmp_path_factory.mktemp("complete")
    make_build(build)
    plan = make_plan(DEFAULT_PLAN, "full")
    author = Author(("María Pérez", SCRIPT), "Un curso", "7", "24 de abril de 2026")
    render(replace(with_label(load_study(plan, build)), author=author), plan, build, TEMPLATES)
    return build


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two small trainings with one seed, finished in ``build``; to be looked at, or copied.

    Tests that use it are of the group "seeds", so that it is made once.
    """
    folder = tmp_path_factory.mktemp("trained")
    shutil.copy(PROJECT_ROOT / "notebooks" / "determinism.ipynb", folder)
    entries = (
        variant("other", 9, "batch_size = 16", group="batch"),
        notebook("determinism", 'needs = ["good"]'),
    )
    plan = write_plan(folder, *entries, train_limit=400, batch_size=32)
    done = run("all", plan, folder / "build")
    assert done.returncode == 0, done.stderr
    return folder


def with_label(study: Study) -> Study:
    """The study with data of another label."""
    first = study.get(study.baseline)
    data = first.training.data.model_copy(update={"label": LABEL})
    training = first.training.model_copy(update={"data": data})
    named = replace(first, result=first.result.model_copy(update={"training": training}))
    return replace(study, finished={**study.finished, study.baseline: named})


@pytest.fixture(scope="session")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder that ``report --locale en`` was told of; to be looked at, or copied."""
    build = tmp_path_factory.mktemp("english") / "build"
    make_build(build)
    done = run_program("report", "--build-dir", str(build), "--locale", "en")
    assert done.returncode == 0, done.stderr
    return build


@pytest.fixture
def environment() -> Iterator[None]:
    """Puts the variables back that tasks and measurements, in this process here, set for their kernels."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
