"""constraints.txt is what the tests ran with, leaves nothing open, and is what README installs by."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runner import PROJECT_ROOT
from runner.commands import doctor
from runner.commands.request import Request
from runner.packages import Difference, constraints, differences, tried

LINE = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [a-z_]+ [!<=>]+ '[^']+'( and [a-z_]+ [!<=>]+ '[^']+')*)?")
PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_line_is_one_exact_version_and_no_address() -> None:
    lines = (PROJECT_ROOT / "constraints.txt").read_text("utf-8").splitlines()
    odd = [line for line in lines if not line.startswith("#") and not LINE.fullmatch(line)]
    assert not odd
    assert not [line for line in lines if "://" in line or "@" in line]


def test_the_tests_run_with_these_versions() -> None:
    assert not differences(), "install with -c constraints.txt, or renew it: tox -e constraints"


def reachable(name: str, extras: frozenset[str]) -> set[str]:
    """Names of all that an installed package asks for here, itself and through others."""
    found: set[str] = set()
    waiting = [(canonicalize_name(name), extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        found.add(each[0])
        for line in requires(each[0]) or ():
            needed = Requirement(line)
            asked = [{"extra": extra} for extra in each[1] or {""}]
            if needed.marker is None or any(needed.marker.evaluate(extra) for extra in asked):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    return found - {canonicalize_name(name)}


def test_nothing_that_is_needed_is_left_open() -> None:
    """Neither for use, nor for a cluster, nor for the tests."""
    needed = reachable("practica-runner", frozenset(PROJECT["project"]["optional-dependencies"]))
    assert {"tensorflow", "h5py", "distributed", "pytest", "execnet"} <= needed
    assert not needed - tried().keys()


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_python_has_a_version_of_what_is_asked_for(python: str) -> None:
    """It is one that pyproject.toml allows, and there is no other."""
    here = {"python_version": python, "python_full_version": f"{python}.2", "extra": ""}
    fixed: dict[str, list[str]] = {}
    for each in constraints():
        if each.marker is None or each.marker.evaluate(here):
            fixed.setdefault(each.name, []).append(next(iter(each.specifier)).version)
    assert all(len(versions) == 1 for versions in fixed.values())
    extras = PROJECT["project"]["optional-dependencies"].values()
    several = [PROJECT["project"]["dependencies"], *extras, *PROJECT["dependency-groups"].values()]
    for line in (line for each in several for line in each):
        needed = Requirement(line)
        if needed.name != PROJECT["project"]["name"]:
            assert needed.specifier.contains(fixed[canonicalize_name(needed.name)][0]), line


def test_the_package_is_built_by_the_version_that_is_named() -> None:
    """What pip installs to build with is not constrained by -c, so pyproject.toml has to be exact."""
    assert PROJECT["build-system"]["requires"] == [f"setuptools=={tried()['setuptools']}"]


def test_readme_and_tox_install_by_it() -> None:
    commands = re.findall(
        r"^    (python3 -m venv .*)$", (PROJECT_ROOT / "README.md").read_text("utf-8"), re.M
    )
    assert len(commands) == 2
    for command in [*commands, (PROJECT_ROOT / ".ci" / "run").read_text("utf-8")]:
        assert "pip install -c constraints.txt " in command
    assert "\nconstraints = constraints.txt\n" in (PROJECT_ROOT / "tox.ini").read_text("utf-8")


def test_what_is_installed_otherwise_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what is the same, is not installed, or is meant for another system."""
    other = tmp_path / "constraints.txt"
    other.write_text(
        "# a comment\n"
        f"numpy=={version('numpy')}\n"
        "Keras==0.1.2\n"
        "not-installed-anywhere==1.0\n"
        "scipy==0.1 ; sys_platform == 'another'\n",
        encoding="utf-8",
    )
    found = Difference("keras", version("keras"), "0.1.2")
    assert differences(other) == [found]

    monkeypatch.setattr(doctor, "CONSTRAINTS", other)
    finding = doctor.check_versions(Request(build_dir=tmp_path))
    assert f"keras {version('keras')} (0.1.2)" in finding.text and f"-c {other} keras" in finding.text
    assert not finding.mend
