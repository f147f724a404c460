"""The package as a wheel brings it: complete, from any folder, and with nothing of a checkout beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from runner import PROJECT_ROOT
from runner.build_folder import PROGRAM_FILE
from runner.report import program

pytestmark = pytest.mark.xdist_group("wheel")

SHIPPED = ("templates", "notebooks", "docs/recipe", "docs/example", "docs/regression", "docs/starter")
SOURCES = (
    "runner", "templates", "notebooks", "docs", "tests", ".ci",
    "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE", "constraints.txt", "tox.ini",
)  # fmt: skip
LITTER = shutil.ignore_patterns("__pycache__", ".*_cache", ".ipynb_checkpoints")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, since a build leaves things beside what it builds."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        path = PROJECT_ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=LITTER)
        else:
            shutil.copy(path, folder)
    return folder


def build(kind: str, sources: Path, target: Path) -> Path:
    """A ``wheel`` or an ``sdist``, made as pip makes them, without the network."""
    code = f"import sys; from setuptools import build_meta as b; b.build_{kind}(sys.argv[1])"
    command = [sys.executable, "-c", code, str(target)]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", sources, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Python of its own that has the wheel, and the packages of this one; nothing there can be written."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    program = folder / "bin" / "python"
    where = Path(answer(program, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    pip = [sys.executable, "-m", "pip", "--python", str(program), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    packages = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (where / "others.pth").write_text("".join(f"{path}\n" for path in packages), encoding="utf-8")
    (folder / "share").symlink_to(Path(sys.prefix) / "share")  # nbconvert keeps its templates there
    everything = [where / "runner", *(where / "runner").rglob("*")]
    for path in everything:
        path.chmod(path.stat().st_mode & ~0o222)
    yield program
    for path in everything:
        path.chmod(path.stat().st_mode | 0o200)


def environment() -> dict[str, str]:
    """That of the tests, without what leads to the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def answer(python: Path, code: str) -> str:
    command = [str(python), "-c", code]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(), cwd=python.parent
    )
    return done.stdout.strip()


def runner(python: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "runner", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment())


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_all_that_the_program_reads(sources: Path, wheel: Path) -> None:
    """Every file of the package, the templates and the notebooks: none is named here, so none is missed."""
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("runner/")}
    expected = {f"runner/{name}" for name in hashes(sources / "runner")} | {"runner/constraints.txt"}
    for folder in SHIPPED:
        expected |= {f"runner/{folder}/{name}" for name in hashes(sources / folder)}
    assert held == expected


def test_a_source_distribution_is_complete(sources: Path, wheel: Path, tmp_path: Path) -> None:
    """It has the tests and documents as well, and makes the very same wheel."""
    (tmp_path / "sdist").mkdir()
    shutil.unpack_archive(build("sdist", sources, tmp_path / "sdist"), tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    kept = {name: content for name, content in hashes(sources).items() if name.startswith(SOURCES)}
    assert kept.items() <= hashes(unpacked).items()
    (tmp_path / "wheel").mkdir()
    again = build("wheel", unpacked, tmp_path / "wheel")
    with ZipFile(wheel) as first, ZipFile(again) as second:
        assert {n: first.read(n) for n in first.namelist() if not n.endswith("RECORD")} == {
            n: second.read(n) for n in second.namelist() if not n.endswith("RECORD")
        }


def test_the_wheel_that_a_report_brings_is_this_one(wheel: Path, tmp_path: Path) -> None:
    """Made without a build, with the same files; pip is told the same by it, but for what tests need."""
    (tmp_path / "attached.whl").write_bytes(program.wheel())
    with ZipFile(wheel) as built, ZipFile(tmp_path / "attached.whl") as attached:
        assert attached.testzip() is None
        files = [name for name in built.namelist() if name.startswith("runner/")]
        own = {name for name in attached.namelist() if not name.startswith(program.INFO)}
        assert own == set(files)
        assert all(attached.read(name) == built.read(name) for name in files)
        assert told(attached) == told(built)


def told(wheel: ZipFile) -> dict[str, object]:
    """What pip heeds: versions and libraries, without those of the extras, and entry points."""
    data = message_from_bytes(wheel.read(f"{program.INFO}/METADATA"))
    needed = map(Requirement, data.get_all("Requires-Dist", []))
    entries = ConfigParser()
    entries.read_string(wheel.read(f"{program.INFO}/entry_points.txt").decode())
    return {
        "name": data["Name"],
        "version": data["Version"],
        "python": SpecifierSet(data["Requires-Python"]),
        "libraries": {str(each) for each in needed if "extra" not in str(each.marker)},
        "entries": {section: dict(entries[section]) for section in entries.sections()},
        "tags": [line for line in wheel.read(f"{program.INFO}/WHEEL").decode().splitlines() if "Tag" in line],
    }


def test_notebook_and_readme_name_the_wheel() -> None:
    for path in (PROJECT_ROOT / "notebooks" / "base_model.ipynb", PROJECT_ROOT / "README.md"):
        assert PROGRAM_FILE in path.read_text(encoding="utf-8")


def test_a_build_leaves_the_build_folder_alone(sources: Path, wheel: Path) -> None:
    """``build/`` is where the program writes, and where setuptools would write too."""
    assert not (sources / "build").exists()


def test_the_example_runs_in_an_empty_folder(python: Path, tmp_path: Path) -> None:
    """With the copy of it that the wheel brings; nothing is written where the package is."""
    assert not answer(python, "import runner.execute.task as e; print(e.import_path())")
    package = Path(answer(python, "import runner; print(runner.__path__[0])"))
    assert package.is_relative_to(python.parent.parent)
    before = hashes(package)

    shutil.copytree(package / "docs" / "example", tmp_path / "practice", copy_function=shutil.copyfile)
    (tmp_path / "practice").chmod(0o755)
    plan = str(Path("practice") / "experiments.toml")
    done = runner(python, tmp_path, "all", "--plan", plan)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "report.pdf").is_file()
    done = runner(python, tmp_path, "verify", "--plan", plan)
    assert done.returncode == 0, done.stdout + done.stderr
    assert hashes(package) == before


def test_the_practice_itself_is_there(python: Path, tmp_path: Path) -> None:
    """From an empty folder: the plan with all its variants, the recipe's, and a doctor content with it."""
    assert runner(python, tmp_path, "--help").returncode == 0
    planned = runner(python, tmp_path, "plan")
    assert planned.returncode == 0 and "baseline" in planned.stdout, planned.stderr
    recipe = answer(python, "import runner; print(runner.shipped('notebooks') / 'recipe.toml')")
    assert runner(python, tmp_path, "plan", "--plan", recipe).returncode == 0
    found = runner(python, tmp_path, "doctor")
    told = {line.split()[1]: line for line in found.stdout.splitlines() if line.startswith(("ok", "MEND"))}
    for name in ("packages", "versions", "fonts", "kernel", "experiments", "templates"):
        assert told[name].startswith("ok"), found.stdout
    assert str(python.parent.parent) in told["templates"]
    assert not list(tmp_path.iterdir())


def test_a_checkout_is_read_where_it_is_edited() -> None:
    """Not from a copy within the package: what is changed in templates/ is seen at once."""
    from runner.plan.variants import DEFAULT_PLAN, TEMPLATES

    assert TEMPLATES == PROJECT_ROOT / "templates"
    assert DEFAULT_PLAN == PROJECT_ROOT / "notebooks" / "experiments.toml"
