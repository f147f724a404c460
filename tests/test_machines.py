"""The bare machines type what README says, and their own README says what they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from tests.machines import cases, readme
from tests.machines.__main__ import Row, faults, table, write_results
from tests.machines.cases import SYSTEMS, Step, installing, machines
from tests.machines.roots import CHECKOUT, Done

FOLDER = PROJECT_ROOT / "tests" / "machines"
CELLS = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)


def test_the_commands_are_those_of_readme() -> None:
    text = (PROJECT_ROOT / "README.md").read_text("utf-8")
    typed = [
        readme.first_command(),
        readme.install_line(),
        readme.report_command(),
        *readme.example_commands(),
    ]
    assert all(typed) and all(command in text for command in typed)
    line = readme.install_line()
    assert "python3-venv" in line and "apt-get update" in line and "\n" not in line
    assert installing("line") == line
    assert installing("more") == f"{line} libharfbuzz-subset0"
    assert installing("python").endswith("apt-get install python3-venv")


def test_a_package_that_readme_does_not_name_is_not_left_out_in_silence() -> None:
    with pytest.raises(AssertionError, match="libnothing"):
        readme.without(readme.install_line(), "libnothing")


def test_each_machine_is_described_with_what_is_expected_of_it() -> None:
    described = {
        name: expected for name, _, expected in CELLS.findall((FOLDER / "README.md").read_text("utf-8"))
    }
    assert {machine.name: machine.expected for machine in machines()}.items() <= described.items()
    assert set(described) - {machine.name for machine in machines()} <= {"machine", "---"}


def test_the_last_table_is_of_these_machines_and_all_is_as_expected() -> None:
    rows = (FOLDER / "RESULTS.md").read_text("utf-8").splitlines()[6:]
    tried = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    known = {(machine.name, system, machine.expected) for machine in machines() for system in SYSTEMS}
    assert tried and {row[:3] for row in tried} <= known
    assert {row[3] for row in tried} == {"as expected"}


def test_an_end_that_was_not_expected_is_a_fault(tmp_path: Path) -> None:
    """Each kind: code, missing words, words said twice, a traceback, a training in spite of the refusal."""
    step = Step("x", code=1, says=("apt-get",), once=("subset",), refused=True)
    assert not list(faults(step, Done(1, "no Subset\nrun: apt-get install", 1.0), tmp_path))
    (tmp_path / CHECKOUT.lstrip("/") / "build" / "results").mkdir(parents=True)
    wrong = Done(0, "Traceback\nsubset\nSubset again", 1.0)
    told = " ".join(faults(step, wrong, tmp_path))
    for text in ("exit 0, not 1", "does not say: apt-get", "2 times: subset", "a traceback", "trained"):
        assert text in told


def test_a_new_row_takes_the_place_of_the_old_one_and_others_stay(tmp_path: Path) -> None:
    first, second, *_ = machines()
    path = tmp_path / "RESULTS.md"
    write_results([Row(second, "Debian 12", "exit 9", 5.0), Row(first, "Debian 12", "", 1.0)], path)
    write_results([Row(second, "Debian 12", "", 7.0)], path)
    lines = path.read_text("utf-8").splitlines()
    assert lines[-2:] == [str(Row(first, "Debian 12", "", 1.0)), str(Row(second, "Debian 12", "", 7.0))]
    assert "exit 9" not in path.read_text("utf-8")


def test_the_table_says_what_went_otherwise() -> None:
    machine = machines()[0]
    rows = [Row(machine, "Debian 12", "", 1.4), Row(machine, "Debian 13", "exit 1, not 127", 2.0)]
    text = table(rows)
    assert "| as expected | 1 |" in text and "| exit 1, not 127 | 2 |" in text
    assert cases.SHARED in {each.folder for each in machines()}
